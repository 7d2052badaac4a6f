package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"lommebok.example/wallet-sim/wallet"
)

// pending is a credential that comes later, in the output of offer accept and credential pending.
type pending struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Configuration string    `json:"credential_configuration_id"`
	Issuer        string    `json:"credential_issuer"`
	Ordered       time.Time `json:"ordered"`
	Next          time.Time `json:"next"`
}

func toPending(all []*wallet.Pending) []pending {
	list := []pending{}
	for _, p := range all {
		list = append(list, pending{p.ID, p.Name("en"), p.ConfigurationID, p.Flow.Plan.Issuer.CredentialIssuer, p.Ordered, p.Next})
	}
	return list
}

func (c *cli) sayPending(all []pending) {
	for _, one := range all {
		c.say("pending %s  %s  from %s, not before %s; pick it up with: wallet-sim credential collect %s", one.ID, one.Name, one.Issuer, one.Next.Local().Format(time.DateTime), one.ID)
	}
}

// laterOf notes in the answer what comes later, or waits for it: what was got then comes with the rest.
func (c *cli) laterOf(ctx context.Context, w *wallet.Wallet, answer *accepted, got []*wallet.Credential, err error, wait bool) ([]*wallet.Credential, error) {
	var later *wallet.Later
	switch {
	case !errors.As(err, &later):
		return got, err
	case !wait:
		answer.Pending = toPending(later.Pending)
		return got, nil
	}
	for _, p := range later.Pending {
		one, err := w.Await(ctx, p.ID)
		if err != nil {
			return got, err
		}
		got = append(got, one)
	}
	return got, nil
}

func (c *cli) pendingCommand() *cobra.Command {
	return &cobra.Command{
		Use: "pending", Args: none, Short: "what issuers give later (deferred issuance)", Example: "  wallet-sim credential pending",
		RunE: func(*cobra.Command, []string) error {
			w, err := c.wallet()
			if err != nil {
				return err
			}
			all, err := w.Store.Pending()
			if err != nil {
				return err
			}
			list := toPending(all)
			return c.print(list, func() {
				c.sayPending(list)
				if len(list) == 0 {
					c.say("nothing is pending")
				}
			})
		},
	}
}

func (c *cli) collectCommand() *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use: "collect <pending>", Args: one, Short: "asks the issuer for a credential that was to come later",
		Example: "  wallet-sim credential collect <pending> --wait", ValidArgsFunction: first(c.pendingNames),
		RunE: func(cmd *cobra.Command, args []string) error { return c.collect(cmd.Context(), args[0], wait) },
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "ask again as often as the issuer says, until it is there")
	return cmd
}

func (c *cli) collect(ctx context.Context, id string, wait bool) error {
	w, err := c.wallet()
	if err != nil {
		return err
	}
	one, err := w.PickUp(ctx, id)
	if errors.Is(err, wallet.ErrNotFound) {
		return missing(err, "credential pending")
	}
	var got []*wallet.Credential
	if err == nil {
		got = append(got, one)
	}
	answer := accepted{Stored: []listed{}}
	if got, err = c.laterOf(ctx, w, &answer, got, err, wait); err != nil {
		return err
	}
	for _, one := range got {
		answer.Stored = append(answer.Stored, c.listed(one))
	}
	return c.printStored(answer)
}
