package main

import (
	"errors"

	"github.com/spf13/cobra"

	"lommebok.example/wallet-sim/inspect"
	"lommebok.example/wallet-sim/scan"
)

// scanned is the answer of scan.
type scanned struct {
	Text string `json:"text"`
	Kind string `json:"kind,omitempty"` // as decode says
}

func (c *cli) scanCommand() *cobra.Command {
	return &cobra.Command{
		Use: "scan <picture, address or ->", Args: one, Short: "reads the QR code in a picture (PNG, JPEG, GIF)",
		Example: "  wallet-sim scan offer.png\n  wallet-sim scan request.png | wallet-sim request answer - --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := c.input(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			text, err := scan.QR(raw)
			if errors.Is(err, scan.ErrPicture) {
				return unread(args[0], err)
			}
			if err != nil {
				return err
			}
			answer := scanned{Text: text}
			if found, err := inspect.Decode([]byte(text)); err == nil {
				answer.Kind = found.Kind
			}
			return c.print(answer, func() { c.say("%s", text) })
		},
	}
}
