package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"text/template/parse"
)

// usage is where texts are used: whole keys, and the beginnings of keys that are put together from data.
type usage struct {
	keys   map[string]string // key → a place that uses it and fails without
	begins map[string]string
	words  map[string]bool // string constants of the module, which may be keys
}

func (u usage) has(key string) bool {
	if _, ok := u.keys[key]; ok || u.words[key] {
		return true
	}
	for _, form := range []string{".what", ".do", ".one", ".many", ".until", ".over", ".again"} {
		if base, ok := strings.CutSuffix(key, form); ok && u.words[base] {
			return true
		}
	}
	for begin := range u.begins {
		if strings.HasPrefix(key, begin) {
			return true
		}
	}
	return false
}

func TestEveryKeyUsedExistsAndEveryTextIsUsed(t *testing.T) {
	all, err := loadTexts(files)
	if err != nil {
		t.Fatal(err)
	}
	u := usage{keys: map[string]string{}, begins: map[string]string{}, words: map[string]bool{}}
	templateUsage(t, files, u)
	goUsage(t, "..", u)
	for key, place := range u.keys {
		if _, ok := all[defaultLanguage][key]; !ok {
			t.Errorf("%s uses the key %s, which does not exist", place, key)
		}
	}
	for begin, place := range u.begins {
		if !slices.ContainsFunc(keysOf(all), func(key string) bool { return strings.HasPrefix(key, begin) }) {
			t.Errorf("%s uses keys that begin with %s, and there are none", place, begin)
		}
	}
	for _, key := range keysOf(all) {
		if !u.has(key) {
			t.Errorf("the text %s is used nowhere", key)
		}
	}
}

func TestUsageIsFound(t *testing.T) {
	u := usage{keys: map[string]string{}, begins: map[string]string{}, words: map[string]bool{}}
	templateUsage(t, fstest.MapFS{"templates/x.html": {Data: []byte(
		`{{define "main"}}{{if .A}}{{t "a.one"}}{{else}}{{template "x" (dict "Text" (t "a.two" 1))}}{{end}}{{range .B}}{{tn "a.three" .N}}{{end}}{{t (print "a.four." .C)}}{{with t "a.five"}}{{.}}{{end}}{{template "steps" (steps 1 "a.seven" "a.eight")}}{{end}}`)}}, u)
	for _, key := range []string{"a.one", "a.two", "a.three.one", "a.three.many", "a.four.x", "a.five", "a.seven", "a.eight"} {
		if !u.has(key) {
			t.Errorf("%s is used and was not found", key)
		}
	}
	if u.has("a.six") || u.has("a.four") {
		t.Error("found what is not used")
	}
}

func keysOf(all texts) []string {
	var keys []string
	for key := range all[defaultLanguage] {
		keys = append(keys, key)
	}
	return keys
}

func templateUsage(t *testing.T, fsys fs.FS, u usage) {
	t.Helper()
	names, err := fs.Glob(fsys, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		trees := map[string]*parse.Tree{}
		tree := parse.New(name)
		tree.Mode = parse.SkipFuncCheck
		if _, err := tree.Parse(string(raw), "", "", trees); err != nil {
			t.Fatal(err)
		}
		for _, tree := range trees {
			walkNode(tree.Root, func(c *parse.CommandNode) { u.command(name, c) })
		}
	}
}

// command notes {{t "key" …}}, {{tn "key" …}}, {{t (print "begin." …) …}}, {{langOf "key"}} and {{steps n "key" …}}.
func (u usage) command(place string, c *parse.CommandNode) {
	f, ok := c.Args[0].(*parse.IdentifierNode)
	if ok && (f.Ident == "steps" || f.Ident == "langOf") {
		for _, arg := range c.Args {
			if key, ok := arg.(*parse.StringNode); ok {
				u.keys[key.Text] = place
			}
		}
	}
	if !ok || (f.Ident != "t" && f.Ident != "tn") || len(c.Args) < 2 {
		return
	}
	switch arg := c.Args[1].(type) {
	case *parse.StringNode:
		if f.Ident == "tn" {
			u.keys[arg.Text+".one"], u.keys[arg.Text+".many"] = place, place
		} else {
			u.keys[arg.Text] = place
		}
	case *parse.PipeNode:
		inner := arg.Cmds[0].Args
		if begin, ok := inner[min(1, len(inner)-1)].(*parse.StringNode); ok {
			u.begins[begin.Text] = place
		}
	}
}

func walkNode(n parse.Node, visit func(*parse.CommandNode)) {
	branch := func(b *parse.BranchNode) {
		walkNode(b.Pipe, visit)
		walkNode(b.List, visit)
		if b.ElseList != nil {
			walkNode(b.ElseList, visit)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, child := range n.Nodes {
			walkNode(child, visit)
		}
	case *parse.ActionNode:
		walkNode(n.Pipe, visit)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			walkNode(n.Pipe, visit)
		}
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.PipeNode:
		for _, command := range n.Cmds {
			visit(command)
			for _, arg := range command.Args {
				walkNode(arg, visit)
			}
		}
	}
}

// goUsage reads the module's Go files, tests left out. A TextKey, a ReturnTextKey and the key of a call of T must exist;
// any other constant may be a key.
func goUsage(t *testing.T, root string, u usage) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "build" || d.Name() == "data") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool { u.node(path, n); return true })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (u usage) node(path string, n ast.Node) {
	switch n := n.(type) {
	case *ast.BasicLit:
		if word, ok := constant(n); ok {
			u.words[word] = true
		}
	case *ast.BinaryExpr:
		if begin, ok := constant(n.X); ok && n.Op == token.ADD && textKey.MatchString(strings.TrimSuffix(begin, ".")) && strings.HasSuffix(begin, ".") {
			u.begins[begin] = path
		}
	case *ast.KeyValueExpr:
		name, _ := n.Key.(*ast.Ident)
		key, ok := constant(n.Value)
		switch {
		case name == nil || !ok || key == "":
		case name.Name == "TextKey":
			u.keys[key+".what"], u.keys[key+".do"] = path, path
		case name.Name == "TimeKey":
			for _, form := range []string{".until", ".over", ".again"} {
				u.keys[key+form] = path
			}
		case name.Name == "ReturnTextKey":
			u.keys[key] = path
		}
	case *ast.CallExpr:
		f, ok := n.Fun.(*ast.SelectorExpr)
		if !ok || f.Sel.Name != "T" || len(n.Args) < 2 {
			return
		}
		if key, ok := constant(n.Args[1]); ok {
			u.keys[key] = path
		}
	}
}

func constant(e ast.Expr) (string, bool) {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	word, err := strconv.Unquote(literal.Value)
	return word, err == nil
}
