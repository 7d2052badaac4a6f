package store_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/minid/store"
)

func loginGrant(id, client, session string) authserver.Grant {
	g := grant()
	g.ID, g.ClientID, g.Authorized, g.Scopes = id, client, nil, []string{"openid"}
	g.Login = &authserver.LoggedIn{
		Nonce: "nonce", Locale: "nn", AMR: []string{"Minid-TOTP"}, Subject: "subject", SID: "sid at " + client + " of " + session,
		SessionID: session, SessionEnds: start.Add(time.Hour),
	}
	return g
}

// loggedIn brings a store to where the code of a login waits for its service.
func loggedIn(t *testing.T, s authserver.Store, id, client, session string) authserver.Redemption {
	t.Helper()
	r, cl, o, c := pushed(), claim("browser", start), inHand("browser", start), code()
	r.ID, o.ID, cl.Reference, c.Hash = id, id, authserver.HashOf(id), authserver.HashOf(id)
	r.ClientID, cl.ClientID = client, client
	r.Login = &authserver.Login{Nonce: "nonce", Level: minid.LevelHigh, Silent: true, Since: start.UTC(), Locale: "nn"}
	if err := s.PushRequest(t.Context(), cl.Reference, r); err != nil {
		t.Fatal(err)
	}
	got, err := s.ClaimRequest(t.Context(), cl)
	if err != nil || !reflect.DeepEqual(got.Login, r.Login) {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := s.ApproveRequest(t.Context(), o, loginGrant(id, client, session), c); err != nil {
		t.Fatal(err)
	}
	red := redemption(start)
	red.Code, red.ClientID = c.Hash, client
	return red
}

func TestLoginIsKeptWhole(t *testing.T) {
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		r := loggedIn(t, s, "one", "tax", "session")
		got, err := s.RedeemCode(t.Context(), r, token("token", start))
		if err != nil {
			t.Fatal(err)
		}
		want := *loginGrant("one", "tax", "session").Login
		want.SessionID, want.SessionEnds = "", time.Time{} // only what the ID token says is read back
		if !reflect.DeepEqual(*got.Login, want) || got.PID != "00000000000" || got.Level != minid.LevelSubstantial || !got.AuthTime.Equal(start.Add(-time.Minute)) {
			t.Errorf("%+v %+v", got, got.Login)
		}
		access, err := s.TokenAccess(t.Context(), authserver.HashOf("token"), start)
		if err != nil || !reflect.DeepEqual(*access.Login, want) {
			t.Errorf("%+v, %v", access, err)
		}
	})
}

// A login that begins no session leaves no row: there is nothing to end, and nobody to be told.
func TestLoginWithoutASessionLeavesNoRow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := store.New(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		g := loginGrant("one", "tax", "")
		g.Login.SID, g.Login.SessionEnds = "", time.Time{}
		r, cl, o, c := pushed(), claim("browser", start), inHand("browser", start), code()
		r.ClientID, cl.ClientID, r.Login = "tax", "tax", &authserver.Login{Nonce: "nonce", Level: minid.LevelHigh}
		if err := s.PushRequest(t.Context(), cl.Reference, r); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ClaimRequest(t.Context(), cl); err != nil {
			t.Fatal(err)
		}
		if err := s.ApproveRequest(t.Context(), o, g, c); err != nil {
			t.Fatal(err)
		}
		var n int64
		if err := db.R.Table("authserver_login").Count(&n).Error; err != nil || n != 0 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

func TestSixteenEndASession(t *testing.T) {
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		r := loggedIn(t, s, "one", "tax", "session")
		loggedIn(t, s, "again", "tax", "session")
		unredeemed := loggedIn(t, s, "two", "loans", "session")
		other := loggedIn(t, s, "three", "loans", "another session")
		if _, err := s.RedeemCode(t.Context(), r, token("token", start)); err != nil {
			t.Fatal(err)
		}
		seen := make([][]authserver.SeenAt, 16)
		for _, err := range race(func(i int) (err error) {
			seen[i], err = s.EndLogins(t.Context(), "session", start)
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		told := map[string]int{}
		for _, list := range seen {
			for _, one := range list {
				told[one.ClientID+" "+one.SID+" "+one.Subject]++
			}
		}
		want := map[string]int{"tax sid at tax of session subject": 1, "loans sid at loans of session subject": 1}
		if !reflect.DeepEqual(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
		if _, err := s.TokenAccess(t.Context(), authserver.HashOf("token"), start); !errors.Is(err, authserver.ErrNoToken) {
			t.Errorf("the token outlived the session: %v", err)
		}
		if _, err := s.RedeemCode(t.Context(), unredeemed, token("late", start)); !errors.Is(err, authserver.ErrNoCode) {
			t.Errorf("a code outlived the session: %v", err)
		}
		if _, err := s.RedeemCode(t.Context(), other, token("other", start)); err != nil {
			t.Errorf("another session ended too: %v", err)
		}
	})
}

func TestRevokeToken(t *testing.T) {
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		if _, err := s.RedeemCode(t.Context(), loggedIn(t, s, "one", "tax", "session"), token("token", start)); err != nil {
			t.Fatal(err)
		}
		for client, want := range map[string]error{"loans": nil} {
			if err := s.RevokeToken(t.Context(), authserver.HashOf("token"), client, start); err != nil {
				t.Fatal(err)
			}
			if _, err := s.TokenAccess(t.Context(), authserver.HashOf("token"), start); !errors.Is(err, want) {
				t.Errorf("revoked by %s: %v", client, err)
			}
		}
		for _, err := range race(func(int) error { return s.RevokeToken(t.Context(), authserver.HashOf("token"), "tax", start) }) {
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := s.TokenAccess(t.Context(), authserver.HashOf("token"), start); !errors.Is(err, authserver.ErrNoToken) {
			t.Errorf("revoked: %v", err)
		}
	})
}
