package sdjwt

import (
	"fmt"
	"testing"
)

func twentyClaims() map[string]any {
	claims := map[string]any{}
	for i := range 20 {
		claims[fmt.Sprintf("claim_number_%d", i)] = SD{fmt.Sprintf("the value of claim %d", i)}
	}
	return claims
}

func BenchmarkEncode20(b *testing.B) {
	claims := twentyClaims()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := EncodeJSON(0, claims); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse20(b *testing.B) {
	s, _ := encoded(b, twentyClaims())
	text := s.String()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProcess20(b *testing.B) {
	s, payload := encoded(b, twentyClaims())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Process(payload); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyKeyBinding(b *testing.B) {
	key := newKey(b)
	s, _ := encoded(b, twentyClaims())
	s = present(b, s, key, noon)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.VerifyKeyBinding(&key.PublicKey, expectKB); err != nil {
			b.Fatal(err)
		}
	}
}

// What stands beyond the limits is refused at the cost of counting.
func BenchmarkRefuse100000Disclosures(b *testing.B) {
	text := unsigned(`{}`)
	for len(text) < MaxSize-8 {
		text += "a~a~a~a~"
	}
	for b.Loop() {
		if _, err := Parse(text); err == nil {
			b.Fatal("not refused")
		}
	}
}
