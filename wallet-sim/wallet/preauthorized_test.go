package wallet

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/x5c"
)

var testRules = openid4vci.Rules{InsecureAllowHTTP: true}

// offers puts an offer with a pre-authorized code at /the-offer, and takes its code at /token.
func (w *world) offers(tx *openid4vci.TxCode) openid4vci.Offer {
	offer := openid4vci.Offer{
		CredentialIssuer: w.server.URL, CredentialConfigurationIDs: []string{sdConfig},
		Grants: &openid4vci.Grants{PreAuthorizedCode: &openid4vci.PreAuthorizedCodeGrant{PreAuthorizedCode: "pre", TxCode: tx}},
	}
	w.handle["/the-offer"] = func(out http.ResponseWriter, _ *http.Request) { writeJSON(out, 200, offer) }
	w.handle["/token"] = func(out http.ResponseWriter, r *http.Request) {
		if !w.proven(out, r, "", 400) {
			return
		}
		check(w.t, r.ParseForm())
		w.par = r.PostForm
		t := oauth2.TokenResponse{AccessToken: "the-token", TokenType: "DPoP", RefreshToken: "again"}
		right := r.PostForm.Get("pre-authorized_code") == "pre" && (tx == nil || r.PostForm.Get("tx_code") == "123456")
		if r.PostForm.Get("grant_type") == oauth2.GrantRefreshToken {
			right, t.RefreshToken = r.PostForm.Get("refresh_token") == "again", ""
		}
		if !right {
			writeJSON(out, 400, oauth2.Error{Code: oauth2.InvalidGrant})
			return
		}
		writeJSON(out, 200, t)
	}
	return offer
}

// An offer is taken by value and by reference, from a link of every scheme.
func TestOfferFromEveryScheme(t *testing.T) {
	for _, endpoint := range []string{openid4vci.OfferEndpoint, openid4vci.OfferEndpointHAIP, "https://wallet.example/offer"} {
		w := newWorld(t)
		offer := w.offers(&openid4vci.TxCode{})
		byValue, err := openid4vci.OfferURI(endpoint, offer, testRules)
		check(t, err)
		byReference, err := openid4vci.OfferReferenceURI(endpoint, w.server.URL+"/the-offer", testRules)
		check(t, err)
		for _, link := range []string{byValue, byReference} {
			plan, err := w.wallet.Resolve(t.Context(), link, "")
			check(t, err)
			got, err := w.wallet.Redeem(t.Context(), plan, "123456")
			if err != nil || len(got) != 1 || w.par.Get("client_id") != "wallet-sim" {
				t.Errorf("%s: %d credentials, %v", link, len(got), err)
			}
		}
	}
}

func (w *world) plan(tx *openid4vci.TxCode) *Plan {
	w.t.Helper()
	link, err := openid4vci.OfferURI(openid4vci.OfferEndpoint, w.offers(tx), testRules)
	check(w.t, err)
	plan, err := w.wallet.Resolve(w.t.Context(), link, "")
	check(w.t, err)
	return plan
}

// E02: without the transaction code the wallet stops, says who asks for it, and has sent nothing.
func TestTransactionCodeIsAskedFor(t *testing.T) {
	w := newWorld(t)
	plan := w.plan(&openid4vci.TxCode{Length: 6})
	_, err := w.wallet.Redeem(t.Context(), plan, "")
	if !errors.Is(err, ErrTxCode) || !strings.Contains(err.Error(), strings.TrimPrefix(w.server.URL, "http://")) {
		t.Errorf("got %v", err)
	}
	if slices.Contains(w.calls(), "/token") {
		t.Error("the token endpoint was asked")
	}
	_, err = w.wallet.Redeem(t.Context(), plan, "654321")
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Code != oauth2.InvalidGrant || w.stored() != 0 {
		t.Fatalf("a wrong code: %v", err)
	}
	for _, sent := range refusal.Sent {
		if strings.Contains(sent, "654321") || strings.HasSuffix(sent, "=pre") {
			t.Errorf("the refusal tells %s", sent)
		}
	}
	w = newWorld(t)
	if _, err := w.wallet.Redeem(t.Context(), w.plan(nil), "123456"); err != nil || w.par.Has("tx_code") {
		t.Errorf("sent a transaction code that nobody asked for: %v, %v", w.par, err)
	}
}

