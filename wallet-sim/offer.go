package main

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/phone"
	"lommebok.example/wallet-sim/wallet"
)

// person is who signs in, by flags.
type person struct {
	pid, password, secret string
	people                string
	number                int
}

func (p *person) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.pid, "pid", "", "identity number to sign in with")
	f.StringVar(&p.password, "password", "", "password to sign in with")
	f.StringVar(&p.secret, "totp-secret", "", "secret of the authenticator app, base32")
	f.StringVar(&p.people, "people", "", "file with test people, as the issuer writes it (default <data>/issuer/test-people.json)")
	f.IntVar(&p.number, "person", 0, "which of the test people signs in, counted from 1")
}

// who gives the person in front of the browser. The MinID app is theirs when it was paired on this simulator's telephone.
func (c *cli) who(p *person) (browser.Person, error) {
	devices, err := c.devices()
	if err != nil {
		return browser.Person{}, err
	}
	if p.number == 0 {
		if p.pid == "" || p.password == "" {
			return browser.Person{}, usage("who signs in: --person, or --pid and --password with --totp-secret")
		}
		return browser.Person{PID: p.pid, Password: p.password, TOTPSecret: p.secret}, nil
	}
	file := p.people
	if file == "" {
		file = c.peopleFile()
	}
	people, err := phone.ReadPeople(file)
	if err != nil {
		return browser.Person{}, err
	}
	if p.number < 1 || p.number > len(people) {
		return browser.Person{}, usage("--person: %s has %d test people", file, len(people))
	}
	return sitting(people[p.number-1], devices), nil
}

// browser is that of the person.
func (c *cli) browser(p *person) (*browser.Browser, error) {
	who, err := c.who(p)
	if err != nil {
		return nil, err
	}
	t, err := c.transport()
	if err != nil {
		return nil, err
	}
	return browser.New(t, who, c.now)
}

func sitting(one phone.Person, devices *phone.Devices) browser.Person {
	return browser.Person{
		PID: one.PID, Password: one.Password, TOTPSecret: one.TOTPSecret,
		Approve: func(ctx context.Context, number string) error { return devices.Approve(ctx, one.Name, number) },
	}
}

// accepted is the answer of accept.
type accepted struct {
	Stored  []listed         `json:"stored"`
	Pending []pending        `json:"pending,omitempty"` // what the issuer gives later
	Signed  []string         `json:"signed_in_with,omitempty"`
	Notices []browser.Notice `json:"notices,omitempty"`
}

