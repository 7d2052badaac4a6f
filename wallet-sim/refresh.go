package main

import (
	"context"
	"errors"
	"net/url"

	"github.com/spf13/cobra"

	"lommebok.example/wallet-sim/wallet"
)

func (c *cli) refreshCommand() *cobra.Command {
	return &cobra.Command{
		Use: "refresh <credential>", Args: one,
		Short:   "gets a credential again, by refresh token: without a sign-in",
		Example: "  wallet-sim credential refresh <id>", ValidArgsFunction: first(c.credentialNames),
		RunE: func(cmd *cobra.Command, args []string) error { return c.refresh(cmd.Context(), args[0]) },
	}
}

func (c *cli) refresh(ctx context.Context, id string) error {
	w, err := c.wallet()
	if err != nil {
		return err
	}
	got, err := w.Renew(ctx, id)
	if later := (*wallet.Later)(nil); errors.As(err, &later) {
		answer := accepted{Stored: []listed{}, Pending: toPending(later.Pending)}
		return c.printStored(answer)
	}
	if err != nil {
		return missing(err, "credential list")
	}
	one := c.listed(got)
	return c.print(accepted{Stored: []listed{one}}, func() {
		c.say("renewed %s  %s  %s  %d copies, valid until %s", one.ID, one.Format, one.Name, one.Copies, one.Expires.Format("2006-01-02"))
	})
}

// hostOf names who is asked, for people.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
