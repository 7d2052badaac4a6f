package server

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"lommebok.example/internal/fetch"
	"lommebok.example/minid/passport"
	"lommebok.example/specs/jose"
)

// Passport is the service that checks passports: its address without final slash, the token that it knows us by, and the key
// that signs its results.
type Passport struct {
	URL, Token string
	Key        *ecdsa.PublicKey
}

// ParsePassport reads it from JSON: {"url": "https://…", "token": "…", "key": {"kty": "EC", …}}.
func ParsePassport(raw []byte) (*Passport, error) {
	var file struct {
		URL   string          `json:"url"`
		Token string          `json:"token"`
		Key   json.RawMessage `json:"key"`
	}
	// What is wrong is told without the text around it: it holds the token.
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := jose.CheckJSON(raw); err != nil {
		return nil, fmt.Errorf("%w: passport check: %w", ErrConfig, err)
	}
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%w: passport check: expected the members url, token and key", ErrConfig)
	}
	_, key, err := jose.ParseJWK(file.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: passport check: key: %w", ErrConfig, err)
	}
	return &Passport{URL: file.URL, Token: file.Token, Key: key}, nil
}

func (cfg Config) checkPassport() error {
	if cfg.Passport == nil {
		return nil
	}
	u, err := url.Parse(cfg.Passport.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(cfg.Passport.URL, "/") ||
		(u.Scheme != "https" && !(u.Scheme == "http" && cfg.InsecureAllowHTTP)):
		return fmt.Errorf("%w: the address of the passport check must be https, without user, query and final slash", ErrConfig)
	case cfg.Passport.Token == "" || cfg.Passport.Key == nil:
		return fmt.Errorf("%w: the passport check needs a token and a key", ErrConfig)
	}
	return nil
}

// setPassport lets people have their passport checked, where that is configured.
func (g *ground) setPassport(cfg Config, deps Deps) {
	if cfg.Passport == nil {
		return
	}
	g.core.Passport = &passport.Client{
		URL: cfg.Passport.URL, Token: cfg.Passport.Token, Key: cfg.Passport.Key, ClientID: cfg.URL,
		ReturnTo: cfg.URL + "/minid/passport/return", Now: deps.Now,
		HTTP: fetch.New(fetch.Config{Roots: deps.Roots, InsecureAllowLoopback: cfg.InsecureAllowLoopback}),
	}
}
