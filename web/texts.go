package web

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Languages are those that every text stands in, the first one used when nothing else is known. Bokmål and Nynorsk are both a duty
// of the state (språklova section 14).
var Languages = []string{"nb", "nn", "en"}

const defaultLanguage = "nb"

// texts is language → key → text.
type texts map[string]map[string]string

var (
	textKey     = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)
	placeholder = regexp.MustCompile(`\{([A-Za-z0-9_]+)\}`)
)

// loadTexts reads texts/<area>.<lang>.yaml: one flat map of dotted keys, each beginning with its area.
func loadTexts(fsys fs.FS) (texts, error) {
	names, err := fs.Glob(fsys, "texts/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("web: listing texts: %w", err)
	}
	all := texts{}
	for _, lang := range Offered {
		all[lang] = map[string]string{}
	}
	for _, name := range names {
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("web: reading texts: %w", err)
		}
		area, lang, ok := strings.Cut(strings.TrimSuffix(path.Base(name), ".yaml"), ".")
		if !ok || !slices.Contains(Offered, lang) {
			return nil, fmt.Errorf("web: %s: the name must be <area>.<language>.yaml with a language of %v", name, Offered)
		}
		if err := addTexts(all[lang], area, raw); err != nil {
			return nil, fmt.Errorf("web: %s: %w", name, err)
		}
	}
	return all, nil
}

func addTexts(into map[string]string, area string, raw []byte) error {
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return err
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() != ast.MappingType {
		return fmt.Errorf("the file must hold one map of keys to texts")
	}
	for _, pair := range file.Docs[0].Body.(*ast.MappingNode).Values {
		key, text, err := textPair(pair)
		if err != nil {
			return err
		}
		switch _, twice := into[key]; {
		case twice:
			return fmt.Errorf("the key %s stands twice", key)
		case !strings.HasPrefix(key, area+"."):
			return fmt.Errorf("the key %s must begin with %s and a dot", key, area)
		}
		into[key] = text
	}
	return nil
}

// textPair accepts only text, so that a version number or a bare yes is not taken for something else.
func textPair(pair *ast.MappingValueNode) (key, text string, err error) {
	key = pair.Key.String()
	if !textKey.MatchString(key) {
		return "", "", fmt.Errorf("the key %q must be lower case words with dots between", key)
	}
	switch pair.Value.Type() {
	case ast.StringType, ast.LiteralType:
	default:
		return "", "", fmt.Errorf("the text of %s must be a string, in quotes when it looks like something else", key)
	}
	if err := yaml.NodeToValue(pair.Value, &text); err != nil {
		return "", "", fmt.Errorf("%s: %w", key, err)
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return "", "", fmt.Errorf("the text of %s is empty", key)
	}
	return key, text, nil
}

// T gives the text of a key. Arguments fill {0}, {1} by position, or {name} when they come as name, value, name, value.
// A key that does not exist gives the key itself; templates that use such a key do not render, and a test finds both.
func (s *Site) T(lang, key string, args ...any) string {
	text, err := s.texts.get(lang, key, args...)
	if err != nil {
		s.cfg.Log.Error("text", "error", err)
		return key
	}
	return text
}

func (t texts) get(lang, key string, args ...any) (string, error) {
	in, ok := t[lang]
	if !ok || lang == partial && !t.own(lang, key) {
		in = t[defaultLanguage]
	}
	text, ok := in[key]
	if !ok {
		return "", fmt.Errorf("web: no text has the key %q in %s", key, lang)
	}
	return fill(key, text, args)
}

// own tells whether a language has a text for the key itself.
func (t texts) own(lang, key string) bool {
	_, ok := t[lang][key]
	return ok
}

// count picks <key>.one or <key>.many by n, which also fills {n}.
func (t texts) count(lang, key string, n int, args ...any) (string, error) {
	form := ".many"
	if n == 1 {
		form = ".one"
	}
	return t.get(lang, key+form, append([]any{"n", n}, args...)...)
}

func fill(key, text string, args []any) (string, error) {
	var missing []string
	filled := placeholder.ReplaceAllStringFunc(text, func(hole string) string {
		name := hole[1 : len(hole)-1]
		value, ok := argument(name, args)
		if !ok {
			missing = append(missing, name)
		}
		return fmt.Sprint(value)
	})
	if len(missing) > 0 {
		return "", fmt.Errorf("web: the text %s lacks the arguments %v", key, missing)
	}
	return filled, nil
}

func argument(name string, args []any) (any, bool) {
	if i, err := strconv.Atoi(name); err == nil {
		if i >= len(args) {
			return "", false
		}
		return args[i], true
	}
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return args[i+1], true
		}
	}
	return "", false
}
