package oauth2

import (
	"errors"
	"strings"
	"testing"
)

func TestS256Vectors(t *testing.T) {
	tests := []struct{ source, verifier, challenge string }{
		{"RFC 7636 appendix B", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
		{"ID-porten's documentation", "xyo94uhy3zKvgB0NJwLms86SwcjtWviEOpkBnGgaLlo", "b7elB7ZyxIXgFyvBznKvxl7wOB-H17Pz0a3B62NIMFI"},
	}
	for _, tt := range tests {
		t.Run(tt.source, func(t *testing.T) {
			if got := S256(tt.verifier); got != tt.challenge {
				t.Errorf("got %s", got)
			}
			if !VerifyPKCE(tt.challenge, tt.verifier) || CheckChallenge(tt.challenge) != nil {
				t.Error("refused")
			}
		})
	}
}

func TestCheckVerifier(t *testing.T) {
	tests := []struct {
		rule, in string
		ok       bool
	}{
		{"43 characters", strings.Repeat("a", 43), true},
		{"128 characters", strings.Repeat("~", 128), true},
		{"every kind", strings.Repeat("Az09-._~", 8), true},
		{"empty", "", false},
		{"42 characters", strings.Repeat("a", 42), false},
		{"129 characters", strings.Repeat("a", 129), false},
		{"plus sign", strings.Repeat("a", 43) + "+", false},
		{"padding", strings.Repeat("a", 43) + "=", false},
		{"space", strings.Repeat("a", 43) + " ", false},
		{"not ASCII", strings.Repeat("a", 43) + "å", false},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			err := CheckVerifier(tt.in)
			if tt.ok != (err == nil) || !tt.ok && !errors.Is(err, ErrVerifier) {
				t.Errorf("got %v", err)
			}
			if got := VerifyPKCE(S256(tt.in), tt.in); got != tt.ok {
				t.Errorf("VerifyPKCE %v", got)
			}
		})
	}
}

func TestVerifyPKCERefuses(t *testing.T) {
	verifier := strings.Repeat("a", 43)
	tests := []struct{ rule, challenge string }{
		{"another verifier", S256(strings.Repeat("b", 43))},
		{"the verifier itself, as with plain", verifier},
		{"empty", ""},
		{"padded", S256(verifier) + "="},
		{"in small letters", strings.ToLower(S256(verifier))},
	}
	for _, tt := range tests {
		if VerifyPKCE(tt.challenge, verifier) {
			t.Errorf("%s: taken", tt.rule)
		}
	}
}

func TestCheckChallengeRefuses(t *testing.T) {
	good := S256("x")
	tests := []struct{ rule, in string }{
		{"empty", ""},
		{"42 characters", good[:42]},
		{"44 characters", good + "A"},
		{"padded", good + "="},
		{"standard alphabet", strings.Repeat("+", 42) + "8"},
		{"trailing bits", strings.Repeat("A", 42) + "B"},
		{"line break", good + "\n"},
	}
	for _, tt := range tests {
		if err := CheckChallenge(tt.in); !errors.Is(err, ErrChallenge) {
			t.Errorf("%s: got %v", tt.rule, err)
		}
	}
}
