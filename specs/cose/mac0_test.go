package cose

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"testing"
)

// mac gives a COSE_Mac0 made without the code under test but for Marshal.
func mac(t testing.TB, key []byte, protected map[int64]any, payload any) []byte {
	t.Helper()
	raw, err := Marshal(protected)
	if err != nil {
		t.Fatal(err)
	}
	structure, err := Marshal([]any{"MAC0", raw, []byte{}, content})
	if err != nil {
		t.Fatal(err)
	}
	h := hmac.New(sha256.New, key)
	h.Write(structure)
	return parts{protected, map[int64]any{}, payload, h.Sum(nil)}.bytes(t)
}

func TestMac0(t *testing.T) {
	key := []byte("thirty-two bytes make a good key")
	for _, c := range []struct {
		rule      string
		protected map[int64]any
		payload   any
		detached  []byte
		key       []byte
		want      error
	}{
		{"payload inside", map[int64]any{1: HMAC256}, content, nil, key, nil},
		{"payload detached", map[int64]any{1: HMAC256}, nil, content, key, nil},
		{"another key", map[int64]any{1: HMAC256}, content, nil, key[1:], ErrMAC},
		{"another payload", map[int64]any{1: HMAC256}, nil, []byte("other"), key, ErrMAC},
		{"payload twice", map[int64]any{1: HMAC256}, content, content, key, ErrPayload},
		{"payload missing", map[int64]any{1: HMAC256}, nil, nil, key, ErrPayload},
		{"no alg", map[int64]any{}, content, nil, key, ErrAlg},
		{"alg with a shortened tag", map[int64]any{1: 4}, content, nil, key, ErrAlg},
		{"alg of a signature", map[int64]any{1: ES256}, content, nil, key, ErrAlg},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var m Mac0
			if err := Unmarshal(mac(t, key, c.protected, c.payload), &m); err != nil {
				t.Fatal(err)
			}
			if err := m.Verify(c.key, c.detached); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	var m Mac0
	if err := m.UnmarshalCBOR(unhex(t, "83 40 a0 40")); !errors.Is(err, ErrType) {
		t.Errorf("array of three: %v", err)
	}
}

func TestMac0TagShortened(t *testing.T) {
	key := []byte("key")
	var m Mac0
	if err := m.UnmarshalCBOR(mac(t, key, map[int64]any{1: HMAC256}, content)); err != nil {
		t.Fatal(err)
	}
	full := m.Tag
	for n := range full {
		m.Tag = full[:n]
		if err := m.Verify(key, nil); !errors.Is(err, ErrMAC) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}
