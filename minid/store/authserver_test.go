package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/minid/store"
	"lommebok.example/specs/attestation"
)

var start = time.UnixMilli(1_795_000_000_123)

// eachAuthserver runs f on every database with an authorization server's store.
func eachAuthserver(t *testing.T, f func(t *testing.T, s authserver.Store)) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := store.New(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		f(t, s)
	})
}

func pushed() authserver.Request {
	return authserver.Request{
		ID: "request", ClientID: "wallet", RedirectURI: "https://wallet.example/cb", State: "state", Scopes: []string{"student", "age"},
		Configurations: []string{"student_sdjwt", "with blank"}, CodeChallenge: "challenge", JKT: "key", Expires: start.Add(90 * time.Second), Unit: unit(),
	}
}

func unit() *authserver.WalletUnit {
	return &authserver.WalletUnit{JKT: "instance", Name: "Lommebok", Status: &attestation.Status{Index: 7, URI: "https://provider.example/1", Until: start.UTC()}}
}

func claim(browser string, at time.Time) authserver.Claim {
	return authserver.Claim{
		Reference: authserver.HashOf("urn:request"), Browser: authserver.HashOf(browser), ClientID: "wallet",
		At: at, Until: at.Add(30 * time.Minute),
	}
}

func inHand(browser string, at time.Time) authserver.Open {
	return authserver.Open{ID: "request", Browser: authserver.HashOf(browser), At: at}
}

func grant() authserver.Grant {
	return authserver.Grant{
		ID: "grant", ClientID: "wallet", PersonID: "person", PID: "00000000000", Level: minid.LevelSubstantial, Basis: minid.BasisLetter,
		AuthTime: start.Add(-time.Minute), Scopes: []string{"student", "age"},
		Authorized: []authserver.Authorized{{ConfigurationID: "student_sdjwt", Identifiers: []string{"one", "two"}}}, Instance: "instance",
	}
}

func code() authserver.Code {
	return authserver.Code{
		Hash: authserver.HashOf("code"), RedirectURI: "https://wallet.example/cb", CodeChallenge: "challenge", JKT: "key",
		Expires: start.Add(time.Minute),
	}
}

func redemption(at time.Time) authserver.Redemption {
	return authserver.Redemption{
		Code: authserver.HashOf("code"), ClientID: "wallet", RedirectURI: "https://wallet.example/cb", CodeChallenge: "challenge",
		JKT: "key", Unit: unit(), At: at,
	}
}

func token(secret string, at time.Time) authserver.Issuing {
	return func(g *authserver.Grant) (*authserver.Token, error) {
		return &authserver.Token{
			Hash: authserver.HashOf(secret), JKT: "key", Expires: at.Add(10 * time.Minute), Scopes: g.Scopes, Authorized: g.Authorized,
		}, nil
	}
}

// approved brings a store to where the code of a grant waits for its client.
func approved(t *testing.T, s authserver.Store, id string, c authserver.Code) {
	t.Helper()
	ctx, r, g, cl, o := t.Context(), pushed(), grant(), claim("browser", start), inHand("browser", start)
	r.ID, g.ID, o.ID, cl.Reference = id, id, id, authserver.HashOf(id)
	if err := s.PushRequest(ctx, cl.Reference, r); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ClaimRequest(ctx, cl); err != nil {
		t.Fatal(err)
	}
	if err := s.ApproveRequest(ctx, o, g, c); err != nil {
		t.Fatal(err)
	}
}

func TestRequestIsKeptWhole(t *testing.T) {
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		if err := s.PushRequest(t.Context(), authserver.HashOf("urn:request"), pushed()); err != nil {
			t.Fatal(err)
		}
		got, err := s.ClaimRequest(t.Context(), claim("browser", start))
		if err != nil {
			t.Fatal(err)
		}
		want := pushed()
		want.Expires = start.Add(30 * time.Minute)
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("claimed %+v\nwant    %+v", *got, want)
		}
		if got, err = s.ClaimedRequest(t.Context(), inHand("browser", start)); err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("read %+v, %v\nwant %+v", got, err, want)
		}
	})
}

func TestClaimRequest(t *testing.T) {
	cases := map[string]struct {
		change func(c *authserver.Claim)
		want   error
	}{
		"the first browser":      {func(*authserver.Claim) {}, nil},
		"an unknown request_uri": {func(c *authserver.Claim) { c.Reference = authserver.HashOf("urn:other") }, authserver.ErrNoRequest},
		"another client":         {func(c *authserver.Claim) { c.ClientID = "other" }, authserver.ErrNoRequest},
		"the last moment":        {func(c *authserver.Claim) { c.At = start.Add(90*time.Second - time.Millisecond) }, nil},
		"too late":               {func(c *authserver.Claim) { c.At = start.Add(90 * time.Second) }, authserver.ErrNoRequest},
	}
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				r, attempt := pushed(), claim("browser", start)
				r.ID, attempt.Reference = name, authserver.HashOf(name)
				if err := s.PushRequest(t.Context(), attempt.Reference, r); err != nil {
					t.Fatal(err)
				}
				c.change(&attempt)
				if _, err := s.ClaimRequest(t.Context(), attempt); !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
			})
		}
	})
}

