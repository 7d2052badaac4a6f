package jose

import (
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// withX5C gives a JWS whose header holds a chain, and the header as it stands in it.
func withX5C(t *testing.T, typ string) (compact, header string) {
	t.Helper()
	key := newKey(t, elliptic.P256())
	signer, err := NewSigner(key, Header{Typ: typ, Kid: "k", X5C: []*x509.Certificate{selfSigned(t, key)}})
	if err != nil {
		t.Fatal(err)
	}
	compact, err = signer.Sign([]byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ = strings.Cut(compact, ".")
	return compact, header
}

var takesX5C = Rules{Typ: "t", Allow: []string{"x5c", "kid"}}

func TestAKnownHeaderIsReadAsTheFirstTime(t *testing.T) {
	compact, header := withX5C(t, "t")
	first, err := Parse(compact, takesX5C)
	if err != nil {
		t.Fatal(err)
	}
	if knownHeaders.find(header).list == nil {
		t.Fatal("the header is not known")
	}
	second, err := Parse(compact, takesX5C)
	if err != nil || !reflect.DeepEqual(first, second) {
		t.Errorf("the second time: %+v, %v; want %+v", second, err, first)
	}
	leaf := second.Header.X5C[0]
	second.Header.X5C[0] = nil
	third, err := Parse(compact, takesX5C)
	if err != nil || third.Header.X5C[0] != leaf {
		t.Error("a caller's chain is the one that is remembered")
	}
}

// The rules are the caller's, and another caller has others.
func TestAKnownHeaderIsStillHeldToTheRules(t *testing.T) {
	compact, _ := withX5C(t, "t")
	if _, err := Parse(compact, takesX5C); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		rules Rules
		want  error
	}{
		"x5c is not allowed":     {Rules{Typ: "t", Allow: []string{"kid"}}, ErrHeader},
		"kid is not allowed":     {Rules{Typ: "t", Allow: []string{"x5c"}}, ErrHeader},
		"another typ":            {Rules{Typ: "u", Allow: []string{"x5c", "kid"}}, ErrTyp},
		"alg is not among these": {Rules{Typ: "t", Algs: []Alg{ES384}, Allow: []string{"x5c", "kid"}}, ErrAlg},
	} {
		if _, err := Parse(compact, c.rules); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestWhatIsRefusedIsNotRemembered(t *testing.T) {
	compact, header := withX5C(t, "other")
	if _, err := Parse(compact, takesX5C); !errors.Is(err, ErrTyp) {
		t.Fatal(err)
	}
	if knownHeaders.find(header).list != nil {
		t.Error("a header that was refused is remembered")
	}
}

func TestKnownHeadersAreBounded(t *testing.T) {
	var k known
	for i := range 3 * maxKnown {
		k.keep(fmt.Sprint(i), knownHeader{list: []member{{}}})
	}
	k.keep(strings.Repeat("x", maxKnownText+1), knownHeader{list: []member{{}}})
	if len(k.byText) != maxKnown {
		t.Errorf("%d headers, at most %d", len(k.byText), maxKnown)
	}
	if k.find(fmt.Sprint(3*maxKnown-1)).list == nil {
		t.Error("the last one is not there")
	}
}
