package walletlogin

import (
	"errors"
	"slices"
	"testing"
	"time"

	"lommebok.example/minid"
	"lommebok.example/minid/authclient"
	"lommebok.example/specs/oidc"
)

// The other provider may log in people without a national identity number; ours cannot.
func TestLoginNeedsANumber(t *testing.T) {
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	pending := &Pending{Browser: "b", ReturnTo: "/r"}
	claims := oidc.IDToken{PID: "14846599313", ACR: oidc.ACRSubstantial, AMR: []string{oidc.AMRWallet}, AuthTime: at.Unix() - 3}
	got, err := loginBy(pending, claims, at)
	if err != nil || got.PID != claims.PID || got.Level != minid.LevelSubstantial || got.Browser != "b" || got.ReturnTo != "/r" ||
		!slices.Equal(got.AMR, claims.AMR) || !got.AuthTime.Equal(at.Add(-3*time.Second)) || !got.Expires.After(at) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, number := range []string{"", "14846599314", "1484659931", "selfregistered@example.org"} {
		claims.PID = number
		if got, err := loginBy(pending, claims, at); !errors.Is(err, authclient.ErrProvider) {
			t.Errorf("%q: %+v, %v", number, got, err)
		}
	}
}