func TestClaimedRequestBelongsToItsBrowser(t *testing.T) {
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		ctx := t.Context()
		if err := s.PushRequest(ctx, authserver.HashOf("urn:request"), pushed()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ClaimedRequest(ctx, inHand("browser", start)); !errors.Is(err, authserver.ErrNoRequest) {
			t.Errorf("before the claim: %v", err)
		}
		if _, err := s.ClaimRequest(ctx, claim("browser", start)); err != nil {
			t.Fatal(err)
		}
		again, err := s.ClaimRequest(ctx, claim("browser", start.Add(20*time.Minute)))
		if err != nil || !again.Expires.Equal(start.Add(30*time.Minute)) {
			t.Errorf("a reload: %+v, %v; want the end that the first visit set", again, err)
		}
		for name, o := range map[string]authserver.Open{
			"another browser": inHand("other", start), "too late": inHand("browser", start.Add(30*time.Minute)),
			"another request": {ID: "other", Browser: authserver.HashOf("browser"), At: start},
		} {
			if _, err := s.ClaimedRequest(ctx, o); !errors.Is(err, authserver.ErrNoRequest) {
				t.Errorf("%s reads: %v", name, err)
			}
			if _, err := s.RefuseRequest(ctx, o); !errors.Is(err, authserver.ErrNoRequest) {
				t.Errorf("%s refuses: %v", name, err)
			}
			if err := s.ApproveRequest(ctx, o, grant(), code()); !errors.Is(err, authserver.ErrNoRequest) {
				t.Errorf("%s approves: %v", name, err)
			}
		}
		if _, err := s.RefuseRequest(ctx, inHand("browser", start)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ClaimRequest(ctx, claim("browser", start)); !errors.Is(err, authserver.ErrNoRequest) {
			t.Errorf("a reload after the answer: %v", err)
		}
	})
}

func TestRedeemCodeHoldsEveryBinding(t *testing.T) {
	unbound := code()
	unbound.JKT = ""
	cases := map[string]struct {
		code   authserver.Code
		change func(r *authserver.Redemption)
		want   error
	}{
		"its own client":                      {code(), func(*authserver.Redemption) {}, nil},
		"unknown code":                        {code(), func(r *authserver.Redemption) { r.Code = authserver.HashOf("other") }, authserver.ErrNoCode},
		"another client":                      {code(), func(r *authserver.Redemption) { r.ClientID = "other" }, authserver.ErrNoCode},
		"another redirect_uri":                {code(), func(r *authserver.Redemption) { r.RedirectURI += "/" }, authserver.ErrNoCode},
		"another verifier":                    {code(), func(r *authserver.Redemption) { r.CodeChallenge = "other" }, authserver.ErrNoCode},
		"no verifier":                         {code(), func(r *authserver.Redemption) { r.CodeChallenge = "" }, authserver.ErrNoCode},
		"another key":                         {code(), func(r *authserver.Redemption) { r.JKT = "other" }, authserver.ErrNoCode},
		"another instance of the wallet":      {code(), func(r *authserver.Redemption) { r.Unit = &authserver.WalletUnit{JKT: "other"} }, authserver.ErrNoCode},
		"no instance":                         {code(), func(r *authserver.Redemption) { r.Unit = nil }, authserver.ErrNoCode},
		"another key, code bound to none":     {unbound, func(r *authserver.Redemption) { r.JKT = "other" }, nil},
		"the last moment":                     {code(), func(r *authserver.Redemption) { r.At = start.Add(time.Minute - time.Millisecond) }, nil},
		"61 s old":                            {code(), func(r *authserver.Redemption) { r.At = start.Add(61 * time.Second) }, authserver.ErrNoCode},
		"quotation marks are only data: ' \"": {code(), func(r *authserver.Redemption) { r.ClientID = "' OR '1'='1" }, authserver.ErrNoCode},
	}
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				c.code.Hash = authserver.HashOf("code of " + name)
				approved(t, s, name, c.code)
				r := redemption(start)
				r.Code = c.code.Hash
				c.change(&r)
				_, err := s.RedeemCode(t.Context(), r, token(name, start))
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				_, err = s.TokenAccess(t.Context(), authserver.HashOf(name), start)
				if (err == nil) != (c.want == nil) {
					t.Errorf("token after %v: %v", c.want, err)
				}
			})
		}
	})
}

