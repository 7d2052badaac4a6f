package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The hashes were computed by another program from the package comment.
func TestHashesAreThoseOfThePackageComment(t *testing.T) {
	at := time.UnixMilli(1795435509123)
	first := Head{}.Next(Event{
		At: at, Kind: "issuance.intent", Object: "X1", Outcome: "intent", Details: map[string]string{"copies": "2", "client_id": "blåbær"},
	}, "p:abc", "p:abc")
	head, err := Head{}.Follow(first)
	if err != nil {
		t.Fatal(err)
	}
	second := head.Next(Event{At: at.Add(77 * time.Millisecond), Kind: "issuance.result", Object: "X1", Outcome: "issued"}, "s:issuer", "")
	for e, want := range map[*Entry]string{
		&first: "Twn21irrRZ3696WuEyvEW1YgJRvxEoEVlqbjIOHDfc0", &second: "ZDpmoewv4AaXYEvoiZa3SSLxbYXFiYsKaTyDeVxuxU8",
	} {
		if got, err := e.Hash.MarshalText(); err != nil || string(got) != want {
			t.Errorf("entry %d: %s, %v, want %s", e.Seq, got, err, want)
		}
	}
}

// encoding/base64 skips line breaks, also when it is strict.
func TestAHashHasOneSpelling(t *testing.T) {
	text, err := Hash{1, 2, 3}.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var h Hash
	if err := h.UnmarshalText(text); err != nil || h != (Hash{1, 2, 3}) {
		t.Errorf("%v %v", h, err)
	}
	for _, other := range []string{string(text) + "\n", "\r" + string(text), string(text) + "=", string(text[:42]) + "B", string(text[:42]), ""} {
		if h.UnmarshalText([]byte(other)) == nil {
			t.Errorf("%q is a hash", other)
		}
	}
}

func TestParties(t *testing.T) {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	if got := Person("anna").As(key); got != "p:Tpwl6wryNCMpB-fzXq4_cA" {
		t.Errorf("%s", got)
	}
	if Person("anna").As(key) == Person("anna").As(make([]byte, 32)) || Person("anna").As(key) == Person("bo").As(key) {
		t.Error("a pseudonym without its key or its person")
	}
	if got := Service("issuer").As(nil) + (Party{}).As(nil); got != "s:issuer" {
		t.Errorf("%s", got)
	}
}

// mark stands in for a signature: this package does not know how one is made.
type mark struct{ name string }

func (m mark) Seal(payload []byte) (string, error) { return m.name + string(payload), nil }
func (m mark) Key() json.RawMessage                { return json.RawMessage(`"` + m.name + `"`) }

func opener(key json.RawMessage) (func(string) ([]byte, error), error) {
	name := strings.Trim(string(key), `"`)
	return func(jws string) ([]byte, error) {
		payload, ok := strings.CutPrefix(jws, name)
		if !ok {
			return nil, errors.New("signed by somebody else")
		}
		return []byte(payload), nil
	}, nil
}

