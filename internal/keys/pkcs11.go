//go:build pkcs11

package keys

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ThalesGroup/crypto11"
	"github.com/miekg/pkcs11"
)

// token is a vault in a hardware security module. A key's label is its purpose, and its CKA_ID its ID; it is made there,
// sensitive and not extractable.
//
// A token that was taken away, or that forgot its sessions, is opened anew at the next use. After a refusal of the PIN that
// is not tried again within a minute: tokens lock themselves after some.
type token struct {
	cfg PKCS11Config

	mu     sync.RWMutex // held for reading while the context is used
	ctx    *crypto11.Context
	opened int // how many times, so that of many that failed together one opens it anew
	closed bool
	rest   time.Time // not to be opened before
	why    error
}

const (
	pinRest  = time.Minute
	openRest = time.Second
	sessions = 32
)

// OpenPKCS11 opens a token. It fails when the token cannot be used: a service should not start without its keys.
func OpenPKCS11(cfg PKCS11Config) (Vault, error) {
	if cfg.Module == "" || cfg.Token == "" || cfg.PINFile == "" || cfg.Now == nil {
		return nil, errors.New("keys: PKCS#11 needs the module's file, the token's label and a file with its PIN")
	}
	if cfg.Patience == 0 {
		cfg.Patience = DefaultPatience
	}
	t := &token{cfg: cfg}
	return t, t.reopen(0)
}

// reopen opens the token, unless somebody else did since the caller saw it.
func (t *token) reopen(seen int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return fmt.Errorf("%w: closed", ErrUnavailable)
	case t.opened != seen:
		return nil
	case t.cfg.Now().Before(t.rest):
		return fmt.Errorf("%w: %w", ErrUnavailable, t.why)
	}
	if t.ctx != nil {
		_ = t.ctx.Close() // of a token that does not answer; it is opened anew
		t.ctx = nil
	}
	ctx, err := t.open()
	if err != nil {
		t.why, t.rest = err, t.cfg.Now().Add(openRest)
		if code := pkcs11.Error(0); errors.As(err, &code) && refusesPIN(code) {
			t.rest = t.cfg.Now().Add(pinRest)
		}
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	t.ctx, t.opened, t.rest = ctx, t.opened+1, time.Time{}
	return nil
}

func (t *token) open() (*crypto11.Context, error) {
	pin, err := os.ReadFile(t.cfg.PINFile)
	if err != nil {
		return nil, fmt.Errorf("the PIN's file: %w", err)
	}
	return crypto11.Configure(&crypto11.Config{
		Path: t.cfg.Module, TokenLabel: t.cfg.Token, Pin: strings.TrimSpace(string(pin)),
		MaxSessions: sessions, PoolWaitTimeout: t.cfg.Patience,
	})
}

func refusesPIN(code pkcs11.Error) bool {
	return slices.Contains([]pkcs11.Error{
		pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE, pkcs11.CKR_PIN_LOCKED, pkcs11.CKR_PIN_EXPIRED,
	}, code)
}

// use does work with the token, once more after it was opened anew.
func (t *token) use(work func(*crypto11.Context) error) error {
	for again := false; ; again = true {
		seen, err := t.once(work)
		if err == nil {
			return nil
		}
		if again {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		if err := t.reopen(seen); err != nil {
			return err
		}
	}
}

func (t *token) once(work func(*crypto11.Context) error) (seen int, err error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.ctx == nil {
		return t.opened, errors.New("not open")
	}
	return t.opened, work(t.ctx)
}

// Keys implements Vault. A token has no "make unless there is one": where two replicas made a key of the same ID, all take
// the one whose public key comes first.
func (t *token) Keys(purpose string) (all []Key, err error) {
	err = t.use(func(ctx *crypto11.Context) (err error) {
		all, err = t.find(ctx, nil, purpose)
		return err
	})
	return all, err
}

// Make implements Vault.
func (t *token) Make(purpose string, from time.Time) (k Key, err error) {
	id := newKeyID(from)
	err = t.use(func(ctx *crypto11.Context) error {
		found, err := t.find(ctx, []byte(id), purpose)
		if err == nil && len(found) == 0 {
			if _, err = ctx.GenerateECDSAKeyPairWithLabel([]byte(id), []byte(purpose), elliptic.P256()); err == nil {
				found, err = t.find(ctx, []byte(id), purpose)
			}
		}
		if err != nil {
			return err
		}
		k = found[0]
		return nil
	})
	return k, err
}

func (t *token) find(ctx *crypto11.Context, id []byte, purpose string) ([]Key, error) {
	pairs, err := ctx.FindKeyPairs(id, []byte(purpose))
	if err != nil {
		return nil, err
	}
	all := make([]Key, 0, len(pairs))
	for _, pair := range pairs {
		id, err := ctx.GetAttribute(pair, crypto11.CkaId)
		if err != nil {
			return nil, err
		}
		k, err := t.key(purpose, string(id.Value), pair.Public())
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b Key) int {
		return cmp.Or(a.From.Compare(b.From), bytes.Compare(pointOf(a), pointOf(b)))
	})
	return slices.CompactFunc(all, func(a, b Key) bool { return a.ID == b.ID }), nil
}

func pointOf(k Key) []byte {
	point, _ := k.Signer.(*tokenKey).public.Bytes() // of a point on P-256
	return point
}

func (t *token) key(purpose, id string, public crypto.PublicKey) (Key, error) {
	from, err := parseKeyID(id)
	if err != nil {
		return Key{}, err
	}
	ec, ok := public.(*ecdsa.PublicKey)
	if !ok || ec.Curve != elliptic.P256() {
		return Key{}, fmt.Errorf("%w: %s of %s is no P-256 key", ErrFile, id, purpose)
	}
	return Key{ID: id, From: from, Signer: &tokenKey{t: t, purpose: purpose, id: id, public: ec}}, nil
}

// Close implements Vault.
func (t *token) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	if t.ctx == nil {
		return nil
	}
	err := t.ctx.Close()
	t.ctx = nil
	return err
}

// tokenKey signs with a key of the token. It keeps the object's handle for as long as the token stays open.
type tokenKey struct {
	t           *token
	purpose, id string
	public      *ecdsa.PublicKey

	mu     sync.Mutex
	opened int
	pair   crypto11.Signer
}

func (k *tokenKey) Public() crypto.PublicKey { return k.public }

// Sign implements crypto.Signer. What takes longer than the patience is ErrUnavailable.
func (k *tokenKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	type answer struct {
		signature []byte
		err       error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		a.err = k.t.use(func(ctx *crypto11.Context) (err error) {
			pair, err := k.find(ctx)
			if err == nil {
				a.signature, err = pair.Sign(random, digest, opts)
			}
			return err
		})
		done <- a
	}()
	late := time.NewTimer(k.t.cfg.Patience)
	defer late.Stop()
	select {
	case a := <-done:
		return a.signature, a.err
	case <-late.C:
		return nil, fmt.Errorf("%w: no signature within %s", ErrUnavailable, k.t.cfg.Patience)
	}
}

// find is called while the token stays open.
func (k *tokenKey) find(ctx *crypto11.Context) (crypto11.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pair != nil && k.opened == k.t.opened {
		return k.pair, nil
	}
	pairs, err := ctx.FindKeyPairs([]byte(k.id), []byte(k.purpose))
	if err != nil {
		return nil, err
	}
	for _, pair := range pairs {
		if k.public.Equal(pair.Public()) {
			k.pair, k.opened = pair, k.t.opened
			return pair, nil
		}
	}
	return nil, errors.New("the key is not in the token")
}
