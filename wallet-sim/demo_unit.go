package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lommebok.example/internal/observe"
	"lommebok.example/internal/serve"
	"lommebok.example/wallet-sim/provider"
)

// demoCheck is how often the issuer of the demonstration looks at the wallet units: nobody waits a day for it.
const demoCheck = time.Second

// withProvider serves the wallet provider's status lists while do runs.
func (c *cli) withProvider(ctx context.Context, h *house, do func(context.Context) error) error {
	p, err := c.provider()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(h.dir("logs"), "wallet.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	log := observe.Logger(file)
	var config *tls.Config
	if h.tls {
		if config, err = serve.LocalTLS(h.dir("tls"), c.now()); err != nil {
			return err
		}
	}
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- serve.Run(serving, serve.Config{
			Addr: listen(h.ports[2]), TLS: config, Log: log, Handler: http.StripPrefix(providerPath, p.Handler(log)),
		})
	}()
	err = do(ctx)
	stop()
	return errors.Join(err, <-ended, file.Close())
}

// revokeUnit has the provider revoke the official's wallet unit, as for a phone that is lost, and expects the PID in it to be
// revoked by the issuer, and nothing to be attested of the unit any more.
func (j *journey) revokeUnit(ctx context.Context) (string, error) {
	unit, ok := j.official.wallet.Attester.(provider.Unit)
	if !ok {
		return "", errors.New("expected a wallet with a wallet provider")
	}
	if err := unit.Provider.Revoke(unit.ID); err != nil {
		return "", err
	}
	var v *verdict
	for {
		var err error
		if v, err = j.official.present(ctx, "skatteetaten"); err != nil {
			return "", err
		}
		if !v.Accepted {
			break
		}
		select {
		case <-ctx.Done():
			return "", errors.New("expected the PID to be revoked within the time of this step")
		case <-time.After(pollEvery):
		}
	}
	made, failed := v.count()
	if len(failed) != 1 || !strings.HasPrefix(failed[0], "status: revoked") {
		return "", fmt.Errorf("expected one failed check, status: revoked, got: %v", failed)
	}
	if _, _, err := get(ctx, j.official.wallet, j.official.browser, j.house.issuerURL, configPID); !errors.Is(err, provider.ErrRevoked) {
		return "", fmt.Errorf("expected the provider to attest nothing of a revoked unit, got: %w", err)
	}
	return fmt.Sprintf("the PID was shown before and is refused now: 1 of %d checks failed: %s", made, failed[0]), nil
}
