package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"lommebok.example/wallet-sim/wallet"
)

// passphraseVariable holds the passphrase of a protected wallet; newPassphraseVariable the one that it is to get.
const (
	passphraseVariable    = "WALLET_SIM_PASSPHRASE"
	newPassphraseVariable = "WALLET_SIM_NEW_PASSPHRASE"
)

// walletName is what a wallet may be called: it is the name of a folder.
var walletName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// walletDir is the folder of the wallet that is meant.
func (c *cli) walletDir() (string, error) {
	if c.name == "" {
		return filepath.Join(c.data, "wallet"), nil
	}
	if !walletName.MatchString(c.name) {
		return "", usage("--wallet: expected small letters, digits, - and _, 64 at most, got %q", c.name)
	}
	return filepath.Join(c.data, "wallets", c.name), nil
}

// store opens the wallet's folder, with its passphrase when it has one.
func (c *cli) store() (*wallet.Store, error) {
	dir, err := c.walletDir()
	if err != nil {
		return nil, err
	}
	return wallet.OpenStore(dir, func() (string, error) { return c.passphrase(passphraseVariable, "Passphrase of the wallet: ") })
}

// passphrase comes from the environment or from a terminal, where it is not shown. It is never an argument, which others on the
// machine could read.
func (c *cli) passphrase(variable, prompt string) (string, error) {
	if given := os.Getenv(variable); given != "" {
		return given, nil
	}
	f, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", usage("the wallet takes a passphrase: set %s, or run this on a terminal", variable)
	}
	_, _ = fmt.Fprint(c.errs, prompt)
	typed, err := term.ReadPassword(int(f.Fd()))
	_, _ = fmt.Fprintln(c.errs)
	return string(typed), err
}

// walletState is a wallet in the output of the wallet commands.
type walletState struct {
	Name      string `json:"name"` // "" for the one that is used without --wallet
	Dir       string `json:"dir"`
	Protected bool   `json:"protected"`
}

func (c *cli) walletState() (walletState, error) {
	dir, err := c.walletDir()
	if err != nil {
		return walletState{}, err
	}
	protected, err := wallet.Protected(dir)
	return walletState{c.name, dir, protected}, err
}

func (c *cli) walletsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Args: none, Short: "the wallets in the data folder", Example: "  wallet-sim wallet list",
		RunE: func(*cobra.Command, []string) error {
			names := []string{""}
			entries, err := os.ReadDir(filepath.Join(c.data, "wallets"))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			for _, e := range entries {
				if e.IsDir() && walletName.MatchString(e.Name()) {
					names = append(names, e.Name())
				}
			}
			var all []walletState
			for _, name := range names {
				one := *c
				one.name = name
				state, err := one.walletState()
				if err != nil {
					return err
				}
				all = append(all, state)
			}
			return c.print(all, func() {
				for _, one := range all {
					c.sayWallet(one)
				}
			})
		},
	}
}

func (c *cli) sayWallet(one walletState) {
	how := "not protected"
	if one.Protected {
		how = "protected by a passphrase"
	}
	c.say("%-12s  %s  %s", cmp.Or(one.Name, "(default)"), one.Dir, how)
}

func (c *cli) protectCommand() *cobra.Command {
	return &cobra.Command{
		Use: "protect", Args: none, Short: "gives the wallet a passphrase, or another",
		Long: "Everything in the folder of the wallet that holds a key, a credential or a token is encrypted (XChaCha20-Poly1305, its key by argon2id from the\n" +
			"passphrase). The passphrase is asked for on the terminal, or read from " + newPassphraseVariable + ". The keys of MinID apps are the telephone's, not the\nwallet's, and stay as they are.",
		Example: "  wallet-sim wallet protect\n  wallet-sim wallet protect --wallet second",
		RunE:    func(*cobra.Command, []string) error { return c.protect() },
	}
}

func (c *cli) protect() error {
	s, err := c.store()
	if err != nil {
		return err
	}
	passphrase, err := c.passphrase(newPassphraseVariable, "New passphrase: ")
	if err != nil {
		return err
	}
	if os.Getenv(newPassphraseVariable) == "" {
		again, err := c.passphrase(newPassphraseVariable, "Once more: ")
		if err != nil {
			return err
		}
		if again != passphrase {
			return usage("the two are not the same")
		}
	}
	if err := s.Protect(passphrase, wallet.Argon2{}); err != nil {
		return err
	}
	return c.tellWallet()
}

func (c *cli) unprotectCommand() *cobra.Command {
	return &cobra.Command{
		Use: "unprotect", Args: none, Short: "decrypts the wallet, so that its files can be read again", Example: "  wallet-sim wallet unprotect",
		RunE: func(*cobra.Command, []string) error {
			s, err := c.store()
			if err != nil {
				return err
			}
			if err := s.Unprotect(); err != nil {
				return err
			}
			return c.tellWallet()
		},
	}
}

func (c *cli) tellWallet() error {
	state, err := c.walletState()
	if err != nil {
		return err
	}
	return c.print(state, func() { c.sayWallet(state) })
}