func TestTokenGivesWhatWasGranted(t *testing.T) {
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		approved(t, s, "grant", code())
		got, err := s.RedeemCode(t.Context(), redemption(start), token("token", start))
		if err != nil {
			t.Fatal(err)
		}
		g := grant()
		if !reflect.DeepEqual(got.Authorized, g.Authorized) || !reflect.DeepEqual(got.Scopes, g.Scopes) || got.ID != g.ID {
			t.Errorf("redeemed %+v, want %+v", got, g)
		}
		want := authserver.Access{
			GrantID: g.ID, PersonID: g.PersonID, PID: g.PID, ClientID: g.ClientID, Level: g.Level, Basis: g.Basis, AuthTime: g.AuthTime,
			Scopes: g.Scopes, Authorized: g.Authorized, JKT: "key", Expires: start.Add(10 * time.Minute), Unit: unit(),
		}
		access, err := s.TokenAccess(t.Context(), authserver.HashOf("token"), start.Add(10*time.Minute-time.Millisecond))
		if err != nil || !reflect.DeepEqual(*access, want) {
			t.Errorf("access %+v, %v\nwant   %+v", access, err, want)
		}
		if _, err := s.TokenAccess(t.Context(), authserver.HashOf("token"), start.Add(10*time.Minute)); !errors.Is(err, authserver.ErrNoToken) {
			t.Errorf("an expired token: %v", err)
		}
		if _, err := s.TokenAccess(t.Context(), authserver.HashOf("other"), start); !errors.Is(err, authserver.ErrNoToken) {
			t.Errorf("an unknown token: %v", err)
		}
	})
}

func TestCodeUsedTwiceKillsItsTokens(t *testing.T) {
	foreign := redemption(start.Add(5 * time.Minute)) // long after the code's end, and with none of its bindings
	foreign.ClientID, foreign.CodeChallenge = "other", ""
	for name, second := range map[string]authserver.Redemption{"by its client": redemption(start), "by anybody, later": foreign} {
		t.Run(name, func(t *testing.T) {
			eachAuthserver(t, func(t *testing.T, s authserver.Store) {
				approved(t, s, "grant", code())
				if _, err := s.RedeemCode(t.Context(), redemption(start), token("first", start)); err != nil {
					t.Fatal(err)
				}
				if _, err := s.RedeemCode(t.Context(), second, token("second", start)); !errors.Is(err, authserver.ErrCodeReused) {
					t.Errorf("second use: %v, want ErrCodeReused", err)
				}
				for _, secret := range []string{"first", "second"} {
					if _, err := s.TokenAccess(t.Context(), authserver.HashOf(secret), start); !errors.Is(err, authserver.ErrNoToken) {
						t.Errorf("the %s token lives: %v", secret, err)
					}
				}
			})
		})
	}
}

func TestSweepTakesWhatHasExpiredInSteps(t *testing.T) {
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		ctx := t.Context()
		approved(t, s, "grant", code())
		if _, err := s.RedeemCode(ctx, redemption(start), token("token", start)); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			if err := s.TakeProof(ctx, authserver.HashOf(fmt.Sprint(i)), start.Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		sweep := func(at time.Time, want ...int) {
			t.Helper()
			for _, n := range want {
				if got, err := s.SweepAuthserver(ctx, at, 2); err != nil || got != n {
					t.Errorf("swept %d, %v; want %d", got, err, n)
				}
			}
		}
		sweep(start.Add(time.Minute-time.Millisecond), 0)
		sweep(start.Add(time.Minute), 2, 2, 1, 0)
		if _, err := s.TokenAccess(ctx, authserver.HashOf("token"), start); err != nil {
			t.Errorf("the sweep took a token that is alive, or its grant: %v", err)
		}
		sweep(start.Add(10*time.Minute), 1, 0) // token and grant
		sweep(start.Add(30*time.Minute), 1, 0) // request
	})
}

func TestAClosedDatabaseIsAnErrorAndNoPanic(t *testing.T) {
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.ClaimRequest(ctx, claim("browser", start))
		if err == nil || errors.Is(err, authserver.ErrNoRequest) {
			t.Errorf("claim: %v", err)
		}
		if _, err = s.TokenAccess(ctx, authserver.HashOf("token"), start); err == nil || errors.Is(err, authserver.ErrNoToken) {
			t.Errorf("access: %v", err)
		}
		if _, err = s.RedeemCode(ctx, redemption(start), token("token", start)); err == nil || errors.Is(err, authserver.ErrNoCode) {
			t.Errorf("redeem: %v", err)
		}
		if err = s.TakeProof(ctx, authserver.HashOf("jti"), start); err == nil || errors.Is(err, authserver.ErrProofUsed) {
			t.Errorf("proof: %v", err)
		}
	})
}
