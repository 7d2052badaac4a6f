package wallet

import (
	"crypto/ecdsa"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

func TestSection11TheIssuerIsToldWhatIsStored(t *testing.T) {
	w := newWorld(t)
	got, err := w.get(sdConfig)
	check(t, err)
	if !slices.Equal(w.told, []string{openid4vci.CredentialAccepted}) {
		t.Errorf("told %v", w.told)
	}
	kept, err := w.wallet.Store.Get(got[0].ID)
	check(t, err)
	if kept.Notified != openid4vci.CredentialAccepted || kept.NotNotified != "" {
		t.Errorf("noted %q, %q", kept.Notified, kept.NotNotified)
	}
}

func TestSection11OneBadCopyIsAFailure(t *testing.T) {
	w := newWorld(t)
	w.issue = func(n int, holder *ecdsa.PublicKey, format string) string {
		if n == 1 {
			return w.signed(w.ca, holder, format, "no:test:other", "no.test.other", w.at.Add(time.Hour))
		}
		return w.properly(n, holder, format)
	}
	if _, err := w.get(sdConfig); err == nil {
		t.Fatal("stored")
	}
	if !slices.Equal(w.told, []string{openid4vci.CredentialFailure}) || w.stored() != 0 {
		t.Errorf("told %v, stored %d", w.told, w.stored())
	}
}

func TestSection11WhatTheIssuerDoesNotTakeIsStoredAllTheSame(t *testing.T) {
	w := newWorld(t)
	w.handle["/notification"] = func(out http.ResponseWriter, _ *http.Request) {
		writeJSON(out, 400, oauth2.Error{Code: openid4vci.InvalidNotificationID, Description: "no such"})
	}
	got, err := w.get(sdConfig)
	check(t, err)
	if w.stored() != 1 || got[0].Notified != "" || !strings.Contains(got[0].NotNotified, openid4vci.InvalidNotificationID) {
		t.Errorf("stored %d, %q, %q", w.stored(), got[0].Notified, got[0].NotNotified)
	}
}

func TestSection11AnIssuerWithoutTheEndpointIsToldNothing(t *testing.T) {
	w := newWorld(t)
	w.bendMetadata = func(m *openid4vci.IssuerMetadata) { m.NotificationEndpoint = "" }
	got, err := w.get(sdConfig)
	check(t, err)
	if slices.Contains(w.calls(), "/notification") || got[0].Notified+got[0].NotNotified != "" {
		t.Errorf("calls %v", w.calls())
	}
}
