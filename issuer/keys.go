package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/caarlos0/env/v11"

	"lommebok.example/internal/keys"
	"lommebok.example/issuer/server"
)

// keysEvery is how often a running service looks for keys that another process made.
const keysEvery = 10 * time.Second

// openVault opens where the keys are: files in the data folder, or a token.
func openVault(set settings, now func() time.Time) (keys.Vault, error) {
	switch set.Keys {
	case "files":
		return keys.Files{Dir: filepath.Join(set.Data, "keys")}, nil
	case "pkcs11":
		return keys.OpenPKCS11(keys.PKCS11Config{Module: set.PKCS11Module, Token: set.PKCS11Token, PINFile: set.PKCS11PIN, Now: now})
	}
	return nil, fmt.Errorf("ISSUER_KEYS: expected files or pkcs11, got %q", set.Keys)
}

func keysCommand(now func() time.Time) *cobra.Command {
	c := &cobra.Command{Use: "keys", Short: "The keys by purpose"}
	c.AddCommand(&cobra.Command{
		Use: "list", Short: "Lists the keys with the time from which each is used", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withVault(now, func(v keys.Vault) error {
				for _, purpose := range server.KeyPurposes() {
					all, err := v.Keys(purpose)
					if err != nil {
						return err
					}
					for _, k := range all {
						cmd.Printf("%s\t%s\n", purpose, k.From.UTC().Format(time.RFC3339))
					}
				}
				return nil
			})
		},
	})
	var after time.Duration
	rotate := &cobra.Command{
		Use: "rotate PURPOSE", Short: "Makes the next key of a purpose; running services take it over within seconds of its time",
		Args: cobra.ExactArgs(1), ValidArgs: server.KeyPurposes(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cobra.OnlyValidArgs(cmd, args); err != nil {
				return err
			}
			return withVault(now, func(v keys.Vault) error {
				k, err := v.Make(args[0], now().Add(after))
				if err == nil {
					cmd.Printf("%s\t%s\n", args[0], k.From.UTC().Format(time.RFC3339))
				}
				return err
			})
		},
	}
	rotate.Flags().DurationVar(&after, "after", 0, "how long from now the key comes into use; for openid 24h, so that services have seen it")
	c.AddCommand(rotate)
	return c
}

func withVault(now func() time.Time, f func(keys.Vault) error) error {
	set, err := env.ParseAs[settings]()
	if err != nil {
		return err
	}
	v, err := openVault(set, now)
	if err != nil {
		return err
	}
	defer func() { _ = v.Close() }() // nothing is left to be written
	return f(v)
}

// refreshKeys is the work of each look for keys.
func refreshKeys(s *server.Server) func(context.Context) error {
	return func(context.Context) error { return s.RefreshKeys() }
}
