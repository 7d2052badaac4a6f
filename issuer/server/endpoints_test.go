package server_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// documents are where the issuer describes itself: as Credential Issuer, as authorization server, as OpenID Provider.
var documents = []string{"/.well-known/openid-credential-issuer", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"}

// endpoint is how one is called, and what it says to a call that brings nothing: that it is there, and whom it serves.
type endpoint struct {
	method string
	status int
	code   string // error; "" for a page or a document
}

// endpoints are all members of the documents that name an address to call. A new member fails the test until it has a row.
var endpoints = map[string]endpoint{
	"credential_endpoint":                   {http.MethodPost, 401, "invalid_token"},
	"deferred_credential_endpoint":          {http.MethodPost, 401, "invalid_token"},
	"notification_endpoint":                 {http.MethodPost, 401, "invalid_token"},
	"nonce_endpoint":                        {http.MethodPost, 200, ""},
	"authorization_endpoint":                {http.MethodGet, 400, ""},
	"pushed_authorization_request_endpoint": {http.MethodPost, 400, "invalid_request"},
	"token_endpoint":                        {http.MethodPost, 400, "invalid_request"},
	"challenge_endpoint":                    {http.MethodPost, 200, ""},
	"status_list_aggregation_endpoint":      {http.MethodGet, 200, ""},
	"jwks_uri":                              {http.MethodGet, 200, ""},
	"userinfo_endpoint":                     {http.MethodGet, 401, "invalid_token"},
	"introspection_endpoint":                {http.MethodPost, 401, "invalid_client"},
	"revocation_endpoint":                   {http.MethodPost, 401, "invalid_client"},
	"end_session_endpoint":                  {http.MethodGet, 200, ""},
}

// elsewhere are the addresses that no metadata name, and by what they are found.
var elsewhere = map[string]string{
	"/.well-known/":       "by the specification of the document",
	"/types/":             "from vct, and by vct#integrity (SD-JWT VC section 5.3)",
	"/statuslists/":       "from the credential's status",
	"/identifierlists/":   "from the credential's status",
	"/credential-offers/": "from the offer's link", "/offers/": "from the offer's link",
	"/crl":           "from the certificate",
	"/openapi.yaml":  "by whoever writes a wallet, from the README",
	"/trust/":        "by the operator",
	"/health":        "by the operator",
	"/operator/":     "by the operator",
	"/minid/app/":    "from the MinID app, which is ours",
	"/assets/":       "from our pages",
	"/login/app":     "from the script of the page that waits",
	"/school/codes/": "from the script of the page that waits",
}

// named gives the addresses that the documents name, by member.
func (s *service) named(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, path := range documents {
		var m map[string]any
		check(t, json.Unmarshal(s.fetch(t, path).body, &m))
		for member, value := range m {
			address, ok := value.(string)
			if !ok || !strings.HasSuffix(member, "_endpoint") && !strings.HasSuffix(member, "_uri") {
				continue
			}
			if was, there := all[member]; there && was != address {
				t.Errorf("%s is %s in one document and %s in another", member, was, address)
			}
			all[member] = address
		}
	}
	return all
}

// RFC 8414 section 2, OpenID4VCI section 12.2.4, OpenID Connect Discovery section 3: whatever the metadata name is there, takes the
// method it is for and no other, and answers with what a cache must not keep.
func TestEveryEndpointThatIsNamedIsThere(t *testing.T) {
	s := newService(t)
	s.provider(t)
	s.start(t) // which trusts a wallet provider now
	all := s.named(t)
	if got, want := slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(endpoints)); !slices.Equal(got, want) {
		t.Errorf("named are %v\nwant %v", got, want)
	}
	for member, e := range endpoints {
		t.Run(member, func(t *testing.T) {
			a := s.bare(t, e.method, all[member])
			if a.status != e.status {
				t.Fatalf("%s %s: %d %s", e.method, all[member], a.status, a.body)
			}
			if e.code != "" && a.code(t) != e.code {
				t.Errorf("%s", a.body)
			}
			if kept := a.header.Get("Cache-Control"); (e.code != "" || e.method == http.MethodPost) && !strings.Contains(kept, "no-store") {
				t.Errorf("Cache-Control %q", kept)
			}
			for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch} {
				if method == e.method {
					continue
				}
				if a := s.bare(t, method, all[member]); a.status != http.StatusMethodNotAllowed && a.status != http.StatusNotFound {
					t.Errorf("%s: %d %s", method, a.status, a.body)
				}
			}
		})
	}
}

func (s *service) bare(t testing.TB, method, address string) answer {
	t.Helper()
	r, err := http.NewRequest(method, address, http.NoBody)
	check(t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", form)
	}
	return do(t, r)
}

// What is mounted for programs is named in the metadata, or found otherwise: a page is found by its links.
func TestEveryEndpointThatIsThereIsNamed(t *testing.T) {
	s := newService(t)
	s.provider(t)
	s.start(t)
	paths := map[string]bool{}
	for _, address := range s.named(t) {
		u, err := url.Parse(address)
		check(t, err)
		paths[u.Path] = true
	}
	found := func(path string) bool {
		if paths[path] {
			return true
		}
		for prefix := range elsewhere {
			if strings.HasPrefix(path, prefix) {
				return true
			}
		}
		return false
	}
	programs := 0
	for _, route := range s.routes(t) {
		if found(route.Path) {
			programs++
			continue
		}
		if route.Method == http.MethodPost && isCalled(route.Path) && !strings.HasPrefix(route.Path, "/endsession/") {
			t.Errorf("POST %s is for programs, and no metadata name it", route.Path)
		}
		if route.Method != http.MethodGet {
			continue
		}
		a := s.bare(t, http.MethodGet, s.url+parameter.ReplaceAllString(route.Path, "x"))
		if media := a.header.Get("Content-Type"); a.status < 300 && !strings.HasPrefix(media, "text/html") {
			t.Errorf("GET %s answers with %s, and no metadata name it", route.Path, media)
		}
	}
	if programs < 20 {
		t.Errorf("only %d routes were found in the metadata", programs)
	}
}

// Each way to authenticate a wallet that the metadata name works at both endpoints that demand it.
func TestEveryAuthenticationThatIsNamedWorks(t *testing.T) {
	s := newService(t)
	a := s.provider(t)
	s.start(t)
	var m struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	check(t, json.Unmarshal(s.fetch(t, documents[1]).body, &m))
	ways := map[string]func() *wallet{
		"none":                   func() *wallet { return s.wallet(t) },
		"attest_jwt_client_auth": func() *wallet { return s.attestedWallet(t, a) },
		"attest_jwt_client_auth_dpop": func() *wallet {
			w := s.attestedWallet(t, a)
			w.unit.key, w.unit.combined = w.key, true
			return w
		},
	}
	if len(m.Methods) != len(ways) {
		t.Errorf("named are %v", m.Methods)
	}
	for _, method := range m.Methods {
		t.Run(method, func(t *testing.T) {
			p, w := s.person(t, stjerne), ways[method]()
			p.t, w.t = t, t
			if token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode); token.TokenType != "DPoP" {
				t.Errorf("%+v", token)
			}
		})
	}
}
