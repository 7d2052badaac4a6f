package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/internal/serve"
	"lommebok.example/specs/oauth2"
)

// house is issuer and verifier on this machine, and the addresses of all three.
type house struct {
	data                           string
	ports                          [3]int // issuer, verifier, wallet
	tls                            bool
	issuerURL, verifierURL, ownURL string
	issuerChild, verifierChild     *child
	client                         *http.Client
	walletCheck                    time.Duration // how often the issuer looks at the wallet units
}

// house makes the folders, with tls the certificate authority, and settles the wallet in it: what it trusts, and where
// it is reached.
func (c *cli) house(data string, ports [3]int, tls bool) (*house, error) {
	data, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	scheme := "http"
	if tls {
		scheme = "https"
	}
	address := func(port int) string { return scheme + "://localhost:" + strconv.Itoa(port) }
	h := &house{data: data, ports: ports, tls: tls, issuerURL: address(ports[0]), verifierURL: address(ports[1]), ownURL: address(ports[2]), walletCheck: time.Minute}
	if err := h.prepare(); err != nil {
		return nil, err
	}
	c.trust, c.url, c.allowHTTP, c.providing = h.dir("trust"), h.ownURL, true, h.dir("wallet-provider")
	if tls {
		if _, err := serve.LocalTLS(h.dir("tls"), c.now()); err != nil {
			return nil, err
		}
		c.ca = h.authority()
	}
	if err := c.publishProvider(); err != nil {
		return nil, err
	}
	t, err := c.transport()
	h.client = &http.Client{Transport: t, Timeout: shortTimeout}
	return h, err
}

func listen(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func (h *house) dir(name string) string { return filepath.Join(h.data, name) }

// peopleFile holds what the test people sign in with, once the issuer has made them.
func (h *house) peopleFile() string { return filepath.Join(h.dir("issuer"), "test-people.json") }

// authority is the certificate authority of --tls.
func (h *house) authority() string { return filepath.Join(h.dir("tls"), serve.LocalAuthority) }

// start starts the issuer and then the verifier, and waits for each.
func (h *house) start(ctx context.Context) error {
	if err := h.register(); err != nil {
		return err
	}
	var err error
	if h.issuerChild, err = start("issuer", h.dir("logs"), h.issuerSettings()); err != nil {
		return err
	}
	if err := h.issuerChild.healthy(ctx, h.client, h.issuerURL+"/health"); err != nil {
		return err
	}
	if h.verifierChild, err = start("verifier", h.dir("logs"), h.verifierSettings()); err != nil {
		return err
	}
	return h.verifierChild.healthy(ctx, h.client, h.verifierURL+"/health")
}

// stop stops what was started, the last first.
func (h *house) stop() error { return errors.Join(h.verifierChild.stop(), h.issuerChild.stop()) }

// register writes the wallet that the issuer knows by name.
func (h *house) register() error {
	clients := []map[string]any{{
		"id": "wallet-sim", "name": "Lommeboksimulator", "redirect_uris": []string{h.ownURL + "/callback"},
		"token_endpoint_auth_method": oauth2.AuthAttestation,
	}}
	raw, err := json.MarshalIndent(clients, "", "  ")
	if err != nil {
		return err
	}
	return keys.Replace(h.data, "clients.json", append(raw, '\n'))
}

func (h *house) issuerSettings() map[string]string {
	set := map[string]string{
		"ISSUER_ADDR": listen(h.ports[0]), "ISSUER_URL": h.issuerURL, "ISSUER_DATA": h.dir("issuer"),
		"ISSUER_DATABASE": "sqlite:" + filepath.Join(h.dir("issuer"), "issuer.db"),
		"ISSUER_CLIENTS":  filepath.Join(h.data, "clients.json"), "TRUST_DIR": h.dir("trust"), "WALLET_URL": h.ownURL,
		"ISSUER_WALLET_CHECK": h.walletCheck.String(), "ISSUER_DEMO_SERVICES_URL": h.verifierURL, "DEMO_SERVICES_DIR": h.dir("demo-services"),
		"ISSUER_WALLET_LOGIN_URL":    h.verifierURL,
		"ISSUER_INSECURE_ALLOW_HTTP": strconv.FormatBool(!h.tls), "ISSUER_INSECURE_ALLOW_ANY_CLIENT": "true", "ISSUER_INSECURE_TEST_PEOPLE": "true",
		"ISSUER_TRANSACTIONS": "true",
	}
	if h.tls {
		set["ISSUER_TLS_DIR"] = h.dir("tls")
	}
	return set
}

func (h *house) verifierSettings() map[string]string {
	set := map[string]string{
		"VERIFIER_ADDR": listen(h.ports[1]), "VERIFIER_URL": h.verifierURL, "VERIFIER_DATA": h.dir("verifier"),
		"VERIFIER_DATABASE": "sqlite:" + filepath.Join(h.dir("verifier"), "verifier.db"), "VERIFIER_TRANSACTIONS": "true",
		"TRUST_DIR": h.dir("trust"), "WALLET_URL": h.ownURL, "VERIFIER_STATUS_MAX_AGE": "0s",
		"VERIFIER_MINID_URL": h.issuerURL, "DEMO_SERVICES_DIR": h.dir("demo-services"),
		"VERIFIER_INSECURE_ALLOW_HTTP": strconv.FormatBool(!h.tls),
	}
	if h.tls {
		set["VERIFIER_TLS_DIR"] = h.dir("tls")
	}
	return set
}

// prepare makes the folders that a database file needs.
func (h *house) prepare() error {
	for _, name := range []string{"issuer", "verifier", "trust", "logs"} {
		if err := os.MkdirAll(h.dir(name), 0o700); err != nil {
			return fmt.Errorf("the data folder: %w", err)
		}
	}
	return nil
}

const shortTimeout = 2 * time.Second // for /health
