package phone_test

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/verifier/apiclient"
	"lommebok.example/verifier/relyingparty"
	verifier "lommebok.example/verifier/server"
	"lommebok.example/wallet-sim/wallet"
)

// shows is a town whose verifier asks for every type that the issuer has: on a page for each, and by the API for whatever it is told.
// The wallet holds each type.
type shows struct {
	*town
	types map[string]openid4vci.Configuration
	ids   []string
	api   *apiclient.Verifier
}

const everything = "everything" // the relying party that may ask for all

func newShows(t *testing.T, address func(testing.TB) string) *shows {
	t.Helper()
	s := &shows{}
	dir := filepath.Join(t.TempDir(), "parties")
	check(t, os.Mkdir(dir, 0o700))
	open := func() *database.DB { return dbtest.Open(t, address(t)) }
	var data string
	s.town = newTownWith(t, open, func(w *town, cfg *verifier.Config, deps *verifier.Deps) {
		s.discover(t, w)
		check(t, os.WriteFile(filepath.Join(dir, everything+".yaml"), s.party(t, w), 0o600))
		cfg.RelyingPartiesDir, data = dir, cfg.DataDir
		var err error
		deps.Services, err = relyingparty.Load(s.services(t))
		check(t, err)
	})
	secret, err := os.ReadFile(filepath.Join(data, "relying-parties", everything+".client-secret"))
	check(t, err)
	s.api = &apiclient.Verifier{URL: s.verifier, ID: everything, Secret: string(secret)}
	s.fill(t)
	return s
}

// discover reads the types from the issuer's metadata, so that a new one is tested by itself.
func (s *shows) discover(t *testing.T, w *town) {
	t.Helper()
	res, err := http.Get(w.issuer + "/.well-known/openid-credential-issuer")
	check(t, err)
	raw, err := io.ReadAll(res.Body)
	check(t, err)
	check(t, res.Body.Close())
	m, err := openid4vci.ParseIssuerMetadata(raw, w.issuer, openid4vci.Rules{InsecureAllowHTTP: true})
	check(t, err)
	s.types, s.ids = m.CredentialConfigurationsSupported, slices.Sorted(maps.Keys(m.CredentialConfigurationsSupported))
	if len(s.ids) < 7 {
		t.Fatalf("types %v", s.ids)
	}
}

// query asks for the mandatory claims of a type.
func (s *shows) query(id, configuration string) map[string]any {
	c := s.types[configuration]
	var claims []map[string]any
	for _, d := range c.CredentialMetadata.Claims {
		if d.Mandatory {
			claims = append(claims, map[string]any{"path": d.Path})
		}
	}
	meta := map[string]any{"doctype_value": c.DocType}
	if c.Format == openid4vci.FormatSDJWTVC {
		meta = map[string]any{"vct_values": []string{c.VCT}}
	}
	return map[string]any{"id": id, "format": c.Format, "meta": meta, "claims": claims}
}

func one(query ...map[string]any) map[string]any { return map[string]any{"credentials": query} }

func yaml(t *testing.T, members map[string]any) []byte {
	t.Helper()
	raw, err := json.Marshal(members) // which is YAML
	check(t, err)
	return raw
}

var words = map[string]string{"nb": "a", "nn": "b", "en": "c"}

func (s *shows) services(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, id := range s.ids {
		files[id+".yaml"] = &fstest.MapFile{Data: yaml(t, map[string]any{
			"id": serviceOf(id), "name": words, "purpose": words, "accepted": words, "query": one(s.query("q", id)),
		})}
	}
	return files
}

// serviceOf is a configuration as the id of a service.
func serviceOf(configuration string) string {
	return strings.ToLower(strings.NewReplacer(".", "-", "_", "-").Replace(configuration))
}

func (s *shows) party(t *testing.T, w *town) []byte {
	t.Helper()
	var all []map[string]any
	for _, id := range s.ids {
		c := s.types[id]
		var claims [][]any
		for _, d := range c.CredentialMetadata.Claims {
			claims = append(claims, d.Path)
		}
		all = append(all, map[string]any{"format": c.Format, "types": []string{cmp.Or(c.VCT, c.DocType)}, "claims": claims})
	}
	return yaml(t, map[string]any{
		"id": everything, "name": words, "purposes": []any{map[string]any{"id": "test", "text": words}}, "may_ask": all,
		"redirects": []string{w.home + "/back"}, "client": map[string]any{"method": "client_secret_basic"},
	})
}

