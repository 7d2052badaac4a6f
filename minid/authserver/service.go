package authserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"lommebok.example/minid"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oidc"
)

// Service is a relying party that logs people in: a confidential client (RFC 6749 section 2.1) of the public sector, so that
// nobody is asked whether it may know who they are.
type Service struct {
	ID                     string
	Name                   Words
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
	FrontchannelLogoutURI  string // "" for none
	FrontchannelSession    bool   // it wants iss and sid there (Front-Channel Logout 1.0 section 2)
	BackchannelLogoutURI   string // "" for none
	BackchannelSession     bool   // it wants sid there (Back-Channel Logout 1.0 section 2.2)
	Auth                   string // method of oidc.AuthPrivateKeyJWT, AuthSecretBasic, AuthSecretPost
	Keys                   jose.JWKS
	Secret                 Hash        // of a secret of at least minSecret characters, chosen at random
	Level                  minid.Level // at least
}

// Words are the same text in each language.
type Words struct {
	NB string `yaml:"nb"`
	NN string `yaml:"nn"`
	EN string `yaml:"en"`
}

// In gives the text in a language, bokmål when it is another than the three.
func (w Words) In(lang string) string {
	switch lang {
	case "nn":
		return w.NN
	case "en":
		return w.EN
	}
	return w.NB
}

// knowsSessions tells whether the service is given sid.
func (s *Service) knowsSessions() bool { return s.FrontchannelSession || s.BackchannelSession }

// service finds a service, or nil.
func (o *OpenID) service(id string) *Service {
	if o == nil {
		return nil
	}
	for i := range o.Services {
		if o.Services[i].ID == id {
			return &o.Services[i]
		}
	}
	return nil
}

// checkServices finds mistakes in the registered services when the server starts.
func checkServices(services []Service, wallets []Client) error {
	taken := map[string]bool{}
	for _, w := range wallets {
		taken[w.ID] = true
	}
	for i := range services {
		s := &services[i]
		if taken[s.ID] {
			return fmt.Errorf("%w: the client_id %q is taken", ErrConfig, s.ID)
		}
		taken[s.ID] = true
		if err := s.check(); err != nil {
			return fmt.Errorf("%w: service %q: %w", ErrConfig, s.ID, err)
		}
	}
	return nil
}

func (s *Service) check() error {
	switch {
	case s.ID == "" || len(s.ID) > maxClientID || !visible(s.ID):
		return fmt.Errorf("client_id: expected printable ASCII characters, at most %d", maxClientID)
	case s.Name.NB == "" || s.Name.NN == "" || s.Name.EN == "":
		return fmt.Errorf("name: expected nb, nn and en")
	case len(s.RedirectURIs) == 0:
		return fmt.Errorf("redirect_uris: expected at least one")
	case s.Level < minid.LevelLow || s.Level > minid.LevelHigh:
		return fmt.Errorf("least_level: expected low, substantial or high")
	case s.FrontchannelSession && s.FrontchannelLogoutURI == "", s.BackchannelSession && s.BackchannelLogoutURI == "":
		return fmt.Errorf("a logout session is required at no logout address")
	}
	for _, uri := range slices.Concat(s.RedirectURIs, s.PostLogoutRedirectURIs, []string{s.FrontchannelLogoutURI, s.BackchannelLogoutURI}) {
		if uri == "" {
			continue
		}
		if err := checkRedirectForm(uri); err != nil || !strings.HasPrefix(uri, "http") {
			return fmt.Errorf("addresses: expected https, or http on loopback, without fragment")
		}
	}
	return s.checkAuth()
}

func (s *Service) checkAuth() error {
	switch s.Auth {
	case oidc.AuthPrivateKeyJWT:
		for _, k := range s.Keys.Keys {
			if _, err := k.PublicKey(); err != nil {
				return fmt.Errorf("jwks: %w", err)
			}
		}
		if len(s.Keys.Keys) == 0 || s.Secret != (Hash{}) {
			return fmt.Errorf("private_key_jwt: expected jwks and no client_secret_sha256")
		}
	case oidc.AuthSecretBasic, oidc.AuthSecretPost:
		if s.Secret == (Hash{}) || len(s.Keys.Keys) > 0 {
			return fmt.Errorf("%s: expected client_secret_sha256 and no jwks", s.Auth)
		}
	default:
		return fmt.Errorf("token_endpoint_auth_method: expected private_key_jwt, client_secret_basic or client_secret_post")
	}
	return nil
}

// serviceFile is the form of a file of services; the names are those of OpenID Connect Dynamic Client Registration 1.0
// section 2 where it has them.
type serviceFile struct {
	Services []struct {
		ID                     string         `yaml:"client_id"`
		Name                   Words          `yaml:"name"`
		RedirectURIs           []string       `yaml:"redirect_uris"`
		PostLogoutRedirectURIs []string       `yaml:"post_logout_redirect_uris"`
		FrontchannelLogoutURI  string         `yaml:"frontchannel_logout_uri"`
		FrontchannelSession    bool           `yaml:"frontchannel_logout_session_required"`
		BackchannelLogoutURI   string         `yaml:"backchannel_logout_uri"`
		BackchannelSession     bool           `yaml:"backchannel_logout_session_required"`
		Auth                   string         `yaml:"token_endpoint_auth_method"`
		Keys                   map[string]any `yaml:"jwks"`
		Secret                 string         `yaml:"client_secret_sha256"` // base64url of SHA-256 of the secret
		Level                  string         `yaml:"least_level"`
	} `yaml:"services"`
}

// ParseServices reads a file of services, YAML or JSON. A member that is not known is refused. ErrConfig.
func ParseServices(raw []byte) ([]Service, error) {
	var f serviceFile
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: services: %w", ErrConfig, err)
	}
	services := make([]Service, 0, len(f.Services))
	for _, e := range f.Services {
		s := Service{
			ID: e.ID, Name: e.Name, RedirectURIs: e.RedirectURIs, PostLogoutRedirectURIs: e.PostLogoutRedirectURIs,
			FrontchannelLogoutURI: e.FrontchannelLogoutURI, FrontchannelSession: e.FrontchannelSession,
			BackchannelLogoutURI: e.BackchannelLogoutURI, BackchannelSession: e.BackchannelSession, Auth: e.Auth,
		}
		err := s.read(e.Keys, e.Secret, e.Level)
		if err == nil {
			err = s.check()
		}
		if err != nil {
			return nil, fmt.Errorf("%w: service %q: %w", ErrConfig, e.ID, err)
		}
		services = append(services, s)
	}
	return services, nil
}

func (s *Service) read(keys map[string]any, secret, level string) (err error) {
	if s.Level, err = minid.ParseLevel(level); err != nil {
		return fmt.Errorf("least_level: %w", err)
	}
	return s.readCredentials(keys, secret)
}

func (s *Service) readCredentials(keys map[string]any, secret string) error {
	if keys != nil {
		raw, err := json.Marshal(keys)
		if err != nil {
			return fmt.Errorf("jwks: %w", err)
		}
		if err := jose.Unmarshal(raw, &s.Keys); err != nil {
			return fmt.Errorf("jwks: %w", err)
		}
	}
	if secret != "" {
		hash, err := jose.DecodeBase64URL(secret)
		if err != nil || len(hash) != len(s.Secret) {
			return fmt.Errorf("client_secret_sha256: expected base64url of 32 bytes")
		}
		s.Secret = Hash(hash)
	}
	return nil
}
