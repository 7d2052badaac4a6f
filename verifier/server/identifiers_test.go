package server_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/statuslist"
	"lommebok.example/web"
)

var itsIdentifier = []byte("twelve bytes")

// presentNamed shows an mdoc that is named on an identifier list, and gives the transaction.
func (s *service) presentNamed(t *testing.T, change ...func(*mdoc.Template)) transaction {
	t.Helper()
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	raw := s.issuer.issueMdoc(&w.key.PublicKey, append([]func(*mdoc.Template){func(m *mdoc.Template) {
		m.Status, m.Identifier = nil, &mdoc.IdentifierRef{ID: itsIdentifier, URI: s.issuer.listURL}
	}}, change...)...)
	w.send(map[string][]string{"pid_mdoc": {jose.EncodeBase64URL(w.mdocPID(raw))}})
	return b.wantState("answered")
}

// ISO/IEC 18013-5, second edition, 12.3.6: what an identifier list names is revoked, and what cannot be known is refused.
func TestIdentifierList(t *testing.T) {
	s := newService(t)
	stranger := newIssuer(t, s.now)
	other := []byte("some other")
	as := func(media, accept string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			body, _, err := s.issuer.token(listing{}, accept)
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Type", media)
			_, _ = w.Write(body)
		}
	}
	for _, c := range []struct {
		name, code string // "" for accepted
		list       listing
	}{
		{"nothing revoked", "", listing{}},
		{"another revoked", "", listing{revoked: [][]byte{other}}},
		{"revoked", "revoked", listing{revoked: [][]byte{other, itsIdentifier}}},
		{"sub of another list", "status_subject", listing{uri: "https://issuer.example/identifierlists/2"}},
		{"expired list", "status_expired", listing{expired: true}},
		{"list of a stranger", "status_signer_untrusted", listing{signer: stranger}},
		{"a status list under its media type", "status_type", listing{handler: as(statuslist.MediaTypeIdentifiers, statuslist.MediaTypeCWT)}},
		{"a status list", "status_unreachable", listing{handler: as(statuslist.MediaTypeCWT, statuslist.MediaTypeCWT)}},
		{"not there", "status_unreachable", listing{handler: http.NotFound}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.issuer.publish(c.list)
			s.add(time.Second) // until what is kept of the list before is over
			tx := s.presentNamed(t)
			switch {
			case c.code != "":
				wantRefused(t, tx, c.code)
			case !tx.Verdict.Accepted:
				t.Errorf("refused: %+v", tx.Verdict.Failed())
			}
		})
	}
}

// Who stands on a list of each kind must be valid on both; the lists have one address here, and neither is taken for the other.
func TestStatusByBothMechanisms(t *testing.T) {
	s := newService(t)
	show := func() transaction {
		t.Helper()
		b := s.browserAt(t, "skatteetaten")
		w := s.open(t, b.transaction().QR)
		raw := s.issuer.onBoth(s.issuer.issueMdoc(&w.key.PublicKey))
		w.send(map[string][]string{"pid_mdoc": {jose.EncodeBase64URL(w.mdocPID(raw))}})
		return b.wantState("answered")
	}
	for _, c := range []struct {
		name, code string
		list       listing
	}{
		{"valid on both", "", listing{}},
		{"named on the identifier list", "revoked", listing{revoked: [][]byte{itsIdentifier}}},
		{"suspended on the status list", "suspended", listing{status: statuslist.Suspended}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.issuer.publish(c.list)
			s.add(time.Second)
			tx := show()
			switch {
			case c.code != "":
				wantRefused(t, tx, c.code)
			case !tx.Verdict.Accepted:
				t.Errorf("refused: %+v", tx.Verdict.Failed())
			}
		})
	}
}

// The verdict says of when the list speaks that it was read from, also when the list is one that was kept.
func TestVerdictSaysOfWhenTheStatusIs(t *testing.T) {
	s := newService(t)
	s.issuer.publish(listing{ttl: time.Minute})
	stated := s.now().Add(-time.Minute)
	for range 2 {
		tx := s.presentNamed(t)
		told := 0
		for _, c := range tx.Verdict.Credentials[0].Checks {
			switch {
			case c.Name != "status" && !c.AsOf.IsZero():
				t.Errorf("%s is of %s", c.Name, c.AsOf)
			case c.Name == "status":
				told++
				if !c.AsOf.Equal(stated.Truncate(time.Second)) {
					t.Errorf("of %s, want %s", c.AsOf, stated)
				}
			}
		}
		if told != 1 {
			t.Errorf("%d checks of the status", told)
		}
		s.add(30 * time.Second)
	}
}

// onBoth adds the identifier list to an mdoc that is on a status list; the template of an issuer takes one alone.
func (i *issuer) onBoth(raw []byte) []byte {
	i.t.Helper()
	return i.resigned(raw, func(payload []byte) []byte {
		const one, two = "\x66status\xa1", "\x66status\xa2"
		ref := cose.AppendBytes(cose.AppendText(cose.AppendMap(cose.AppendText(nil, "identifier_list"), 2), "id"), itsIdentifier)
		ref = cose.AppendText(cose.AppendText(ref, "uri"), i.listURL)
		mso := cose.NewReader(payload).Encoded()
		return cose.AppendEncoded(nil, bytes.Replace(mso, []byte(one), append([]byte(two), ref...), 1))
	})
}

// Who shows a credential that is on hold is told so, and not that it was revoked; the table says of when that is.
func TestPageTellsOnHoldFromRevoked(t *testing.T) {
	s := newService(t)
	for status, c := range map[statuslist.Status]struct{ says, not string }{
		statuslist.Suspended: {"Beviset er sperret. Er det du som har sperret det", "Beviset er trukket tilbake, eller"},
		statuslist.Invalid:   {"Beviset er trukket tilbake, eller", "Beviset er sperret."},
	} {
		s.issuer.publish(listing{status: status})
		s.add(time.Second)
		b := s.browserAt(t, "skatteetaten")
		w := s.open(t, b.transaction().QR)
		w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
		b.wantState("answered")
		page := b.get(b.tx)
		sees(t, page, c.says, "Slik utstederen oppga det klokka "+web.Clock(s.now().Add(-time.Minute)))
		if strings.Contains(page.body, c.not) {
			t.Errorf("status %d: says %q", status, c.not)
		}
	}
}
