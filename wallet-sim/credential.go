package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lommebok.example/wallet-sim/wallet"
)

// listed is a credential in the output of credential list and show, and of offer accept.
type listed struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Format        string    `json:"format"`
	Type          string    `json:"type"`
	Configuration string    `json:"credential_configuration_id"`
	Issuer        string    `json:"credential_issuer"`
	Copies        int       `json:"copies"`
	Stored        time.Time `json:"stored"`
	Expires       time.Time `json:"expires"`
	Expired       bool      `json:"expired"`
	Notified      string    `json:"notified,omitempty"`     // the event that the issuer was told
	NotNotified   string    `json:"not_notified,omitempty"` // why it was not told
}

func (c *cli) listed(one *wallet.Credential) listed {
	return listed{
		ID: one.ID, Name: one.Name("en"), Format: one.Format, Type: one.Type, Configuration: one.ConfigurationID, Issuer: one.Issuer,
		Copies: len(one.Copies), Stored: one.Stored, Expires: one.Expires, Expired: !one.Expires.After(c.now()),
		Notified: one.Notified, NotNotified: one.NotNotified,
	}
}

func (c *cli) listCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Args: none, Short: "what is in the wallet", Example: "  wallet-sim credential list --json | jq -r '.[].id'",
		RunE: func(*cobra.Command, []string) error {
			w, err := c.wallet()
			if err != nil {
				return err
			}
			all, err := w.Store.List()
			if err != nil {
				return err
			}
			answer := []listed{}
			for _, one := range all {
				answer = append(answer, c.listed(one))
			}
			return c.print(answer, func() {
				for _, one := range answer {
					c.say("%s  %-9s  %s  valid until %s  from %s", one.ID, one.Format, one.Name, one.Expires.Format(time.DateOnly), one.Issuer)
				}
				if len(answer) == 0 {
					c.say("the wallet is empty")
				}
			})
		},
	}
}

// showed is the output of show.
type showed struct {
	listed
	Claims map[string]any `json:"claims"`
	Raw    []string       `json:"raw"`
}

func (c *cli) showCommand() *cobra.Command {
	var raw bool
	cmd := &cobra.Command{
		Use: "show <id>", Args: one, Short: "one credential, decoded or raw", ValidArgsFunction: first(c.credentialNames),
		Example: "  wallet-sim credential show <id>\n  wallet-sim credential show <id> --raw | wallet-sim decode -",
		RunE: func(_ *cobra.Command, args []string) error {
			w, err := c.wallet()
			if err != nil {
				return err
			}
			one, err := w.Store.Get(args[0])
			if err != nil {
				return missing(err, "credential list")
			}
			decoded, err := one.Decode()
			if err != nil {
				return err
			}
			answer := showed{listed: c.listed(one), Claims: decoded.All}
			for _, text := range one.Copies {
				answer.Raw = append(answer.Raw, text.Credential)
			}
			if raw {
				return c.print(answer.Raw[0], func() { c.say("%s", answer.Raw[0]) })
			}
			return c.print(answer, func() {
				c.say("%s  %s\nissued by %s (%s)", one.Name("en"), one.Type, one.IssuerName("en"), one.Issuer)
				for _, claim := range decoded.Claims {
					c.say("  %s: %s", claim.Label("en"), claim.Value)
				}
				c.say("%d copies; --raw gives the first as it was issued", len(answer.Raw))
			})
		},
	}
	cmd.Flags().BoolVar(&raw, "raw", false, "the first copy as it was issued, and nothing else")
	return cmd
}

// missing says of what is not there how what is there is listed.
func missing(err error, list string) error {
	if errors.Is(err, wallet.ErrNotFound) {
		return fmt.Errorf("%w: see wallet-sim %s", err, list)
	}
	return err
}

func (c *cli) deleteCommand() *cobra.Command {
	return &cobra.Command{
		Use: "delete <id>", Args: one, Short: "deletes a credential with its keys; the issuer is told nothing",
		Example: "  wallet-sim credential delete <id>", ValidArgsFunction: first(c.credentialNames),
		RunE: func(_ *cobra.Command, args []string) error {
			w, err := c.wallet()
			if err != nil {
				return err
			}
			one, err := w.Store.Delete(args[0])
			if err != nil {
				return missing(err, "credential list")
			}
			gone := c.listed(one)
			return c.print(gone, func() { c.say("deleted %s  %s  %s", gone.ID, gone.Format, gone.Name) })
		},
	}
}
