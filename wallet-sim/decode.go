package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"lommebok.example/wallet-sim/inspect"
)

func (c *cli) decodeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "decode <text, file, address or ->", Args: one, Short: "says what something is and what stands in it; verifies nothing",
		Long: "Recognised by looking at it: SD-JWT with and without key binding, mdoc (IssuerSigned, DeviceResponse), JWT of any kind, header of a JWE, status list\n" +
			"(JWT, CWT) and identifier list, credential offer, presentation request, attestations, metadata, certificates. Whoever made it may have written\n" +
			"anything: see verify. Texts above 200 characters are shortened; --json has all.",
		Example: "  wallet-sim decode presentation.txt\n  wallet-sim decode 'openid-credential-offer://?credential_offer=…'\n" +
			"  wallet-sim decode https://issuer.example/.well-known/openid-credential-issuer\n  wallet-sim credential show <id> --raw | wallet-sim decode -",
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := c.decodable(cmd, args[0])
			if err != nil {
				return err
			}
			found, err := inspect.Decode(raw)
			if err != nil {
				return unread(args[0], err)
			}
			return c.print(found, func() { c.tellFound(found) })
		},
	}
}

// decodable reads the argument; an address that carries an offer or a request is what is decoded, and not asked.
func (c *cli) decodable(cmd *cobra.Command, arg string) ([]byte, error) {
	if strings.HasPrefix(arg, "http") && (strings.Contains(arg, "credential_offer") || strings.Contains(arg, "client_id=")) {
		return []byte(arg), nil
	}
	return c.input(cmd.Context(), arg)
}

// longText is a text in JSON that no terminal has the width for, such as a certificate, which is decoded elsewhere.
var longText = regexp.MustCompile(`"[^"\\\n]{200,}"`)

// shortened is for people; --json has all.
func shortened(text string) string {
	return longText.ReplaceAllStringFunc(text, func(found string) string {
		return fmt.Sprintf("%s… (%d characters)\"", found[:7], len(found)-2)
	})
}

func (c *cli) tellFound(f *inspect.Found) {
	c.say("%s (%s): %s", f.Kind, f.Section, c.paint(yellow, f.State))
	for _, p := range f.Parts {
		c.say("\n%s\n  %s", p.Name, lines(shortened(strings.ReplaceAll(p.Text(), "\n", "\n  "))))
	}
	for _, problem := range f.Problems {
		c.say("\n%s %s", c.paint(red, "a strict reader refuses it:"), problem)
	}
}