// Where an offer leaves the choice, the person signs in.
func TestAuthorizationCodeIsPreferred(t *testing.T) {
	w := newWorld(t)
	offer := w.offers(nil)
	offer.Grants.AuthorizationCode = &openid4vci.AuthorizationCodeGrant{IssuerState: "is"}
	link, err := openid4vci.OfferURI(openid4vci.OfferEndpoint, offer, testRules)
	check(t, err)
	plan, err := w.wallet.Resolve(t.Context(), link, "")
	if err != nil || plan.PreAuthorized != nil || plan.IssuerState != "is" {
		t.Errorf("%+v, %v", plan, err)
	}
	if _, err := w.wallet.Redeem(t.Context(), plan, ""); !errors.Is(err, ErrUnsupported) {
		t.Errorf("redeemed all the same: %v", err)
	}
	if _, err := w.wallet.Begin(t.Context(), w.plan(nil)); !errors.Is(err, ErrUnsupported) {
		t.Errorf("a sign-in for a pre-authorized code: %v", err)
	}
}

// A server that only takes pre-authorized codes has no authorization endpoint (OpenID4VCI 1.0 section 12.2.4).
func TestServerOfPreAuthorizedCodesAlone(t *testing.T) {
	w := newWorld(t)
	w.bendServer = func(m *oauth2.ServerMetadata) {
		m.AuthorizationEndpoint, m.PushedAuthorizationRequestEndpoint, m.CodeChallengeMethodsSupported = "", "", nil
	}
	if _, err := w.wallet.Redeem(t.Context(), w.plan(nil), ""); err != nil {
		t.Error(err)
	}
	if err := w.begin(sdConfig); !errors.Is(err, ErrUnsupported) {
		t.Errorf("the other flow: %v", err)
	}
}

func TestRenew(t *testing.T) {
	w := newWorld(t)
	got, err := w.wallet.Redeem(t.Context(), w.plan(nil), "")
	check(t, err)
	old, err := w.wallet.Store.Get(got[0].ID)
	check(t, err)
	w.at = w.at.Add(time.Hour)
	again, err := w.wallet.Renew(t.Context(), old.ID)
	check(t, err)
	kept, err := w.wallet.Store.Get(old.ID)
	check(t, err)
	if again.ID != old.ID || kept.Copies[0].Credential == old.Copies[0].Credential || w.stored() != 1 || kept.Grant != old.Grant {
		t.Errorf("kept %+v", kept)
	}
	if want := (url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"again"}, "client_id": {"wallet-sim"}}).Encode(); w.par.Encode() != want {
		t.Errorf("sent %s", w.par.Encode())
	}
	if _, err := w.wallet.Renew(t.Context(), old.ID); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if _, err := w.wallet.Renew(t.Context(), newID()); !errors.Is(err, ErrNotFound) {
		t.Errorf("what is not there: %v", err)
	}
	delete(w.handle, "/token")
	plain, err := w.get(sdConfig)
	check(t, err)
	if _, err := w.wallet.Renew(t.Context(), plain[0].ID); !errors.Is(err, ErrUnsupported) {
		t.Errorf("without a refresh token: %v", err)
	}
}

// What the issuer sends instead is not stored in place of what is there.
func TestRenewKeepsTheOldWhenTheNewIsBad(t *testing.T) {
	w := newWorld(t)
	got, err := w.wallet.Redeem(t.Context(), w.plan(nil), "")
	check(t, err)
	w.ca = newAuthority(t, x5c.CredentialIssuer)
	if _, err := w.wallet.Renew(t.Context(), got[0].ID); !errors.Is(err, ErrCredential) {
		t.Errorf("got %v", err)
	}
	kept, err := w.wallet.Store.Get(got[0].ID)
	if err != nil || kept.Copies[0].Credential != got[0].Copies[0].Credential {
		t.Errorf("kept %+v, %v", kept, err)
	}
}