// goodCopy has 9 entries with a checkpoint after each third: lines 2-4, 6-8, 10-12, and 5, 9, 13.
func goodCopy(t testing.TB) []string {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, mark{"k"}.Key())
	if err != nil {
		t.Fatal(err)
	}
	var head Head
	for n := 1; n <= 9; n++ {
		e := head.Next(Event{At: time.UnixMilli(int64(n)), Kind: "kind", Object: fmt.Sprint(n), Outcome: "ok", Details: map[string]string{"n": fmt.Sprint(n)}}, "p:x", "p:x")
		if head, err = head.Follow(e); err != nil {
			t.Fatal(err)
		}
		if err := w.Entry(e); err != nil {
			t.Fatal(err)
		}
		if n%3 == 0 {
			jws, err := Checkpoint{Log: "log", Seq: head.Seq, Hash: head.Hash, At: int64(n)}.Seal(mark{"k"})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Checkpoint(jws); err != nil {
				t.Fatal(err)
			}
		}
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// rehash makes the chain right again from a line on, as somebody would who can write but not sign.
func rehash(t testing.TB, lines []string, from int) []string {
	t.Helper()
	var head Head
	for n, text := range lines {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		if l.Entry == nil {
			continue
		}
		if n+1 >= from {
			l.Entry.Seq, l.Entry.Prev = head.Seq+1, head.Hash
			l.Entry.Hash = l.Entry.computed()
			raw, err := json.Marshal(l)
			if err != nil {
				t.Fatal(err)
			}
			lines[n] = string(raw)
		}
		head = Head{l.Entry.Seq, l.Entry.Hash}
	}
	return lines
}

func replace(old, by string) func(*testing.T, []string) []string {
	return func(t *testing.T, lines []string) []string {
		if !strings.Contains(lines[6], old) {
			t.Fatalf("%s is not in %s", old, lines[6])
		}
		lines[6] = strings.Replace(lines[6], old, by, 1)
		return lines
	}
}

// G24: each kind of tampering is found, and the first line that is wrong is named. Line 7 is entry 5.
func TestTamperingIsLocated(t *testing.T) {
	tests := map[string]struct {
		tamper func(t *testing.T, lines []string) []string
		line   int
		err    error
	}{
		"an entry deleted":              {func(_ *testing.T, l []string) []string { return slices.Delete(l, 6, 7) }, 7, ErrMissing},
		"the first entry deleted":       {func(_ *testing.T, l []string) []string { return slices.Delete(l, 1, 2) }, 2, ErrMissing},
		"two swapped":                   {func(_ *testing.T, l []string) []string { l[6], l[7] = l[7], l[6]; return l }, 7, ErrMissing},
		"an entry twice":                {func(_ *testing.T, l []string) []string { return slices.Insert(l, 7, l[6]) }, 8, ErrOrder},
		"object altered":                {replace(`"object":"5"`, `"object":"6"`), 7, ErrAltered},
		"time altered":                  {replace(`"at":5`, `"at":6`), 7, ErrAltered},
		"outcome altered":               {replace(`"ok"`, `"no"`), 7, ErrAltered},
		"detail altered":                {replace(`"n":"5"`, `"n":"6"`), 7, ErrAltered},
		"detail added":                  {replace(`"n":"5"`, `"n":"5","m":"x"`), 7, ErrAltered},
		"pseudonym altered":             {replace(`"p:x"`, `"p:y"`), 7, ErrAltered},
		"a member added":                {replace(`"kind"`, `"extra":1,"kind"`), 7, ErrForm},
		"altered with its hash":         {func(t *testing.T, l []string) []string { return alterWithHash(t, l) }, 8, ErrBroken},
		"altered with all hashes after": {func(t *testing.T, l []string) []string { return rehash(t, alterWithHash(t, l), 7) }, 9, ErrCheckpoint},
		"deleted with all hashes after": {func(t *testing.T, l []string) []string { return rehash(t, slices.Delete(l, 6, 7), 7) }, 8, ErrCheckpoint},
		"cut off after a checkpoint":    {func(_ *testing.T, l []string) []string { return l[:11] }, 12, ErrTruncated},
		"cut off within a line":         {func(_ *testing.T, l []string) []string { l[12] = l[12][:20]; return l }, 13, ErrForm},
		"no checkpoint":                 {func(_ *testing.T, l []string) []string { return l[:4] }, 5, ErrTruncated},
		"nothing":                       {func(*testing.T, []string) []string { return nil }, 1, ErrTruncated},
		"no key":                        {func(_ *testing.T, l []string) []string { return l[1:] }, 1, ErrForm},
		"a second key":                  {func(_ *testing.T, l []string) []string { return slices.Insert(l, 1, l[0]) }, 2, ErrForm},
		"a checkpoint moved":            {func(_ *testing.T, l []string) []string { l[8], l[7] = l[7], l[8]; return l }, 8, ErrCheckpoint},
		"a checkpoint by another":       {func(_ *testing.T, l []string) []string { l[4] = strings.Replace(l[4], `"k{`, `"x{`, 1); return l }, 5, ErrCheckpoint},
		"a checkpoint of another log": {func(_ *testing.T, l []string) []string {
			l[8] = strings.Replace(l[8], "log\\\",", "gol\\\",", 1)
			return l
		}, 9, ErrCheckpoint},
		"another key":   {func(_ *testing.T, l []string) []string { l[0] = `{"key":"x"}`; return l }, 5, ErrCheckpoint},
		"an empty line": {func(_ *testing.T, l []string) []string { return slices.Insert(l, 5, "") }, 6, ErrForm},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Verify(strings.NewReader(strings.Join(tt.tamper(t, goodCopy(t)), "\n")), opener)
			var bad *Bad
			if !errors.As(err, &bad) || bad.Line != tt.line || !errors.Is(err, tt.err) {
				t.Errorf("got %v, want line %d: %v", err, tt.line, tt.err)
			}
		})
	}
	v, err := Verify(strings.NewReader(strings.Join(goodCopy(t), "\n")), opener)
	if err != nil || v.Last.Seq != 9 || v.Checkpoints != 3 || v.Last.Log != "log" {
		t.Errorf("the good copy: %+v %v", v, err)
	}
}

func alterWithHash(t testing.TB, lines []string) []string {
	t.Helper()
	var l line
	if err := json.Unmarshal([]byte(lines[6]), &l); err != nil {
		t.Fatal(err)
	}
	l.Entry.Outcome = "no"
	l.Entry.Hash = l.Entry.computed()
	raw, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	lines[6] = string(raw)
	return lines
}

func FuzzVerify(f *testing.F) {
	f.Add(strings.Join(goodCopy(f), "\n"))
	f.Add(`{"key":"k"}` + "\n" + `{"checkpoint":"k{}"}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Verify(strings.NewReader(text), opener)
		if err == nil && v.Checkpoints == 0 {
			t.Error("a copy without a checkpoint holds")
		}
	})
}
