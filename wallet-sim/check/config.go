package check

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"lommebok.example/wallet-sim/browser"
)

// ErrConfig: a file is no configuration of a check.
var ErrConfig = errors.New("check: not a configuration")

// ConfigExample is what a configuration can say.
const ConfigExample = `# How to sign in at the issuer's authorization server. On each page the
# first entry is used whose fields or buttons the page has.
login:
  # the form with these fields is sent, filled in so
  - fields: {username: alice, password: secret}
  # the form with this field is sent with the one-time code of now
  - code: otp
  # the form with this button is sent by it
  - press: {consent: "yes"}
# base32, for code
totp_secret: JBSWY3DPEHPK3PXP
# true: a person opens the address, once, and pastes the one that the
# browser ends at
pause: false

# How a verifier comes to ask: a page, whose form is sent, that holds or leads
# to a link such as openid4vp://?client_id=…
request:
  page: https://verifier.example/start
  # where the form goes, as it stands there; left out: the page holds the link
  form: /start
  fields: {service: age}
  # in place of a page, a program that prints the link:
  # command: [./new-request.sh]
  # true: the link is for a wallet on another device, which is sent nowhere
  # afterwards
  cross_device: false
  # on the page behind redirect_uri, for a verifier that answers each wallet
  # with 200
  accepted: You are in
`

// Config is how to come where a check begins.
type Config struct {
	Login      []browser.Fill `yaml:"login"`
	TOTPSecret string         `yaml:"totp_secret"`
	Pause      bool           `yaml:"pause"`
	Request    Source         `yaml:"request"`
}

// ReadConfig reads a file. Errors: ErrConfig, and those of the file.
func ReadConfig(name string) (*Config, error) {
	raw, err := os.ReadFile(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	return ParseConfig(raw)
}

// ParseConfig reads what ConfigExample shows; an unknown member is refused. Errors: ErrConfig.
func ParseConfig(raw []byte) (*Config, error) {
	var c Config
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	for n, f := range c.Login {
		switch {
		case len(f.Fields) == 0 && f.Code == "" && len(f.Press) == 0:
			return nil, fmt.Errorf("%w: login: entry %d: expected fields, code or press", ErrConfig, n+1)
		case f.Code != "" && c.TOTPSecret == "":
			return nil, fmt.Errorf("%w: login: entry %d: code takes totp_secret", ErrConfig, n+1)
		}
	}
	if c.Request.Page != "" && len(c.Request.Command) > 0 {
		return nil, fmt.Errorf("%w: request: expected page or command, not both", ErrConfig)
	}
	return &c, nil
}
