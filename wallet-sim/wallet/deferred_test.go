package wallet

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

// later makes the issuer answer «later» until ready, as OpenID4VCI section 9 has it; want is the access token it takes.
type later struct {
	w     *world
	ready bool
	deny  string
	token string
	keys  []*ecdsa.PublicKey
	asked int
}

func newLater(w *world) *later {
	l := &later{w: w, token: "the-token"}
	w.bendMetadata = func(m *openid4vci.IssuerMetadata) { m.DeferredCredentialEndpoint = w.server.URL + "/deferred" }
	w.handle["/credential"] = func(out http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		check(w.t, err)
		request, err := openid4vci.ParseCredentialRequest(raw)
		check(w.t, err)
		l.keys = nil
		for _, jwt := range request.Proofs.JWTs {
			proof, err := openid4vci.VerifyProof(jwt, openid4vci.ProofExpect{Audience: w.server.URL, At: w.at, ClientID: "wallet-sim"})
			check(w.t, err)
			l.keys = append(l.keys, proof.Key)
		}
		writeJSON(out, http.StatusAccepted, openid4vci.CredentialResponse{TransactionID: "order-1", Interval: 5})
	}
	w.handle["/deferred"] = l.pickUp
	return l
}

func (l *later) pickUp(out http.ResponseWriter, r *http.Request) {
	w := l.w
	if r.Header.Get("Authorization") != "DPoP "+l.token {
		writeJSON(out, http.StatusUnauthorized, oauth2.Error{Code: oauth2.InvalidToken})
		return
	}
	if !w.proven(out, r, l.token, 401) {
		return
	}
	raw, err := io.ReadAll(r.Body)
	check(w.t, err)
	request, err := openid4vci.ParseDeferredRequest(raw)
	check(w.t, err)
	if request.TransactionID != "order-1" {
		w.t.Errorf("transaction_id %q", request.TransactionID)
	}
	l.asked++
	answer := openid4vci.CredentialResponse{TransactionID: "order-1", Interval: 7}
	switch {
	case l.deny != "":
		writeJSON(out, http.StatusBadRequest, oauth2.Error{Code: l.deny})
		return
	case l.ready:
		answer = openid4vci.CredentialResponse{}
		for n, key := range l.keys {
			answer.Credentials = append(answer.Credentials, openid4vci.IssuedCredential{Credential: w.issue(n, key, openid4vci.FormatSDJWTVC)})
		}
	}
	writeJSON(out, answer.Status(), answer)
}

// ordered is what an issuance leaves pending.
func (w *world) ordered() *Pending {
	w.t.Helper()
	got, err := w.get(sdConfig)
	var l *Later
	if !errors.As(err, &l) || len(got) != 0 || len(l.Pending) != 1 {
		w.t.Fatalf("%v, %v", got, err)
	}
	return l.Pending[0]
}

func (w *world) pending() int {
	w.t.Helper()
	all, err := w.wallet.Store.Pending()
	check(w.t, err)
	return len(all)
}

// Section 9: the wallet waits for the interval, asks with the same transaction_id, and takes the credential with the keys of the order,
// also after it was started anew.
func TestSection9PickUp(t *testing.T) {
	w := newWorld(t)
	l := newLater(w)
	order := w.ordered()
	if order.Name("nb") != "Kort" || w.pending() != 1 {
		t.Errorf("%s, %d pending", order.Name("nb"), w.pending())
	}
	var wait *Later
	if _, err := w.wallet.PickUp(t.Context(), order.ID); !errors.As(err, &wait) || l.asked != 0 {
		t.Errorf("before the interval is over: %v, asked %d times", err, l.asked)
	}
	w.at = w.at.Add(5 * time.Second)
	if _, err := w.wallet.PickUp(t.Context(), order.ID); !errors.As(err, &wait) || l.asked != 1 || !wait.Pending[0].Next.Equal(w.at.Add(7*time.Second)) {
		t.Errorf("not ready: %v, asked %d times", err, l.asked)
	}
	w.at, l.ready = w.at.Add(7*time.Second), true
	got, err := w.wallet.PickUp(t.Context(), order.ID)
	check(t, err)
	if len(got.Copies) != 2 || w.pending() != 0 {
		t.Errorf("%d copies, %d pending", len(got.Copies), w.pending())
	}
	if stored, err := w.wallet.Store.Get(got.ID); err != nil || stored.ConfigurationID != sdConfig {
		t.Errorf("%+v %v", stored, err)
	}
	if _, err := w.wallet.PickUp(t.Context(), order.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("once more: %v", err)
	}
}

// The access token has ended meanwhile: the refresh token brings another.
func TestSection9AnotherToken(t *testing.T) {
	w := newWorld(t)
	l := newLater(w)
	w.bendToken = func(r *oauth2.TokenResponse) { r.RefreshToken = "again" }
	order := w.ordered()
	w.handle["/token"] = func(out http.ResponseWriter, r *http.Request) {
		check(t, r.ParseForm())
		if r.PostForm.Get("refresh_token") != "again" {
			t.Errorf("%v", r.PostForm)
		}
		writeJSON(out, 200, oauth2.TokenResponse{AccessToken: "another", TokenType: "DPoP", ExpiresIn: 300})
	}
	w.at, l.ready, l.token = w.at.Add(time.Hour), true, "another"
	if _, err := w.wallet.PickUp(t.Context(), order.ID); err != nil {
		t.Error(err)
	}
}

func TestSection93WhatEndsAnOrder(t *testing.T) {
	for code, left := range map[string]int{
		openid4vci.CredentialRequestDenied: 0, openid4vci.InvalidTransactionID: 0, oauth2.ServerError: 1, openid4vci.InvalidEncryptionParameters: 1,
	} {
		w := newWorld(t)
		l := newLater(w)
		order := w.ordered()
		w.at, l.deny = w.at.Add(time.Minute), code
		var r *Refusal
		if _, err := w.wallet.PickUp(t.Context(), order.ID); !errors.As(err, &r) || r.Code != code || w.pending() != left {
			t.Errorf("%s: %v, %d pending", code, err, w.pending())
		}
	}
}

// Await gives up with its context, and the order stays.
func TestAwaitEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	newLater(w)
	order := w.ordered()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.wallet.Await(ctx, order.ID); !errors.Is(err, context.Canceled) || w.pending() != 1 {
		t.Errorf("%v, %d pending", err, w.pending())
	}
}

func TestDeferredWithoutEndpoint(t *testing.T) {
	w := newWorld(t)
	newLater(w)
	w.bendMetadata = nil
	order := w.ordered()
	w.at = w.at.Add(time.Minute)
	if _, err := w.wallet.PickUp(t.Context(), order.ID); !errors.Is(err, ErrUnsupported) {
		t.Error(err)
	}
}
