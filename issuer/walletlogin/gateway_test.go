package walletlogin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/minid/authclient"
	"lommebok.example/specs/oidc"
	"lommebok.example/web"
)

// The other provider may log in people without a national identity number; ours cannot.
func TestLoginNeedsANumber(t *testing.T) {
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	pending := &Pending{Browser: "b", ReturnTo: "/r"}
	claims := oidc.IDToken{PID: "14846599313", ACR: oidc.ACRSubstantial, AMR: []string{oidc.AMRWallet}, AuthTime: at.Unix() - 3}
	g := &Gateway{Now: func() time.Time { return at }}
	got, err := g.loginBy(pending, claims)
	if err != nil || got.PID != claims.PID || got.Level != minid.LevelSubstantial || got.Browser != "b" || got.ReturnTo != "/r" ||
		!slices.Equal(got.AMR, claims.AMR) || !got.AuthTime.Equal(at.Add(-3*time.Second)) || !got.Expires.After(at) {
		t.Errorf("%+v, %v", got, err)
	}
	const ordinary, nav = "15023990064", "21483609245" // born in 2039, so nobody's
	for _, number := range []string{"", "14846599314", "1484659931", "selfregistered@example.org", ordinary, nav} {
		claims.PID = number
		if got, err := g.loginBy(pending, claims); !errors.Is(err, authclient.ErrProvider) {
			t.Errorf("%q: %+v, %v", number, got, err)
		}
	}
	g.Numbers.AllowRealNumbers = true
	claims.PID = ordinary
	if got, err := g.loginBy(pending, claims); err != nil || got.PID != ordinary {
		t.Errorf("where ordinary numbers are let in: %+v, %v", got, err)
	}
}

// signedIn is somebody whose MinID session will do.
type signedIn struct{ MinID }

func (signedIn) Session(*gin.Context) *minid.Session {
	return &minid.Session{ID: "minid", Level: minid.LevelHigh}
}

// asked counts how often it is asked for a login, and has none.
type asked struct {
	Store
	n int
}

func (a *asked) TakeLogin(context.Context, string, string, time.Time) (*Login, error) {
	a.n++
	return nil, ErrNotFound
}

// To take a login is to write to the database: it is not done for those who never chose the wallet.
func TestStoreIsAskedOnlyForABrowserThatLeft(t *testing.T) {
	site, err := web.New(web.Config{Service: "issuer", HomePath: "/", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	kept := &asked{}
	g := &Gateway{Site: site, Store: kept, MinID: signedIn{}, Now: time.Now}
	for _, cookie := range []string{"", "secret"} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodGet, "/authorize/consent/x", nil)
		if cookie != "" {
			c.Request.AddCookie(&http.Cookie{Name: "lommebok_issuer_" + browserCookie, Value: cookie})
		}
		before := kept.n
		if s, ok := g.SignedIn(c, minid.Need{ReturnTo: "/authorize/consent/x"}); !ok || s.ID != "minid" {
			t.Errorf("cookie %q: %+v", cookie, s)
		}
		if got := kept.n > before; got != (cookie != "") {
			t.Errorf("cookie %q: the store was asked: %t", cookie, got)
		}
	}
}
