package trust_test

import (
	"encoding/json"
	"strings"
	"testing"

	"lommebok.example/verifier/trust"
)

// services gives the anchors of a list whose two services are of these types, and of a status.
func services(t *testing.T, issuance, revocation, status string) []trust.Anchor {
	t.Helper()
	signer := newListSigner(t)
	text := strings.NewReplacer("http://uri.etsi.org/19602/SvcType/PID/Issuance", issuance, "http://uri.etsi.org/19602/SvcType/PID/Revocation", revocation).
		Replace(jsonOf(t, lote(t, newAuthority(t, "a"), newAuthority(t, "b"), true)))
	if status != "" {
		text = strings.ReplaceAll(text, `"ServiceTypeIdentifier"`, `"ServiceStatus":"`+status+`","ServiceTypeIdentifier"`)
	}
	l, err := trust.ParseList(signer.signed(t, "JOSE", json.RawMessage(text)), signer.cert, []string{pid}, noon)
	check(t, err)
	return l.Anchors
}

// A list by ETSI TS 119 602 may name wallet providers and access authorities: they attest nothing.
func TestServicesThatAttest(t *testing.T) {
	const under = "http://uri.etsi.org/19602/SvcType/"
	for family, want := range map[string]int{
		under + "PID/": 2, under + "PubEAA/": 2, under + "EAA/": 2,
		under + "WalletSolution/": 0, under + "WRPAC/": 0, under + "WRPRC/": 0, "https://somebody.example/PID/": 0, under + "more/PID/": 0, "PID/": 0,
	} {
		got := services(t, family+"Issuance", family+"Revocation", "")
		if len(got) != want || want == 2 && (got[0].StatusOnly || !got[1].StatusOnly) {
			t.Errorf("%s: %+v", family, got)
		}
	}
}

func TestServicesThatAreInForce(t *testing.T) {
	const under = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
	for status, want := range map[string]int{"": 2, under + "granted": 2, under + "notified": 2, under + "withdrawn": 0, under + "suspended": 0, under + "notgranted": 0, "granted": 0} {
		if got := services(t, "http://uri.etsi.org/19602/SvcType/PID/Issuance", "http://uri.etsi.org/19602/SvcType/PID/Revocation", status); len(got) != want {
			t.Errorf("%q: %+v", status, got)
		}
	}
}