// fill gets one credential of each type, and the MinID credential of another person too.
func (s *shows) fill(t *testing.T) {
	t.Helper()
	owner := &getter{town: s.town, surfer: s.surfer(karies), wallet: s.face.Wallet}
	pupil := &getter{town: s.town, surfer: s.surfer(stjerne), wallet: s.face.Wallet}
	owner.surfer.pair(karies)
	get := func(g *getter, id string) {
		got, err := g.authorized(t, id, way{encrypted: true})
		g.awaited(t, got, err)
	}
	get(pupil, mpid)
	for _, id := range s.ids {
		if strings.Contains(id, "elevbevis") {
			get(pupil, id)
		} else {
			get(owner, id)
		}
	}
}

// Every type that the issuer has, by every response mode, from the same device and across, fetched by GET and by POST, and over each
// protocol of the Digital Credentials API: each is accepted.
func TestEveryTypeIsShownByEveryMode(t *testing.T) {
	for name, address := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			s := newShows(t, address)
			for _, id := range s.ids {
				t.Run(id, func(t *testing.T) {
					s.posted(t, id)
					s.overAPI(t, id)
					s.asked(t, id)
				})
			}
			s.sets(t)
			s.transactions(t)
		})
	}
}

// posted answers by direct_post and direct_post.jwt.
func (s *shows) posted(t *testing.T, id string) {
	t.Helper()
	for _, mode := range []string{openid4vp.ResponseModeDirectPostJWT, openid4vp.ResponseModeDirectPost} {
		for _, method := range []string{openid4vp.MethodGet, openid4vp.MethodPost} {
			for _, same := range []bool{false, true} {
				how := url.Values{"response_mode": {mode}, "request_uri_method": {method}}
				what := how.Encode()
				c := s.client(t, serviceOf(id), how)
				link := c.look().QR
				if same {
					link = c.look().Link
				}
				r, err := s.face.Wallet.Request(t.Context(), link)
				check(t, err)
				redirect, err := s.face.Wallet.Share(t.Context(), r)
				if err != nil || (redirect != "") != same {
					t.Fatalf("%s, same device %t: %q, %v", what, same, redirect, err)
				}
				if same {
					c.do(http.MethodGet, strings.TrimPrefix(redirect, s.verifier), "")
				}
				s.wantShown(t, c, what, id)
			}
		}
	}
}

// overAPI answers by dc_api and dc_api.jwt, in the browser that asked.
func (s *shows) overAPI(t *testing.T, id string) {
	t.Helper()
	for _, mode := range []string{openid4vp.ResponseModeDirectPostJWT, openid4vp.ResponseModeDirectPost} {
		for i, protocol := range []string{openid4vp.ProtocolSigned, openid4vp.ProtocolMultisigned, openid4vp.ProtocolUnsigned} {
			what := mode + " " + protocol
			c := s.client(t, serviceOf(id), url.Values{"response_mode": {mode}})
			answer, err := s.face.Wallet.AnswerAPI(s.verifier, c.apiRequests()[i], func(*wallet.Request) bool { return true })
			if err != nil || answer.Protocol != protocol || strings.Contains(string(answer.Data), `"response"`) != (mode == openid4vp.ResponseModeDirectPostJWT) {
				t.Fatalf("%s: %v", what, err)
			}
			raw, err := json.Marshal(answer)
			check(t, err)
			if status, body := c.do(http.MethodPost, c.path+"/credentials", string(raw)); status != http.StatusOK {
				t.Errorf("%s: %d %s", what, status, body)
			}
			s.wantShown(t, c, what, id)
		}
	}
}

// wantShown expects a verdict that accepts one credential of the type, with all claims that were asked for.
func (s *shows) wantShown(t *testing.T, c *client, what, id string) {
	t.Helper()
	_, raw := c.do(http.MethodGet, c.path, "")
	var a struct{ Verdict *verdict }
	check(t, json.Unmarshal(raw, &a))
	if a.Verdict == nil {
		t.Fatalf("%s: no verdict: %s", what, raw)
	}
	s.wantClaims(t, what, a.Verdict, id)
}

// verdict is what the pages and the API tell of it.
type verdict struct {
	Accepted    bool
	Credentials []shown
}

type shown struct {
	Query, Type, Format string
	Claims              map[string]any
}

func (s *shows) wantClaims(t *testing.T, what string, v *verdict, ids ...string) {
	t.Helper()
	if !v.Accepted || len(v.Credentials) != len(ids) {
		t.Fatalf("%s: %+v, want %v", what, v, ids)
	}
	for i, id := range ids {
		c, asked := v.Credentials[i], s.query("q", id)["claims"].([]map[string]any)
		if k := s.types[id]; c.Format != k.Format || c.Type != cmp.Or(k.VCT, k.DocType) || len(c.Claims) != len(asked) {
			t.Errorf("%s: %s %s with %d claims, want %s with %d", what, c.Format, c.Type, len(c.Claims), id, len(asked))
		}
	}
}
