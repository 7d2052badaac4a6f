package specs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// noDatabase are the tests of rows B and C in which no database decides, and why.
var noDatabase = map[string]string{
	"minid/authserver.TestPARRefuses":                            "refuses before anything is looked up",
	"minid/authserver.TestRedirectURIOfARegisteredClientIsExact": "refuses before anything is looked up",
	"minid/authserver.TestRedirectURIOfAnyClient":                "refuses before anything is looked up",
	"minid/authserver.TestIssuerStateIsOfAnOffer":                "the mark holds everything itself",
	"wallet-sim/wallet.TestAuthorizationCodeIsPreferred":         "the simulator keeps files",
	"minid/authclient.TestAnswersRefused":                        "what is kept is its caller's",
	"issuer/signing.TestLintRefusesBatches":                      "the lint knows no table",
	"issuer/signing.TestLintReadsThePayload":                     "the lint knows no table",
	"issuer/signing.TestLintReadsTheMSO":                         "the lint knows no table",
	"issuer/signing.TestTheBytesThatWereLintedAreSigned":         "the lint knows no table",
}

// Rows B and C hold on SQLite and PostgreSQL: a test that names one of them runs on both, unless no database decides in it.
func TestRowsOfDatabasesRunOnBoth(t *testing.T) {
	bodies := map[string]map[string]*ast.FuncDecl{}
	rows := 0
	for row, names := range attacks {
		if row[0] != 'B' && row[0] != 'C' {
			continue
		}
		rows++
		for _, name := range names {
			folder, test, _ := strings.Cut(name, ".")
			if strings.HasPrefix(folder, "specs/") || noDatabase[name] != "" {
				continue
			}
			if bodies[folder] == nil {
				bodies[folder] = functions(t, folder)
			}
			if f := bodies[folder][test]; f != nil && !onBoth(f) {
				t.Errorf("%s: %s runs on one database", row, name)
			}
		}
	}
	if rows < 30 {
		t.Errorf("only %d rows", rows)
	}
	for name := range noDatabase {
		folder, test, _ := strings.Cut(name, ".")
		if f := functions(t, folder)[test]; f == nil || onBoth(f) {
			t.Errorf("%s is no exception: it is gone, or runs on both", name)
		}
	}
}

// onBoth tells whether a test calls dbtest.Each, or one of its package whose name begins with each, which stands on the same.
func onBoth(f *ast.FuncDecl) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch called := call.Fun.(type) {
		case *ast.SelectorExpr:
			found = found || called.Sel.Name == "Each"
		case *ast.Ident:
			found = found || strings.HasPrefix(called.Name, "each")
		}
		return true
	})
	return found
}

// functions are those of a package's tests, by name.
func functions(t *testing.T, folder string) map[string]*ast.FuncDecl {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", folder, len(files), err)
	}
	all := map[string]*ast.FuncDecl{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			if f, ok := declared.(*ast.FuncDecl); ok && f.Recv == nil {
				all[f.Name.Name] = f
			}
		}
	}
	return all
}
