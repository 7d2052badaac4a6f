package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/inspect"
	"lommebok.example/wallet-sim/wallet"
)

// against is what verify holds a credential or a presentation against, by flags.
type against struct {
	anchors                      []string
	clientID, nonce, responseURI string
	encryptionKey                string
	noStatus                     bool
}

func (c *cli) verifyCommand() *cobra.Command {
	a := &against{}
	cmd := &cobra.Command{
		Use: "verify <text, file, address or ->", Args: one, Short: "checks a credential or a presentation, check by check",
		Long: "An SD-JWT VC with or without key binding, an IssuerSigned or a DeviceResponse, against the trust anchors of --trust, or those of --anchor alone.\n" +
			"What an issuer is entitled to is read from NAME.yaml beside its NAME.pem in the trust folder.\n" +
			"The holder's proof is checked when the request that it answers is given with --audience and --nonce. A check that could not be made is\n" +
			"«not checked». Exit code 4 when one failed.",
		Example: "  wallet-sim credential show <id> --raw | wallet-sim verify -\n" +
			"  wallet-sim verify presentation.txt --anchor iaca.pem --audience x509_hash:… --nonce …\n  wallet-sim verify credential.cbor --no-status",
		RunE: func(cmd *cobra.Command, args []string) error { return c.verify(cmd.Context(), args[0], a) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&a.anchors, "anchor", nil, "trust these certificates, PEM files, instead of the trust folder")
	f.StringVar(&a.clientID, "audience", "", "client_id of the verifier that was answered, with its prefix")
	f.StringVar(&a.nonce, "nonce", "", "nonce of the request that was answered")
	f.StringVar(&a.responseURI, "response-uri", "", "for an mdoc: response_uri of the request")
	f.StringVar(&a.encryptionKey, "encryption-key", "", "for an mdoc: file with the JWK that the answer was encrypted with")
	f.BoolVar(&a.noStatus, "no-status", false, "do not ask for status lists")
	return cmd
}

func (c *cli) verify(ctx context.Context, arg string, a *against) error {
	raw, err := c.input(ctx, arg)
	if err != nil {
		return err
	}
	expect, err := c.expect(a)
	if err != nil {
		return err
	}
	verdict, err := inspect.Verify(ctx, raw, *expect)
	if err != nil {
		return unread(arg, err)
	}
	if err := c.print(verdict, func() { c.tellVerdict(verdict) }); err != nil || verdict.Holds() {
		return err
	}
	return &told{fmt.Errorf("%w: a check failed", errRefused)}
}

// told is an error that the output has told already.
type told struct{ error }

// Unwrap gives the error.
func (t *told) Unwrap() error { return t.error }

func (c *cli) expect(a *against) (*inspect.Expect, error) {
	e := &inspect.Expect{At: c.now()}
	var err error
	if e.Issuers, err = c.issuers(a.anchors); err != nil {
		return nil, err
	}
	if len(a.anchors) == 0 {
		e.Types = (&wallet.Trust{Dir: c.trustDir()}).Types
	}
	if !a.noStatus {
		roots, err := c.roots()
		if err != nil {
			return nil, err
		}
		client := c.fetcher(roots)
		e.Fetch = func(ctx context.Context, uri, media string) ([]byte, error) {
			answer, err := client.Get(ctx, uri, media)
			if err != nil {
				return nil, err
			}
			return answer.Body, nil
		}
	}
	if a.clientID == "" && a.nonce == "" {
		return e, nil
	}
	if a.clientID == "" || a.nonce == "" {
		return nil, usage("--audience and --nonce go together")
	}
	e.Request = &inspect.Request{ClientID: a.clientID, Nonce: a.nonce, ResponseURI: a.responseURI}
	if a.encryptionKey == "" {
		return e, nil
	}
	jwk, err := os.ReadFile(a.encryptionKey)
	if err != nil {
		return nil, usage("--encryption-key: %v", err)
	}
	if e.Request.Thumbprint, err = inspect.Thumbprint(jwk); err != nil {
		return nil, usage("--encryption-key: %v", err)
	}
	return e, nil
}

func (c *cli) issuers(files []string) (*x5c.Anchors, error) {
	if len(files) == 0 {
		return (&wallet.Trust{Dir: c.trustDir()}).Issuers()
	}
	anchors := x5c.NewAnchors()
	for _, file := range files {
		raw, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			return nil, usage("--anchor: %v", err)
		}
		certs, err := x5c.ParsePEM(raw)
		if err != nil {
			return nil, usage("--anchor: %s: %v", file, err)
		}
		anchors.Add(certs...)
	}
	return anchors, nil
}

var marks = map[inspect.Outcome]struct{ sign, colour string }{
	inspect.Held: {"✓", green}, inspect.Failed: {"✗", red}, inspect.NotChecked: {"–", yellow},
}

func (c *cli) tellVerdict(v *inspect.Verdict) {
	c.say("%s  %s", v.Kind, v.Type)
	for _, check := range v.Checks {
		mark := marks[check.Outcome]
		c.say("%s %-24s  %-11s  %s", c.paint(mark.colour, mark.sign), check.Name, check.Outcome, check.Section)
		if check.Says != "" {
			c.say("    %s", check.Says)
		}
	}
}
