package server_test

import (
	"context"

	"lommebok.example/verifier/apiclient"
)

// tax is the Go code of the README for relying parties.
func tax(ctx context.Context, address, secret string, show func(link string)) (map[string]any, error) {
	verifier := &apiclient.Verifier{URL: address, ID: "skatteetaten-demo", Secret: secret}
	asked, err := verifier.Ask(ctx, apiclient.Question{Preset: "pid", Purpose: "tax-return", RedirectURI: "http://localhost:9000/back"})
	if err != nil {
		return nil, err
	}
	show(asked.Links.CrossDevice) // as a QR code; keep asked.Handle with the person's session
	result, err := verifier.Wait(ctx, asked.Handle)
	if err != nil || !result.Accepted {
		return nil, err // result.Reasons says why not
	}
	return result.Verdict.Credentials[0].Claims, nil
}
