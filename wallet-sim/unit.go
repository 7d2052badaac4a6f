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
	dir := c.providing
	if dir == "" {
		dir = filepath.Join(c.data, "wallet-provider")
	}
	return provider.Open(dir, c.url+providerPath, c.now)
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

func (c *cli) walletDir() string { return filepath.Join(c.data, "wallet") }

// unit is this wallet at its provider, a new one at the first call.
func (c *cli) unit() (provider.Unit, error) {
	p, err := c.provider()
	if err != nil {
		return provider.Unit{}, err
	}
	id, err := keys.Keep(c.walletDir(), unitFile, func() ([]byte, error) { return []byte(provider.NewUnit()), nil })
	return provider.Unit{Provider: p, ID: string(id), ClientID: c.clientID}, err
}

// attester is nil for a plain wallet.
func (c *cli) attester() (wallet.Attester, error) {
	if c.plain {
		return nil, nil
	}
	return c.unit()
}

// unitState is the answer of unit.
type unitState struct {
	ID      string `json:"wallet_unit"`
	Revoked bool   `json:"revoked"`
}

func (c *cli) unitCommand() *cobra.Command {
	return &cobra.Command{
		Use: "unit [revoke|new]", Args: cobra.MaximumNArgs(1), ValidArgs: []string{"revoke", "new"},
		Short: "the wallet unit at its wallet provider",
		Long: "Tells which wallet unit this wallet is. With revoke, the wallet provider revokes it, as for a phone that is lost: an issuer that holds a PID to\n" +
			"it revokes the PID within a day. With new, the wallet becomes a new unit; what it holds stays.",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{""}
			}
			return c.changeUnit(args[0])
		},
	}
}

func (c *cli) changeUnit(what string) error {
	u, err := c.unit()
	if err != nil {
		return err
	}
	switch what {
	case "":
	case "revoke":
		err = u.Provider.Revoke(u.ID)
	case "new":
		u.ID = provider.NewUnit()
		err = keys.Replace(c.walletDir(), unitFile, []byte(u.ID))
	default:
		return usage("unit: expected revoke or new, got %q", what)
	}
	if err != nil {
		return err
	}
	revoked, err := u.Provider.Revoked(u.ID)
	if err != nil {
		return err
	}
	return c.print(unitState{ID: u.ID, Revoked: revoked}, func() {
		state := "good"
		if revoked {
			state = "revoked; `unit new` makes this wallet another unit"
		}
		c.say("wallet unit %s: %s", u.ID, state)
	})
}
