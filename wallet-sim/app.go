package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lommebok.example/minid"
	"lommebok.example/minid/app"
	"lommebok.example/specs/oauth2"
	records "lommebok.example/transaction"
	"lommebok.example/wallet-sim/phone"
)

// paired is the answer of app pair.
type paired struct {
	Device string `json:"device"`
	Owner  string `json:"owner"`
	Person string `json:"person"` // masked, as MinID tells it
	MinID  string `json:"minid"`
}

func (c *cli) pairCommand() *cobra.Command {
	var address, owner string
	var yes bool
	cmd := &cobra.Command{
		Use: "pair <code>", Args: one, Short: "pairs the MinID app with the person whose code it is",
		Long:    "The code may come on standard input, as -, or stand in a file. Whose it is is shown before anything is paired.",
		Example: "  wallet-sim app pair ABCD-EFGH-JKLM --minid http://localhost:8080 --owner 'EKSAKT KARIES'\n  wallet-sim app pair - --minid https://issuer.example --owner me --yes < code",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes && (c.json || args[0] == stdin) {
				return usage("with --json, or a code on standard input, say --yes: there is nobody to ask")
			}
			if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
				return usage("--minid: expected an address such as http://localhost:8080, got %q", address)
			}
			code, err := c.text(args[0])
			if err != nil {
				return err
			}
			devices, err := c.devices()
			if err != nil {
				return err
			}
			one, person, err := devices.Look(cmd.Context(), address, owner, code)
			if err != nil {
				return err
			}
			if !yes {
				agreed, err := c.agrees(fmt.Sprintf("The code is that of %s, at %s. Pair? [y/N] ", person, address))
				if err != nil || !agreed {
					c.say("not paired; the code was shown to this telephone, and serves no other: another is needed to try again")
					return errors.Join(err, devices.Forget(one.ID))
				}
			}
			if one, err = devices.Confirm(cmd.Context(), one, code); err != nil {
				return err
			}
			return c.print(paired{one.ID, owner, person, address}, func() { c.say("paired %s with %s (%s) at %s", one.ID, owner, person, address) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&address, "minid", "http://localhost:8080", "address of the MinID to pair with")
	f.StringVar(&owner, "owner", "me", "what the telephone calls the person")
	f.BoolVar(&yes, "yes", false, "pair without asking")
	return cmd
}

// agrees asks a person. That nobody is there is no answer.
func (c *cli) agrees(question string) (bool, error) {
	_, _ = fmt.Fprint(c.out, records.Printable(question))
	line, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil && line == "" {
		c.say("")
		return false, usage("nobody answered: say --yes where there is nobody to ask")
	}
	return strings.EqualFold(strings.TrimSpace(line), "y"), nil
}

// waiting is a login that waits for an answer.
type waiting struct {
	Owner   string `json:"owner"`
	Attempt string `json:"attempt"`
	Service string `json:"service"`
	Expires string `json:"expires"` // RFC 3339
}

// unheard is a MinID that did not say which logins wait for an answer of a device.
type unheard struct {
	Owner string `json:"owner"`
	MinID string `json:"minid"`
	State string `json:"state"` // unreachable, or refused
	Error string `json:"error"` // which people read on the error output
}

// logins is the answer of app list.
type logins struct {
	Devices []*phone.Device `json:"devices"`
	Waiting []waiting       `json:"waiting"`
	Unheard []unheard       `json:"unheard,omitempty"`
}

func (c *cli) loginsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Args: none, Short: "the MinID apps here, and the logins that wait", Example: "  wallet-sim app list",
		Long: "A MinID that does not answer is named, and the others are asked all the same; the exit code tells of it.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			devices, err := c.devices()
			if err != nil {
				return err
			}
			all, err := devices.List()
			if err != nil {
				return err
			}
			answer := logins{Devices: all, Waiting: []waiting{}}
			var failed error
			for _, one := range all {
				pending, err := devices.Pending(cmd.Context(), one)
				if err != nil {
					failed = errors.Join(failed, err)
					answer.Unheard = append(answer.Unheard, unheardOf(one, err))
				}
				answer.Waiting = append(answer.Waiting, waitingOf(one, pending)...)
			}
			if err := c.print(answer, func() { c.tellLogins(answer) }); err != nil || failed == nil {
				return err
			}
			return &told{failed}
		},
	}
}

func unheardOf(one *phone.Device, err error) unheard {
	u := unheard{Owner: one.Owner, MinID: one.Base, State: "unreachable", Error: err.Error()}
	if refused := (*oauth2.Error)(nil); errors.As(err, &refused) {
		u.State = "refused"
	}
	return u
}

func (c *cli) tellLogins(all logins) {
	for _, one := range all.Devices {
		c.say("%s  %s  %s  paired %s", one.ID, one.Owner, one.Base, one.Paired.Format(time.DateOnly))
	}
	for _, w := range all.Waiting {
		c.say("waits: %s logs in at %s, until %s", w.Owner, w.Service, w.Expires)
	}
	for _, u := range all.Unheard {
		c.say("%s: %s, where %s logs in", u.State, u.MinID, u.Owner)
	}
	if len(all.Devices) == 0 {
		c.say("no MinID app is paired")
	}
}

func waitingOf(one *phone.Device, pending []app.PendingAttempt) []waiting {
	var all []waiting
	for _, a := range pending {
		all = append(all, waiting{one.Owner, a.ID, a.Service, a.ExpiresAt})
	}
	return all
}

func (c *cli) approveCommand() *cobra.Command {
	var owner string
	cmd := &cobra.Command{
		Use: "approve <number>", Args: one, Short: "approves the login that waits, by the browser's number",
		Example: "  wallet-sim app approve 42 --owner 'EKSAKT KARIES'",
		RunE:    func(cmd *cobra.Command, args []string) error { return c.reply(cmd, owner, phone.Approve, args[0]) },
	}
	c.ownerFlag(cmd, &owner)
	return cmd
}

func (c *cli) rejectCommand() *cobra.Command {
	var owner string
	var notMe bool
	cmd := &cobra.Command{
		Use: "reject", Args: none, Short: "rejects the login that waits",
		Example: "  wallet-sim app reject\n  wallet-sim app reject --not-me",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if notMe {
				return c.reply(cmd, owner, phone.NotMe, "")
			}
			return c.reply(cmd, owner, phone.Reject, "")
		},
	}
	c.ownerFlag(cmd, &owner)
	cmd.Flags().BoolVar(&notMe, "not-me", false, "somebody else logs in: MinID asks nothing more of the app for a while")
	return cmd
}

func (c *cli) ownerFlag(cmd *cobra.Command, owner *string) {
	cmd.Flags().StringVar(owner, "owner", "", "whose app, as it was paired (default the one that was paired last)")
	complete(cmd, "owner", c.ownerNames)
}

// replied is the answer of app approve and app reject.
type replied struct {
	Owner string             `json:"owner"`
	State minid.AttemptState `json:"state"`
}

func (c *cli) reply(cmd *cobra.Command, owner string, answer phone.Answer, number string) error {
	devices, err := c.devices()
	if err != nil {
		return err
	}
	all, err := devices.List()
	if err != nil {
		return err
	}
	for _, one := range all {
		if owner != "" && one.Owner != owner {
			continue
		}
		state, err := devices.Answer(cmd.Context(), one, "", answer, number)
		if err != nil {
			return err
		}
		return c.print(replied{one.Owner, state}, func() { c.say("the login of %s: %s", one.Owner, state) })
	}
	return phone.ErrNoDevice
}
