package specs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// requirement is what a specification demands of a server of ours, in our words and with its section, and the tests that hold it:
// package.Test, or package.Test#case, where the case is the text that a table names it by.
type requirement struct {
	says  string
	tests []string
}

// demanded are the requirements by the part of the house that they bind. A part has a file of its own; a new requirement is a row there.
var demanded = map[string][]requirement{
	"issuer metadata":      issuerMetadata,
	"offers and nonces":    offersAndNonces,
	"credential requests":  credentialRequests,
	"key proofs":           keyProofs,
	"credential responses": credentialResponses,
	"later and told":       laterAndTold,
	"life of credentials":  lifeOfCredentials,
	"authorization":        authorization,
	"tokens":               tokens,
	"wallet attestation":   walletAttestation,
	"SD-JWT":               selectiveDisclosure,
	"SD-JWT VC":            verifiableCredentials,
	"status lists":         statusLists,
	"mdoc":                 mobileDocuments,
	"certificates":         certificates,
	"PID":                  personIdentification,

	"presentation requests":  presentationRequests,
	"client identifiers":     clientIdentifiers,
	"credential queries":     credentialQueries,
	"presentation responses": presentationResponses,
	"digital credentials":    digitalCredentials,
	"relying parties":        relyingParties,
}

// unheld are the requirements that nothing holds yet, and why. What is mended moves to its table; README and specs/README.md tell of these.
var unheld = map[string]string{
	"ARF VCR_09: an attribute that changes on a valid PID revokes it, and the person is told otherwise":      "the register does not tell of changes",
	"PID Rulebook 1.7 chapter 2, PID_03: a portrait, or an empty one for who opted out":                      "mandatory 24 months after the act; the register has no portraits",
	"ETSI TS 119 472-3 (secondary): issuer_info and credential_reuse_policy as ETSI has them":                "written as the EU reference issuer does; the text has not been read",
	"ARF RPRC_21: a wallet compares the request with the registration certificate":                           "the form of registration certificates is known of ETSI second-hand only",
	"Token Status List 10: the extended key usage of a status list's signer":                                 "its number is not given out yet",
	"ISO 18013-5 12.3.4, second edition: x5t in the protected header beside x5chain, which an issuer SHOULD": "readers of the first edition do not need it",
}

// A requirement whose test was renamed or deleted is one that nothing holds.
func TestEveryRequirementHasItsTests(t *testing.T) {
	have, texts := tests(t), map[string]map[string]map[string]bool{}
	rows := 0
	for _, part := range slices.Sorted(maps.Keys(demanded)) {
		seen := map[string]bool{}
		for _, r := range demanded[part] {
			rows++
			if seen[r.says] || len(r.tests) == 0 || unheld[r.says] != "" {
				t.Errorf("%s: %q is there twice, or has no test, or is told to be unheld", part, r.says)
			}
			seen[r.says] = true
			for _, name := range r.tests {
				test, named, _ := strings.Cut(name, "#")
				if !have[test] {
					t.Errorf("%s: %s: there is no test %s", part, r.says, test)
					continue
				}
				folder, own, _ := strings.Cut(test, ".")
				if texts[folder] == nil {
					texts[folder] = literals(t, folder)
				}
				if named != "" && !texts[folder][own][named] && !texts[folder][""][named] {
					t.Errorf("%s: %s: %s knows no case %q", part, r.says, test, named)
				}
			}
		}
	}
	if rows < 150 {
		t.Errorf("only %d requirements", rows)
	}
}

func TestTheInventoryCanFail(t *testing.T) {
	texts := literals(t, "specs")
	if !texts[""]["issuer metadata"] || !texts["TestImports"]["%s imports %s: %s"] || texts["TestImports"]["issuer metadata"] {
		t.Error("the texts of this package are not told apart by the test that they stand in")
	}
}

// literals are the texts that stand in the tests of a package, the names of cases among them, by the test; "" for those of helpers and tables.
func literals(t *testing.T, folder string) map[string]map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", folder, len(files), err)
	}
	texts := map[string]map[string]bool{"": {}}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			own := ""
			if f, ok := declared.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				own = f.Name.Name
				texts[own] = map[string]bool{}
			}
			collect(declared, texts[own])
		}
	}
	return texts
}

func collect(declared ast.Node, into map[string]bool) {
	ast.Inspect(declared, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if text, err := strconv.Unquote(l.Value); err == nil {
				into[text] = true
			}
		}
		return true
	})
}
