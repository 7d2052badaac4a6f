// Package passporttest is a service that checks passports, for tests: a real one on loopback, which signs whatever it is
// told to have found.
package passporttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"lommebok.example/specs/jose"
)

// Service is the counterpart. Holder is whose passport is shown next. Change, when set, has the last word on the claims
// before they are signed, and Signer signs in place of Key.
type Service struct {
	URL, Token string
	Key        *ecdsa.PrivateKey
	Holder     string
	Now        func() time.Time
	Change     func(claims map[string]any)
	Signer     *ecdsa.PrivateKey
	Typ        string
	Address    string // in place of its own

	mu     sync.Mutex
	checks map[string]string // state → return_to
}

// New starts a service.
func New(t testing.TB, now func() time.Time) *Service {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{Token: "a token that the service gave us", Key: key, Now: now, Typ: "passport-check+jwt", checks: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /checks", s.start)
	mux.HandleFunc("GET /check/{state}", s.visit)
	mux.HandleFunc("POST /result", s.result)
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	s.URL = listener.URL
	return s
}

type request struct {
	ClientID string `json:"client_id"`
	State    string `json:"state"`
	ReturnTo string `json:"return_to"`
}

func (s *Service) read(w http.ResponseWriter, r *http.Request) (q request, ok bool) {
	if r.Header.Get("Authorization") != "Bearer "+s.Token || json.NewDecoder(r.Body).Decode(&q) != nil || q.ClientID == "" || q.State == "" {
		w.WriteHeader(http.StatusUnauthorized)
		return q, false
	}
	return q, true
}

func (s *Service) start(w http.ResponseWriter, r *http.Request) {
	q, ok := s.read(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	s.checks[q.State] = q.ReturnTo
	s.mu.Unlock()
	address := s.URL + "/check/" + q.State
	if s.Address != "" {
		address = s.Address
	}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]string{"address": address})
}

// visit is where the person holds the passport to the telephone. Here that is done at once.
func (s *Service) visit(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	back := s.checks[r.PathValue("state")]
	s.mu.Unlock()
	w.Header().Set("Location", back+"?state="+r.PathValue("state"))
	w.WriteHeader(http.StatusSeeOther)
}

func (s *Service) result(w http.ResponseWriter, r *http.Request) {
	q, ok := s.read(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	_, known := s.checks[q.State]
	s.mu.Unlock()
	if !known {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	claims := map[string]any{
		"iss": s.URL, "aud": q.ClientID, "nonce": q.State, "sub": s.Holder, "jti": "case-7", "chip": true, "face": true,
		"iat": s.Now().Unix(), "exp": s.Now().Add(5 * time.Minute).Unix(),
	}
	if s.Change != nil {
		s.Change(claims)
	}
	key := s.Key
	if s.Signer != nil {
		key = s.Signer
	}
	signer, err := jose.NewSigner(key, jose.Header{Typ: s.Typ})
	if err == nil {
		var signed string
		if signed, err = signer.SignJSON(claims); err == nil {
			w.Header().Set("Content-Type", "application/jwt")
			_, _ = w.Write([]byte(signed))
			return
		}
	}
	http.Error(w, err.Error(), http.StatusInternalServerError)
}
