package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"lommebok.example/internal/keys"
	"lommebok.example/wallet-sim/provider"
	"lommebok.example/wallet-sim/wallet"
)

// providerPath is where the wallet provider's status lists stand below the simulator's own address.
const providerPath = "/wallet-provider"

// provider opens the stand-in wallet provider, which is made at the first call.
func (c *cli) provider() (*provider.Provider, error) {
	return provider.Open(c.providerDir(), c.url+providerPath, c.now)
}

func (c *cli) providerDir() string {
	if c.providing != "" {
		return c.providing
	}
	return filepath.Join(c.data, "wallet-provider")
}

// publishProvider makes the wallet provider known to the issuers of this machine.
func (c *cli) publishProvider() error {
	p, err := c.provider()
	if err != nil {
		return err
	}
	return p.Publish(c.trustDir())
}

// unitFile holds the identifier of the wallet unit.
const unitFile = "wallet-unit"

// unit is this wallet at its provider, a new one at the first call.
func (c *cli) unit() (provider.Unit, error) {
	p, err := c.provider()
	if err != nil {
		return provider.Unit{}, err
	}
	dir, err := c.walletDir()
	if err != nil {
		return provider.Unit{}, err
	}
	id, err := keys.Keep(dir, unitFile, func() ([]byte, error) { return []byte(provider.NewUnit()), nil })
	return provider.Unit{Provider: p, ID: string(id), ClientID: c.clientID}, err
}

// attester is nil for a plain wallet.
func (c *cli) attester() (wallet.Attester, error) {
	if c.plain {
		return nil, nil
	}
	return c.unit()
}

// unitState is the answer of the unit commands.
type unitState struct {
	ID      string `json:"wallet_unit"`
	Revoked bool   `json:"revoked"`
}

func (c *cli) unitCommands() []*cobra.Command {
	verb := func(name, short, long string, change func(*provider.Unit) error) *cobra.Command {
		return &cobra.Command{
			Use: name, Args: none, Short: short, Long: long, Example: "  wallet-sim unit " + name,
			RunE: func(*cobra.Command, []string) error { return c.tellUnit(change) },
		}
	}
	return []*cobra.Command{
		verb("show", "which wallet unit this wallet is, and whether it is revoked", "", func(*provider.Unit) error { return nil }),
		verb("revoke", "the wallet provider revokes the unit, as for a phone that is lost",
			"The wallet provider revokes the wallet unit: an issuer that holds a PID to it revokes the PID within a day.",
			func(u *provider.Unit) error { return u.Provider.Revoke(u.ID) }),
		verb("new", "the wallet becomes a new unit; what it holds stays", "", func(u *provider.Unit) error {
			dir, err := c.walletDir()
			if err != nil {
				return err
			}
			u.ID = provider.NewUnit()
			return keys.Replace(dir, unitFile, []byte(u.ID))
		}),
	}
}

func (c *cli) tellUnit(change func(*provider.Unit) error) error {
	u, err := c.unit()
	if err != nil {
		return err
	}
	if err := change(&u); err != nil {
		return err
	}
	revoked, err := u.Provider.Revoked(u.ID)
	if err != nil {
		return err
	}
	return c.print(unitState{ID: u.ID, Revoked: revoked}, func() {
		state := "good"
		if revoked {
			state = "revoked; `wallet-sim unit new` makes this wallet another unit"
		}
		c.say("wallet unit %s: %s", u.ID, state)
	})
}