func (c *cli) acceptCommand() *cobra.Command {
	p := &person{}
	var configuration, txCode string
	var wait bool
	cmd := &cobra.Command{
		Use: "accept <offer or issuer>", Args: one,
		Short: "gets a credential: signs in, consents, verifies, stores",
		Long:  "The argument is a credential offer (openid-credential-offer://…, by value or by reference), also in a file or on standard input, or the address of\nan issuer, then with --type.",
		Example: "  wallet-sim offer accept http://localhost:8080 --type no.minid.mpid_sd_jwt_vc --person 1 --insecure-allow-http\n" +
			"  wallet-sim scan offer.png | wallet-sim offer accept - --pid 12865398148 --password '…' --totp-secret '…'\n" +
			"  wallet-sim offer accept offer.txt --tx-code 123456",
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := c.link(args[0])
			if err != nil {
				return err
			}
			return c.accept(cmd.Context(), address, configuration, txCode, wait, p)
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait for what the issuer gives later")
	cmd.Flags().StringVar(&configuration, "type", "", "credential configuration identifier")
	cmd.Flags().StringVar(&txCode, "tx-code", "", "transaction code of the offer; without it the wallet stops and says who asks for it")
	p.flags(cmd)
	return cmd
}

func (c *cli) accept(ctx context.Context, address, configuration, txCode string, wait bool, p *person) error {
	w, err := c.wallet()
	if err != nil {
		return err
	}
	var plan *wallet.Plan
	if wallet.IsOffer(address) {
		if plan, err = w.Resolve(ctx, address, configuration); err != nil {
			return err
		}
		if plan.PreAuthorized != nil {
			return c.redeem(ctx, w, plan, txCode, wait)
		}
	}
	if plan == nil && configuration == "" {
		return c.nameAll(ctx, w, address)
	}
	b, err := c.browser(p)
	if err != nil {
		return err
	}
	if plan == nil {
		if plan, err = w.Resolve(ctx, address, configuration); err != nil {
			return err
		}
	}
	credentials, back, err := signedIn(ctx, w, b, plan)
	answer := accepted{Stored: []listed{}}
	credentials, err = c.laterOf(ctx, w, &answer, credentials, err, wait)
	for _, credential := range credentials {
		answer.Stored = append(answer.Stored, c.listed(credential))
	}
	if back != nil {
		answer.Signed, answer.Notices = back.Factors, back.Notices
	}
	if err != nil && back != nil && len(back.Notices) > 0 {
		err = &noticed{err, back.Notices}
	}
	return c.tellAccepted(answer, err)
}

// partly is an error after which some of it was stored all the same.
type partly struct {
	error
	got accepted
}

// Unwrap gives the error.
func (p *partly) Unwrap() error { return p.error }

// tellAccepted tells what was stored, also when an error came after it.
func (c *cli) tellAccepted(answer accepted, err error) error {
	if err == nil {
		return c.printStored(answer)
	}
	if len(answer.Stored)+len(answer.Pending) == 0 {
		return err
	}
	if !c.json {
		err = errors.Join(err, c.printStored(answer))
	}
	return &partly{err, answer}
}

func (c *cli) printStored(answer accepted) error {
	return c.print(answer, func() {
		for _, one := range answer.Stored {
			c.say("stored  %s  %s  %s  %d copies, valid until %s", one.ID, one.Format, one.Name, one.Copies, one.Expires.Format("2006-01-02"))
			if one.Notified+one.NotNotified != "" {
				c.say("        the issuer was told: %s", cmp.Or(one.Notified, one.NotNotified))
			}
		}
		c.sayPending(answer.Pending)
	})
}

// redeem is an issuance in which nobody signs in. Who asks for a transaction code is named before it is sent.
func (c *cli) redeem(ctx context.Context, w *wallet.Wallet, plan *wallet.Plan, txCode string, wait bool) error {
	if plan.PreAuthorized.TxCode != nil && txCode == "" {
		return usage("%s asks for the transaction code of the offer; if that is who gave it to you, give it with --tx-code", hostOf(plan.Server.TokenEndpoint))
	}
	credentials, err := w.Redeem(ctx, plan, txCode)
	answer := accepted{Stored: []listed{}}
	credentials, err = c.laterOf(ctx, w, &answer, credentials, err, wait)
	for _, credential := range credentials {
		answer.Stored = append(answer.Stored, c.listed(credential))
	}
	return c.tellAccepted(answer, err)
}

// nameAll tells what an issuer has, for whoever did not say what to get.
func (c *cli) nameAll(ctx context.Context, w *wallet.Wallet, issuer string) error {
	names, err := w.Configurations(ctx, issuer)
	if err != nil {
		return err
	}
	return usage("--type is missing; the issuer has %s", strings.Join(names, ", "))
}

// noticed is a refusal with what the pages said on the way to it.
type noticed struct {
	error
	notices []browser.Notice
}

// Unwrap gives the refusal.
func (n *noticed) Unwrap() error { return n.error }

// get is the whole of an issuance with a browser: what was stored, and how the browser came back.
func get(ctx context.Context, w *wallet.Wallet, b *browser.Browser, address, configuration string) ([]*wallet.Credential, *browser.Return, error) {
	plan, err := w.Resolve(ctx, address, configuration)
	if err != nil {
		return nil, nil, err
	}
	return signedIn(ctx, w, b, plan)
}

// signedIn is the issuance from the sign-in on.
func signedIn(ctx context.Context, w *wallet.Wallet, b *browser.Browser, plan *wallet.Plan) ([]*wallet.Credential, *browser.Return, error) {
	authorize, err := w.Begin(ctx, plan)
	if err != nil {
		return nil, nil, err
	}
	back, err := b.Authorize(ctx, authorize, w.RedirectURI)
	if err != nil {
		return nil, back, err
	}
	credentials, err := w.Finish(ctx, back.Query)
	return credentials, back, err
}

func (c *cli) tellNotices(notices []browser.Notice) {
	for _, n := range notices {
		c.complain("the page said: %s\n  %s", n.Heading, lines(strings.Join(n.Texts, "\n  ")))
	}
}
