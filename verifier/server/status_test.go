package server_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/statuslist"
)

// A status that cannot be known refuses, in both forms of the list.
func TestStatusRefused(t *testing.T) {
	s := newService(t)
	stranger := newIssuer(t, s.now)
	text := func(status int, media, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for _, c := range []struct {
		name, code string
		index      uint64
		list       listing
	}{
		{"revoked", "revoked", 7, listing{status: statuslist.Invalid}},
		{"suspended", "suspended", 7, listing{status: statuslist.Suspended}},
		{"a status of its own", "status_unknown_value", 7, listing{status: 3}},
		{"index out of range", "status_index", 16, listing{}},
		{"sub of another list", "status_subject", 7, listing{uri: "https://issuer.example/statuslists/2"}},
		{"expired list", "status_expired", 7, listing{expired: true}},
		{"list of a stranger", "status_signer_untrusted", 7, listing{signer: stranger}},
		{"not there", "status_unreachable", 7, listing{handler: text(http.StatusNotFound, "text/plain", "no")}},
		{"redirect", "status_unreachable", 7, listing{handler: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) }}},
		{"another media type", "status_unreachable", 7, listing{handler: text(http.StatusOK, "text/html", "no")}},
		{"too large", "status_unreachable", 7, listing{handler: text(http.StatusOK, statuslist.MediaTypeJWT, string(make([]byte, 1<<20+1)))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.issuer.publish(c.list)
			s.add(time.Second) // until what is kept of the list before is over
			b := s.browserAt(t, "skatteetaten")
			w := s.open(t, b.transaction().QR)
			w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID(func(m *sdjwtvc.Template) { m.Status.Index = c.index })}})
			wantRefused(t, b.wantState("answered"), c.code)

			b.start("skatteetaten")
			w = s.open(t, b.transaction().QR)
			raw := w.mdocPID(s.issuer.issueMdoc(&w.key.PublicKey, func(m *mdoc.Template) { m.Status.Index = c.index }))
			w.send(map[string][]string{"pid_mdoc": {jose.EncodeBase64URL(raw)}})
			wantRefused(t, b.wantState("answered"), c.code)
		})
	}
}

// D13: a host that is slow holds up an answer for seconds, and what it would have said is not known.
func TestASlowStatusHost(t *testing.T) {
	s := newService(t)
	given := make(chan struct{})
	s.issuer.publish(listing{handler: func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done(): // the verifier went away
			close(given)
		case <-time.After(time.Minute):
		}
	}})
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	wantRefused(t, b.wantState("answered"), "status_unreachable")
	<-given
}

func TestStatusTokenThatIsNone(t *testing.T) {
	s := newService(t)
	s.issuer.publish(listing{handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", statuslist.MediaTypeJWT)
		_, _ = w.Write([]byte("hello"))
	}})
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	wantRefused(t, b.wantState("answered"), "status_malformed")
}

// A list is kept as long as its ttl and no longer.
func TestStatusListIsKeptForItsTTL(t *testing.T) {
	s := newService(t)
	accepted := func(want bool, fetches int) { t.Helper(); wantFetches(t, s, want, fetches) }
	s.issuer.publish(listing{ttl: time.Minute})
	accepted(true, 1)
	accepted(true, 1)
	s.issuer.publish(listing{ttl: time.Minute, status: statuslist.Invalid})
	s.add(59 * time.Second)
	accepted(true, 1)
	s.add(time.Second)
	accepted(false, 2)
	// The end of the list comes before the end of its ttl.
	s.issuer.publish(listing{ttl: 30 * 24 * time.Hour})
	s.add(time.Minute)
	accepted(true, 3)
	s.add(59 * time.Minute)
	accepted(true, 4)
}

// wantFetches presents a credential, and looks at what came of it and how often the list has been fetched by then.
func wantFetches(t *testing.T, s *service, accepted bool, fetches int) {
	t.Helper()
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	if tx := b.wantState("answered"); tx.Verdict.Accepted != accepted {
		t.Errorf("accepted %v, want %v: %+v", tx.Verdict.Accepted, accepted, tx.Verdict.Failed())
	}
	if got := s.issuer.fetches(); got != fetches {
		t.Errorf("%d fetches, want %d", got, fetches)
	}
}

func TestStatusListIsKeptNoLongerThanTheOperatorAllows(t *testing.T) {
	s := newService(t)
	s.issuer.publish(listing{ttl: time.Hour})
	s.cfg.StatusMaxAge = time.Minute
	s.start(t)
	wantFetches(t, s, true, 1)
	s.add(time.Minute)
	wantFetches(t, s, true, 2)
	s.cfg.StatusMaxAge = 0
	s.start(t)
	wantFetches(t, s, true, 3)
	s.issuer.publish(listing{ttl: time.Hour, status: statuslist.Invalid})
	wantFetches(t, s, false, 4)
}

// The address is asked only when a trusted issuer wrote it.
func TestStatusOfAStrangerIsNotFetched(t *testing.T) {
	s := newService(t)
	stranger := newIssuer(t, s.now)
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	w.send(map[string][]string{"pid_sd_jwt": {w.bind(stranger.issueSDJWT(&w.key.PublicKey), "pid_sd_jwt", binding{})}})
	wantRefused(t, b.wantState("answered"), "issuer_untrusted", "status_not_asked")
	if n := stranger.fetches(); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

// ISO/IEC 18013-5, second edition, 12.3.6: a status that is told by a mechanism which the verifier does not know is no status that holds.
func TestStatusByAnotherMechanism(t *testing.T) {
	s := newService(t)
	s.issuer.publish(listing{})
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	raw := s.issuer.resigned(s.issuer.issueMdoc(&w.key.PublicKey), func(mso []byte) []byte {
		return bytes.Replace(mso, []byte("status_list"), []byte("status_tree"), 1)
	})
	w.send(map[string][]string{"pid_mdoc": {jose.EncodeBase64URL(w.mdocPID(raw))}})
	wantRefused(t, b.wantState("answered"), "status_mechanism")
}

// resigned is an mdoc whose mobile security object was changed before it was signed.
func (i *issuer) resigned(raw []byte, change func(mso []byte) []byte) []byte {
	i.t.Helper()
	var parts struct {
		NameSpaces cose.RawMessage `cbor:"nameSpaces"`
		IssuerAuth *cose.Sign1     `cbor:"issuerAuth"`
	}
	check(i.t, cose.Unmarshal(raw, &parts))
	auth := parts.IssuerAuth
	changed := change(auth.Payload)
	if bytes.Equal(changed, auth.Payload) {
		i.t.Fatal("nothing was changed")
	}
	signed, err := cose.Sign(i.dsKey, auth.Protected, auth.Unprotected, changed, false)
	check(i.t, err)
	out, err := cose.Marshal(map[string]any{"nameSpaces": parts.NameSpaces, "issuerAuth": signed})
	check(i.t, err)
	return out
}
