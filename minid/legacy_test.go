package minid

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// RFC 7914 section 11.
func TestPBKDF2AgainstRFC7914(t *testing.T) {
	key, err := hex.DecodeString("4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56" +
		"a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d")
	if err != nil {
		t.Fatal(err)
	}
	r := pbkdf2Record{hash: sha256.New, iterations: 80000, salt: []byte("NaCl"), key: key}
	if !r.matches([]byte("Password")) || r.matches([]byte("password")) {
		t.Error("the vector does not hold")
	}
}

// The vector is of crypt_blowfish's own test.
func TestBcryptVector(t *testing.T) {
	const record = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	r, ok := parseLegacy(record)
	if !ok || !r.matches([]byte("U*U")) || r.matches([]byte("U*V")) {
		t.Error("the vector does not hold")
	}
	if r.matches([]byte("U*U" + strings.Repeat("x", 70))) {
		t.Error("more than 72 bytes were compared")
	}
}

func record(scheme, rest string) string {
	return "$pbkdf2-" + scheme + "$" + rest + "$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43)
}

func TestParseLegacy(t *testing.T) {
	for name, good := range map[string]string{
		"PHC":            record("sha256", "i=600000,l=32"),
		"PHC, no length": record("sha512", "i=210000"),
		"modular":        record("sha512", "25000"),
		"modular dots":   "$pbkdf2-sha256$29000$" + strings.Repeat(".", 21) + "A$" + strings.Repeat("A", 43),
	} {
		if _, ok := parseLegacy(good); !ok {
			t.Errorf("%s was refused: %s", name, good)
		}
	}
	for name, bad := range map[string]string{
		"empty":            "",
		"SHA-1":            record("sha1", "i=600000"),
		"few iterations":   record("sha256", "i=999"),
		"too many":         record("sha256", "i=2000001"),
		"leading zero":     record("sha256", "i=0600000"),
		"another length":   record("sha256", "i=600000,l=64"),
		"short salt":       "$pbkdf2-sha256$i=600000$AAAA$" + strings.Repeat("A", 43),
		"short key":        "$pbkdf2-sha256$i=600000$" + strings.Repeat("A", 22) + "$AAAA",
		"padding":          "$pbkdf2-sha256$i=600000$" + strings.Repeat("A", 22) + "==$" + strings.Repeat("A", 43),
		"bits beyond":      "$pbkdf2-sha256$i=600000$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 42) + "B",
		"bcrypt too dear":  "$2b$15$" + strings.Repeat("a", 53),
		"bcrypt cost 0":    "$2b$00$" + strings.Repeat("a", 53),
		"bcrypt short":     "$2b$10$" + strings.Repeat("a", 52),
		"crypt(3) SHA-512": "$6$saltsalt$" + strings.Repeat("a", 86),
	} {
		if _, ok := parseLegacy(bad); ok {
			t.Errorf("%s was taken: %s", name, bad)
		}
	}
}

func FuzzParseLegacy(f *testing.F) {
	f.Add(record("sha256", "i=600000,l=32"))
	f.Add(record("sha512", "25000"))
	f.Add("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
	f.Fuzz(func(t *testing.T, s string) {
		r, ok := parseLegacy(s)
		if p, is := r.(pbkdf2Record); ok && is && (p.iterations > maxIterations || len(p.key) > 64) {
			t.Errorf("%q asks too much", s)
		}
	})
}
