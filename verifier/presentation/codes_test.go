package presentation

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lommebok.example/verifier/corpus"
)

// reasonsInTheSource are the codes that the checks of this package give, as they stand in its source.
func reasonsInTheSource(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			switch typ := literal.Type.(type) {
			case *ast.Ident:
				if typ.Name == "reason" {
					codes = append(codes, codeOf(literal))
				}
			case *ast.ArrayType:
				if of, ok := typ.Elt.(*ast.Ident); ok && of.Name == "reason" {
					for _, e := range literal.Elts {
						codes = append(codes, codeOf(e.(*ast.CompositeLit)))
					}
				}
			}
			return true
		})
	}
	return codes
}

func codeOf(literal *ast.CompositeLit) string {
	text, ok := literal.Elts[len(literal.Elts)-1].(*ast.BasicLit)
	if !ok {
		return ""
	}
	code, _ := strconv.Unquote(text.Value)
	return code
}

// What a check can say is in the table, and nothing is there that no check says.
func TestCodesAreThoseOfTheChecks(t *testing.T) {
	said := append(reasonsInTheSource(t), "format_failed") // the one that names what no other reason does
	if len(said) < 60 {
		t.Fatalf("only %d reasons were read", len(said))
	}
	var listed []string
	seen := map[[2]string]bool{}
	for _, c := range Codes() {
		listed = append(listed, c.Code)
		if seen[[2]string{c.Check, c.Code}] || c.Meaning == "" || c.Section == "" {
			t.Errorf("twice, or saying too little: %+v", c)
		}
		seen[[2]string{c.Check, c.Code}] = true
		if !slices.Contains(said, c.Code) {
			t.Errorf("no check says %s", c.Code)
		}
	}
	for _, code := range said {
		if !slices.Contains(listed, code) {
			t.Errorf("%q is not in the table", code)
		}
	}
}

// Each code is reached, under its check: by the corpus, or by what is too large for it.
func TestEveryCodeIsReached(t *testing.T) {
	b := newBench(t)
	reached := map[[2]string]bool{}
	note := func(v *Verdict) {
		for _, c := range v.Failed() {
			reached[[2]string{c.Name, c.Code}] = true
		}
	}
	for _, k := range b.Kinds {
		if k.Code == "invalid_request" {
			continue
		}
		v, err := b.judgeText(t, k, strings.TrimSuffix(string(readCorpus(t, k.File)), "\n"))
		if err != nil {
			t.Fatal(err)
		}
		note(v)
	}
	for _, k := range []corpus.Kind{{Format: corpus.SDJWT, Query: "pid_sd_jwt"}, {Format: corpus.Mdoc, Query: "pid_mdoc"}} {
		v, err := b.judgeText(t, k, strings.Repeat("A", 3<<20))
		if err != nil {
			t.Fatal(err)
		}
		if got := codesOf(v); !slices.Contains(got, "too_large") {
			t.Errorf("%s of 3 MiB: %v", k.Format, got)
		}
		note(v)
	}
	for _, c := range Codes() {
		if !reached[[2]string{c.Check, c.Code}] {
			t.Errorf("%s of the check %s is not reached", c.Code, c.Check)
		}
	}
}
