package specs

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "lommebok.example/"

// A rule forbids, for the packages below `in` (without those below `except`), imports that begin with one of `never`.
type rule struct {
	in     []string
	except []string
	never  []string
	why    string
}

var (
	services = []string{module + "issuer", module + "verifier", module + "wallet-sim"}
	gin      = "github.com/gin-gonic/gin"
	gorm     = "gorm.io/gorm"
	jwx      = "github.com/lestrrat-go/jwx"
	cbor     = "github.com/fxamacker/cbor"
)

var rules = []rule{
	{in: []string{"specs/"}, never: append([]string{module + "minid", module + "web", module + "internal", gin, gorm}, services...),
		why: "a specification knows no service, no page and no table"},
	{in: []string{""}, except: []string{"specs/jose"}, never: []string{jwx},
		why: "jose is the one wrapper that closes the weaknesses of jwx"},
	{in: []string{""}, except: []string{"specs/cose"}, never: []string{cbor},
		why: "cose is the one wrapper that sets the strict decoding modes of cbor"},
	{in: []string{""}, except: []string{"minid/store", "issuer/store", "verifier/store", "transaction/store", "internal/database"},
		never: []string{gorm, "gorm.io/driver", "modernc.org/sqlite"}, why: "rows and statements live in the stores"},
	{in: []string{"minid/school"}, except: []string{"minid/school/pages"}, never: []string{"net/http", gin, module + "web", module + "minid/"},
		why: "the core of MinID in schools knows pages and tables as little as the core it stands on"},
	{in: []string{"minid"}, never: services, why: "the authentication core serves issuer and verifier alike"},
	{in: []string{"internal/"}, never: append([]string{module + "minid", module + "web", module + "specs"}, services...),
		why: "internal is plumbing without a domain"},
	{in: []string{"transaction"}, never: append([]string{module + "minid"}, services...), why: "what is recorded is of the specifications, for whichever service"},
	{in: []string{"transaction"}, except: []string{"transaction/pages"}, never: []string{module + "web"}, why: "the recorder knows no page"},
	{in: []string{"issuer"}, never: services[1:], why: "the services meet only on the wire"},
	{in: []string{"verifier"}, never: []string{services[0], services[2]}, why: "the services meet only on the wire"},
	{in: []string{"wallet-sim"}, never: services[:2], why: "the services meet only on the wire"},
	{in: []string{"wallet-sim"}, never: []string{module + "internal/database"}, why: "the simulator keeps files, so that a tester can read them"},
	{in: []string{"web"}, never: append([]string{module + "minid"}, services...), why: "pages know their data, not their service"},
}

// The core of minid has rules of its own, for the package itself and not for those below it.
var coreNever = []string{"net/http", gin, gorm, module + "web", module + "minid/", module + "internal/database"}

func TestImports(t *testing.T) {
	for path, imports := range graph(t) {
		for _, r := range rules {
			if !below(path, r.in) || below(path, r.except) {
				continue
			}
			for _, i := range imports {
				if below(i, r.never) {
					t.Errorf("%s imports %s: %s", path, i, r.why)
				}
			}
		}
		if path == "minid" {
			for _, i := range imports {
				if slices.ContainsFunc(coreNever, func(n string) bool { return i == n || strings.HasPrefix(i, n) }) {
					t.Errorf("%s imports %s: the core knows no HTTP, no SQL and no neighbour that stands on it", path, i)
				}
			}
		}
	}
}

func TestTheRulesCanFail(t *testing.T) {
	if !below("gorm.io/gorm/clause", []string{gorm}) || below("specs/josephine", []string{"specs/jose"}) {
		t.Fatal("below compares wrongly, so the rules hold nothing")
	}
	if n := len(graph(t)); n < 10 {
		t.Fatalf("only %d packages were read", n)
	}
}

// below tells whether path is one of the roots or stands under one; "" is the root of the module, a root that ends in
// a slash stands for what is under it only.
func below(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(r string) bool {
		return r == "" || path == r || strings.HasPrefix(path, strings.TrimSuffix(r, "/")+"/")
	})
}

// graph gives the imports of each package of the module, tests left out, by its path without the module's name.
func graph(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		all[strings.TrimPrefix(words[0], module)] = words[1:]
	}
	return all
}
