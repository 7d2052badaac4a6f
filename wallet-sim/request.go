package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/wallet"
)

// presented is the answer of request answer.
type presented struct {
	Verifier wallet.Verifier `json:"verifier"`
	Shared   []shared        `json:"shared"` // empty when access_denied was answered
	// Consented is what the person agreed to by sharing.
	Consented   []wallet.Transaction `json:"consented,omitempty"`
	Declined    bool                 `json:"declined"`
	RedirectURI string               `json:"redirect_uri,omitempty"`
	Page        string               `json:"page,omitempty"`  // heading of the page that redirect_uri leads to
	Error       string               `json:"error,omitempty"` // when the wallet does not hold what was asked for
	Message     string               `json:"message,omitempty"`
}

type shared struct {
	Query      string            `json:"query"`
	Credential string            `json:"credential"`
	Type       string            `json:"type"`
	Claims     map[string]string `json:"claims"`
}

func (c *cli) answerCommand() *cobra.Command {
	var yes, no, haip bool
	cmd := &cobra.Command{
		Use: "answer <request link>", Args: one,
		Short:   "answers a verifier's request, which is a link",
		Example: "  wallet-sim request answer 'openid4vp://?client_id=…&request_uri=…'\n  wallet-sim scan request.png | wallet-sim request answer - --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			if yes && no {
				return usage("--yes and --no exclude each other")
			}
			if !yes && !no && c.json {
				return usage("with --json say --yes or --no: there is nobody to ask")
			}
			if !yes && !no && args[0] == stdin {
				return usage("with a link on standard input say --yes or --no: there is nobody to ask")
			}
			link, err := c.link(args[0])
			if err != nil {
				return err
			}
			return c.present(cmd.Context(), link, haip, func(r *wallet.Request) (bool, error) {
				if yes || no {
					return yes, nil
				}
				return c.ask(r)
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "share without asking")
	cmd.Flags().BoolVar(&no, "no", false, "decline without asking")
	cmd.Flags().BoolVar(&haip, "haip", false, "refuse what HAIP does not know: other prefixes than x509_hash, answers in the clear")
	return cmd
}

// ask shows who asks for what, and waits for an answer.
func (c *cli) ask(r *wallet.Request) (bool, error) {
	vouched := "by its certificate"
	if r.Verifier.Unsigned {
		vouched = "and nobody vouches for it"
	}
	c.say("%s (%s) asks, %s; the answer goes to %s:", r.Verifier.Name, r.Verifier.Organization, vouched, r.Verifier.Host)
	for _, s := range r.Shares {
		c.say("  %s", s.Credential.Name("en"))
		for _, claim := range s.Claims {
			c.say("    %s: %s", claim.Label("en"), claim.Value)
		}
	}
	for _, t := range r.Transactions {
		c.say("  By sharing you agree to %s:", t.Type)
		for _, d := range t.Details {
			c.say("    %s: %s", d.Name, d.Value)
		}
	}
	return c.agrees("Share? [y/N] ")
}

func (c *cli) present(ctx context.Context, link string, haip bool, consent func(*wallet.Request) (bool, error)) error {
	w, err := c.wallet()
	if err != nil {
		return err
	}
	w.HAIP = haip
	r, err := w.Request(ctx, link)
	if err != nil {
		return err
	}
	answer := presented{Verifier: r.Verifier, Shared: []shared{}}
	agreed := false
	if len(r.Shares) > 0 {
		if agreed, err = consent(r); err != nil {
			return err
		}
	}
	if agreed {
		answer.Shared, answer.Consented = sharedOf(r), r.Transactions
		answer.RedirectURI, err = w.Share(ctx, r)
	} else {
		answer.Declined = true
		answer.RedirectURI, err = w.Decline(ctx, r)
	}
	var refusal *wallet.Refusal
	if errors.As(err, &refusal) && refusal.Redirect != "" { // where the verifier says what it found
		_, follow := c.follow(ctx, refusal.Redirect)
		return errors.Join(err, follow)
	}
	if err != nil {
		return err
	}
	if answer.Page, err = c.follow(ctx, answer.RedirectURI); err != nil {
		return err
	}
	unanswered := r.Unanswered()
	if unanswered != nil {
		answer.Error, answer.Message = outcomes[c.exitCode(unanswered)], unanswered.Error()
	}
	if err := c.print(answer, func() { c.tellAnswer(answer) }); err != nil || unanswered == nil {
		return err
	}
	return &told{unanswered}
}

func sharedOf(r *wallet.Request) []shared {
	var all []shared
	for _, s := range r.Shares {
		one := shared{Query: s.Query, Credential: s.Credential.ID, Type: s.Credential.Type, Claims: map[string]string{}}
		for _, claim := range s.Claims {
			one.Claims[claim.Key()] = claim.Value
		}
		all = append(all, one)
	}
	return all
}

// follow opens the redirect_uri as HAIP 1.0 section 5.1 demands. A verifier that binds it to the browser that asked
// answers another browser with a refusal, which is not ours to judge.
func (c *cli) follow(ctx context.Context, redirect string) (heading string, err error) {
	if redirect == "" {
		return "", nil
	}
	t, err := c.transport()
	if err != nil {
		return "", err
	}
	b, err := browser.New(t, browser.Person{}, c.now)
	if err != nil {
		return "", err
	}
	page, err := b.Open(ctx, redirect, "")
	if err != nil {
		return "", err
	}
	return page.Heading, nil
}

func (c *cli) tellAnswer(a presented) {
	verb := "shared with"
	if a.Declined {
		verb = "declined to share with"
	}
	c.say("%s %s (%s)", verb, a.Verifier.Name, a.Verifier.Host)
	for _, s := range a.Shared {
		c.say("  %s  %s", s.Query, s.Type)
		for key, value := range s.Claims {
			c.say("    %s: %s", key, value)
		}
	}
	if a.RedirectURI != "" {
		c.say("open this in the browser that asked: %s", a.RedirectURI)
	}
}
