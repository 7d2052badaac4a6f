package webtest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// visited are the templates that the tests of this process have looked at, by the data-page of the body.
var visited = struct {
	sync.Mutex
	pages map[string]bool
}{pages: map[string]bool{}}

func visit(page string) {
	visited.Lock()
	defer visited.Unlock()
	visited.pages[page] = true
}

// Main runs the tests of a package, and fails when one of the areas has a page that no test looked at with Axe or AxeHere.
// Where only some of the tests run, or there is no browser, it says nothing. The tests share one browser, see Browser.
//
//	func TestMain(m *testing.M) { os.Exit(webtest.Main(m, "login", "operator")) }
func Main(m *testing.M, areas ...string) int {
	code := run(m)
	if some := flag.Lookup("test.run"); code != 0 || some != nil && some.Value.String() != "" {
		return code
	}
	visited.Lock()
	defer visited.Unlock()
	if len(visited.pages) == 0 {
		return code
	}
	pages, err := Pages(areas...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if left := unseen(pages, visited.pages); len(left) > 0 {
		fmt.Fprintf(os.Stderr, "no test has looked at these pages in a browser: %s\n", strings.Join(left, ", "))
		return 1
	}
	return code
}

// run runs the tests, and ends the browser that they shared.
func run(m *testing.M) int {
	shared.on = true
	code := m.Run()
	if shared.stop != nil {
		if err := shared.stop(); err != nil {
			fmt.Fprintf(os.Stderr, "closing the browser: %v\n", err)
		}
	}
	return code
}

func unseen(pages []string, seen map[string]bool) []string {
	return slices.DeleteFunc(slices.Clone(pages), func(page string) bool { return seen[page] })
}

// Pages names the templates of these areas that are pages; without areas, of all.
func Pages(areas ...string) ([]string, error) {
	root, err := root()
	if err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(root, "web", "templates", "*.html"))
	if err != nil {
		return nil, err
	}
	var pages []string
	for _, name := range names {
		page := strings.TrimSuffix(filepath.Base(name), ".html")
		area, _, isPage := strings.Cut(page, "_")
		if isPage && !strings.HasSuffix(page, "_partials") && (len(areas) == 0 || slices.Contains(areas, area)) {
			pages = append(pages, page)
		}
	}
	return pages, nil
}
