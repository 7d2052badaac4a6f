package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Whoever has an address to share reads until it ends, and makes no other.
func TestSharingATransaction(t *testing.T) {
	s := recording(t, newService(t))
	p, w := s.person(t, stjerne), s.wallet(t)
	page := s.page(t, w.push(byScope("no:such")))
	p.get(page)
	p.submit(page+"/share", "life", "15m")
	p.is(http.StatusOK)
	_, after, _ := strings.Cut(p.body, `id="shared">`)
	shared, _, _ := strings.Cut(after, "<")
	shared = strings.TrimPrefix(shared, s.url)
	p.get(shared)
	p.is(http.StatusOK)
	p.sees("invalid_scope")
	if strings.Contains(p.body, "/share") {
		t.Error("it can be shared on")
	}
	p.post(shared+"/share", url.Values{"life": {"8h"}})
	p.is(http.StatusForbidden)
	p.post(page+"/share", url.Values{"life": {"9000h"}})
	p.is(http.StatusForbidden)
	p.post(page+"/share", url.Values{"life": {"1h"}}, "Sec-Fetch-Site", "cross-site")
	p.is(http.StatusForbidden)
	s.add(15 * time.Minute)
	p.get(shared)
	p.is(http.StatusNotFound)
	p.sees("transaction_over")
	p.get(page)
	p.is(http.StatusOK)
	s.add(24 * time.Hour)
	p.get(page)
	p.is(http.StatusNotFound)
	check(t, s.Sweep(t.Context()))
}

// The page follows: it is told of more as soon as there is more.
func TestThePageFollows(t *testing.T) {
	s := recording(t, newService(t))
	w := s.wallet(t)
	a := w.push(byScope("no:such"))
	page := s.page(t, a)
	if got := s.fetch(t, page); !strings.Contains(string(got.body), `data-poll="`+page+`/new?n=1"`) || !strings.Contains(string(got.body), `<noscript><meta http-equiv="refresh"`) {
		t.Errorf("%s", got.body)
	}
	if got := string(s.fetch(t, page+"/new?n=1").body); !strings.Contains(got, `"done":false`) {
		t.Error(got)
	}
	s.said(t, w.push(byScope("no:such either")))
	if got := string(s.fetch(t, page+"/new?n=1").body); !strings.Contains(got, `"done":true`) {
		t.Error(got)
	}
}

func TestOperatorSeesTransactions(t *testing.T) {
	s := recording(t, newService(t))
	w, other := s.wallet(t), s.wallet(t)
	s.said(t, w.push(byScope("no:such")))
	s.said(t, other.push(url.Values{"response_type": {"token"}}))
	p := s.person(t, stjerne)
	p.get("/operator/transactions")
	p.signInWithCode()
	p.is(http.StatusForbidden)
	o := s.staff(t, busk, "/operator/transactions")
	o.sees("invalid_scope", "unsupported_response_type", walletID)
	o.get("/operator/transactions?code=invalid_scope")
	if strings.Count(o.body, `href="/operator/transactions/`) != 1 {
		t.Errorf("%s", o.body)
	}
	_, after, _ := strings.Cut(o.body, `href="/operator/transactions/`)
	id, _, _ := strings.Cut(after, `"`)
	o.get("/operator/transactions/" + id)
	o.is(http.StatusOK)
	o.sees("invalid_scope", "no:such")
	p.get("/operator/transactions/" + id)
	p.is(http.StatusForbidden)
	p.get("/transactions/" + id)
	p.is(http.StatusNotFound)
}

// What the database holds says nothing without the key.
func TestRecordsAreSealed(t *testing.T) {
	s := recording(t, newService(t))
	s.said(t, s.wallet(t).push(byScope("no:such")))
	var rows []struct{ Sealed []byte }
	check(t, s.db.R.Raw("SELECT sealed FROM issuer_transaction_entries").Scan(&rows).Error)
	for _, r := range rows {
		if len(r.Sealed) < 100 || strings.Contains(string(r.Sealed), "scope") {
			t.Errorf("%d bytes in clear", len(r.Sealed))
		}
	}
	if len(rows) != 1 {
		t.Errorf("%d rows", len(rows))
	}
}

// Every answer that can be refused is recorded: no route of a wallet is forgotten.
func TestEveryRouteOfAWalletIsRecorded(t *testing.T) {
	s := recording(t, newService(t))
	s.provider(t)
	for _, path := range []string{"/par", "/token", "/challenge", "/nonce", "/credential", "/deferred-credential", "/notification"} {
		r, err := http.NewRequest(http.MethodPost, s.url+path, nil)
		check(t, err)
		s.page(t, do(t, r))
	}
	for _, path := range []string{"/authorize", "/offers/x", "/offers/x/credential-offer", "/credential-offers/x"} {
		s.page(t, s.fetch(t, path))
	}
}
