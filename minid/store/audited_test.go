package store_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// decides is SQL that changes to whom, or how surely, something is issued; rows are what is added without SQL.
var (
	decides = regexp.MustCompile(`UPDATE minid_people SET .*\b(state|basis|phone) = \?.* WHERE|(INSERT INTO|DELETE FROM) minid_(totp|sms|devices)\b|DELETE FROM "`)
	rows    = []string{"personRow", "totpRow", "deviceRow", "recoveryCodeRow"}
)

// function is what the functions of a name do themselves.
type function struct {
	verb, decides, records bool
	calls                  []string
}

// Each verb of the store that changes what decides to whom, and how surely, something is issued records it. People who are registered
// when a service starts are the only ones of whom nothing is recorded.
func TestWhatDecidesIsRecorded(t *testing.T) {
	all := map[string]*function{}
	files, err := filepath.Glob("*.go")
	must(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, parser.SkipObjectResolution)
		must(t, err)
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				all[f.Name.Name] = look(all[f.Name.Name], f)
			}
		}
	}
	var deciding, silent []string
	for name, f := range all {
		if !f.verb || !reaches(all, name, func(f *function) bool { return f.decides }) {
			continue
		}
		deciding = append(deciding, name)
		if !reaches(all, name, func(f *function) bool { return f.records }) {
			silent = append(silent, name)
		}
	}
	if !slices.Equal(silent, []string{"AddPerson"}) || len(deciding) < 14 {
		t.Errorf("of %q nothing is recorded by %q", deciding, silent)
	}
}

// look adds what a function does to what others of its name do.
func look(f *function, d *ast.FuncDecl) *function {
	if f == nil {
		f = &function{}
	}
	f.verb = f.verb || d.Recv != nil && d.Name.IsExported()
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			f.decides = f.decides || n.Kind == gotoken.STRING && decides.MatchString(strings.Join(strings.Fields(n.Value), " "))
		case *ast.CompositeLit:
			row, ok := n.Type.(*ast.Ident)
			f.decides = f.decides || ok && len(n.Elts) > 0 && slices.Contains(rows, row.Name)
		case *ast.CallExpr:
			switch called := n.Fun.(type) {
			case *ast.Ident:
				f.calls = append(f.calls, called.Name)
			case *ast.SelectorExpr:
				f.records = f.records || called.Sel.Name == "record"
			}
		}
		return true
	})
	return f
}

// reaches tells whether a function, or one that it calls, is such.
func reaches(all map[string]*function, name string, such func(*function) bool) bool {
	seen := map[string]bool{}
	var visit func(name string) bool
	visit = func(name string) bool {
		f := all[name]
		if f == nil || seen[name] {
			return false
		}
		seen[name] = true
		return such(f) || slices.ContainsFunc(f.calls, visit)
	}
	return visit(name)
}
