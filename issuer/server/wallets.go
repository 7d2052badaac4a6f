package server

import (
	"path/filepath"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/issuer/wallets"
)

// maxStatusList bounds a wallet provider's status list as it is sent.
const maxStatusList = 1 << 20

// newWallets knows the wallet providers whose anchors are in wallet-providers below the trust folder.
func newWallets(cfg Config, deps Deps) *wallets.Statuses {
	dir := ""
	if cfg.TrustDir != "" {
		dir = filepath.Join(cfg.TrustDir, "wallet-providers")
	}
	return &wallets.Statuses{
		Providers: &wallets.Providers{Dir: dir, Log: deps.Log},
		Fetch: fetch.New(fetch.Config{
			Timeout: 3 * time.Second, MaxBytes: maxStatusList, Roots: deps.Roots, InsecureAllowLoopback: cfg.InsecureAllowLoopback,
		}),
	}
}
