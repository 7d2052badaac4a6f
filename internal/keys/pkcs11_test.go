//go:build pkcs11

package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThalesGroup/crypto11"
	"github.com/miekg/pkcs11"

	"lommebok.example/internal/keys/keystest"
)

func openHSM(t *testing.T, c *clock) (keystest.Token, Vault) {
	t.Helper()
	h := keystest.SoftHSM(t)
	v, err := OpenPKCS11(PKCS11Config{Module: keystest.Module, Token: keystest.Label, PINFile: h.PINFile, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return h, v
}

// loseSessions ends every session, as a token does that was pulled out or restarted. The library is the process's: a second
// handle on it reaches the sessions of the first.
func loseSessions(t *testing.T) {
	t.Helper()
	library := pkcs11.New(keystest.Module)
	slots, err := library.GetSlotList(true)
	if err != nil {
		t.Error(err)
		return
	}
	for _, slot := range slots {
		if err := library.CloseAllSessions(slot); err != nil {
			t.Error(err)
		}
	}
}

func signs(t *testing.T, k Key) error {
	t.Helper()
	digest := sha256.Sum256([]byte("what is signed"))
	signature, err := k.Signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err == nil && !ecdsa.VerifyASN1(k.Signer.Public().(*ecdsa.PublicKey), digest[:], signature) {
		t.Fatal("the signature does not verify")
	}
	return err
}

func TestTokenMakesFindsAndSigns(t *testing.T) {
	c := &clock{noon}
	_, v := openHSM(t, c)
	ring, err := OpenRing(RingConfig{Purpose: "made-in-token", Vault: v, Now: c.now, Keep: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := signs(t, ring.Current()); err != nil {
		t.Error(err)
	}
	c.at = noon.Add(time.Minute)
	next, err := ring.Rotate(0)
	if err != nil {
		t.Fatal(err)
	}
	if ring.Current().ID != next.ID || len(ring.Live()) != 2 {
		t.Errorf("%s signs, live %v", ring.Current().ID, ids(ring.Live()))
	}
	if err := signs(t, ring.Current()); err != nil {
		t.Error(err)
	}
	again, err := v.Make("made-in-token", noon)
	if err != nil || again.ID != newKeyID(noon) || !samePublic(again, ring.Live()[1]) {
		t.Errorf("made twice: %v", err)
	}
	if others, err := v.Keys("another-purpose"); err != nil || len(others) != 0 {
		t.Errorf("another purpose has %d keys, %v", len(others), err)
	}
}

// Nothing gives the private key away: not the Go value, not the token.
func TestTokenKeyIsNotExtractable(t *testing.T) {
	c := &clock{noon}
	_, v := openHSM(t, c)
	k, err := v.Make("sealed", noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x509.MarshalPKCS8PrivateKey(k.Signer); err == nil {
		t.Error("the key can be written to a file")
	}
	err = v.(*token).use(func(ctx *crypto11.Context) error {
		pair, err := k.Signer.(*tokenKey).find(ctx)
		if err != nil {
			return err
		}
		for attribute, want := range map[crypto11.AttributeType]byte{crypto11.CkaExtractable: 0, crypto11.CkaSensitive: 1, crypto11.CkaNeverExtractable: 1} {
			got, err := ctx.GetAttribute(pair, attribute)
			if err != nil || len(got.Value) != 1 || got.Value[0] != want {
				t.Errorf("attribute %v: %v, %v", attribute, got, err)
			}
		}
		if value, err := ctx.GetAttribute(pair, crypto11.CkaValue); err == nil && value != nil && len(value.Value) > 0 {
			t.Error("the token gave the private value")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A token that is gone is unavailable, and is used again when it is back, without a restart.
func TestTokenComesBack(t *testing.T) {
	c := &clock{noon}
	h, v := openHSM(t, c)
	k, err := v.Make("comes-back", noon)
	if err != nil {
		t.Fatal(err)
	}
	away := h.Folder + ".away"
	if err := os.Rename(h.Folder, away); err != nil {
		t.Fatal(err)
	}
	loseSessions(t)
	if err := signs(t, k); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without the token: %v", err)
	}
	if err := os.Rename(away, h.Folder); err != nil {
		t.Fatal(err)
	}
	if err := signs(t, k); !errors.Is(err, ErrUnavailable) {
		t.Errorf("opened anew at once: %v", err)
	}
	c.at = c.at.Add(openRest)
	if err := signs(t, k); err != nil {
		t.Errorf("with the token back: %v", err)
	}
}

func TestTokenWithAWrongPIN(t *testing.T) {
	c := &clock{noon}
	h, v := openHSM(t, c)
	wrong := filepath.Join(t.TempDir(), "pin")
	if err := os.WriteFile(wrong, []byte("1234"), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := v.Make("pin", noon)
	if err != nil {
		t.Fatal(err)
	}
	tok := v.(*token)
	loseSessions(t)
	tok.cfg.PINFile = wrong
	if err := signs(t, k); !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "1234") {
		t.Errorf("with a wrong PIN: %v", err)
	}
	tok.cfg.PINFile = h.PINFile
	c.at = c.at.Add(pinRest - time.Second)
	if err := signs(t, k); !errors.Is(err, ErrUnavailable) {
		t.Errorf("the PIN was tried again at once: %v", err)
	}
	c.at = c.at.Add(time.Second)
	if err := signs(t, k); err != nil {
		t.Errorf("with the right PIN: %v", err)
	}
	if _, err := OpenPKCS11(PKCS11Config{Module: keystest.Module, Token: "another", PINFile: h.PINFile, Now: c.now}); err == nil {
		t.Error("opened a token that is not there")
	}
}

// What takes longer than the patience is unavailable; the caller does not wait for it.
func TestTokenThatIsSlow(t *testing.T) {
	c := &clock{noon}
	_, v := openHSM(t, c)
	k, err := v.Make("slow", noon)
	if err != nil {
		t.Fatal(err)
	}
	tok := v.(*token)
	tok.cfg.Patience = time.Millisecond
	tok.mu.Lock() // as if somebody held the token
	if err := signs(t, k); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	tok.cfg.Patience = DefaultPatience
	tok.mu.Unlock()
	if err := signs(t, k); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestThirtyTwoSignAtOnceWhileTheTokenIsLost(t *testing.T) {
	c := &clock{noon}
	_, v := openHSM(t, c)
	k, err := v.Make("at-once", noon)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			if i == 16 {
				loseSessions(t)
			}
			for range 8 {
				if err := signs(t, k); err != nil && !errors.Is(err, ErrUnavailable) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := signs(t, k); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
