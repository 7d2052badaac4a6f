package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"
	"time"
)

// Whatever is parsed and verified was signed by the key, for us, and is fresh.
func FuzzMessage(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	at := time.Unix(1_764_000_000, 0)
	good, err := sign(key, typAnswer, message{Aud: "us", Iat: at.Unix(), Exp: at.Unix() + 60, Attempt: "a", Action: actionReject})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add("e30.e30.AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := parse(s, typAnswer)
		if err != nil {
			return
		}
		if _, err := verify(u, &key.PublicKey, "us", at); err == nil && !strings.HasPrefix(s, good[:strings.LastIndex(good, ".")+1]) {
			t.Errorf("%q was taken", s)
		}
	})
}
