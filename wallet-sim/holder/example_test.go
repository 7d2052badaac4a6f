package holder_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/holder"
	"lommebok.example/wallet-sim/wallet"
)

// A wallet gets a credential from an issuer and shows it to a verifier.
func Example() {
	ctx := context.Background()
	h, err := holder.New(holder.Config{
		Dir: filepath.Join(folder, "a wallet"), Now: clock, Person: people[5], Issuers: issuers, Verifiers: verifiers, InsecureAllowHTTP: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := h.Accept(ctx, issuerURL, "proof_of_age")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(got[0].Name("en"), got[0].Format)

	link, _, err := ask(ctx, h.Browser, "aldersgrense") // your verifier's own way to ask
	if err != nil {
		fmt.Println(err)
		return
	}
	back, err := h.Answer(ctx, link)
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := h.Browser.Open(ctx, back, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Status, page.Heading)
	// Output:
	// Proof of age mso_mdoc
	// 200 Successful
}

// Whoever refuses says why: of a server's refusal step, status and code are told apart.
func ExampleHolder_Accept_refused() {
	ctx := context.Background()
	h, err := holder.New(holder.Config{
		Dir: filepath.Join(folder, "another wallet"), Now: clock, Person: people[6], Issuers: issuers, InsecureAllowHTTP: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = h.Accept(ctx, issuerURL, "no.sikt.elevbevis_sd_jwt_vc")
	var refusal *wallet.Refusal
	if errors.As(err, &refusal) {
		fmt.Println(refusal.At(), refusal.Status, refusal.Code)
	}
	// Output:
	// credential request 400 credential_request_denied
}

// A wallet without what is asked for declines, and says what it lacks.
func TestNothingToShow(t *testing.T) {
	h, err := holder.New(holder.Config{Dir: t.TempDir(), Now: clock, Person: people[7], Verifiers: verifiers, InsecureAllowHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	link, _, err := ask(t.Context(), h.Browser, "aldersgrense")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Answer(t.Context(), link); !errors.Is(err, wallet.ErrNoMatch) {
		t.Errorf("got %v", err)
	}
}

// Anchors are trusted by their certificates alone: an issuer of another anchor gives nothing that is kept.
func TestAnIssuerOfAnotherAnchor(t *testing.T) {
	h, err := holder.New(holder.Config{Dir: t.TempDir(), Now: clock, Person: people[8], Issuers: verifiers, InsecureAllowHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := h.Accept(t.Context(), issuerURL, "proof_of_age"); !errors.Is(err, x5c.ErrUntrusted) || len(got) > 0 {
		t.Errorf("%d credentials, %v", len(got), err)
	}
}
