package webpush

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// The refusals of this package.
var (
	ErrKey  = errors.New("webpush: not a key for push messages (RFC 8291 section 3.1)")
	ErrBody = errors.New("webpush: not a message for this receiver (RFC 8291 section 3.4, RFC 8188 section 2)")
	ErrSize = errors.New("webpush: more than fits into one record (RFC 8291 section 4)")
)

const (
	authLength  = 16
	saltLength  = 16
	keyLength   = 65 // uncompressed point of P-256
	recordSize  = 4096
	tagLength   = 16
	headLength  = saltLength + 4 + 1 + keyLength
	maxText     = recordSize - tagLength - 1
	lastRecord  = 2 // delimiter of the last record (RFC 8188 section 2)
	contentKey  = 16
	nonceLength = 12
)

// Receiver is the end that reads: the key of a subscription and its authentication secret.
type Receiver struct {
	key  *ecdh.PrivateKey
	auth []byte
}

// NewReceiver makes the secrets of a new subscription.
func NewReceiver() (*Receiver, error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("webpush: %w", err)
	}
	auth := make([]byte, authLength)
	_, _ = rand.Read(auth) // never fails: crypto/rand ends the program instead
	return &Receiver{key: key, auth: auth}, nil
}

// P256DH and Auth are what the sender needs (Push API, getKey).
func (r *Receiver) P256DH() []byte { return r.key.PublicKey().Bytes() }

// Auth is the authentication secret, 16 bytes.
func (r *Receiver) Auth() []byte { return r.auth }

// content derives the key and the nonce of the one record (RFC 8291 section 3.4).
func content(shared, auth, receiver, sender, salt []byte) (key, nonce []byte, err error) {
	info := append(append([]byte("WebPush: info\x00"), receiver...), sender...)
	input, err := hkdf.Key(sha256.New, shared, auth, string(info), sha256.Size)
	if err != nil {
		return nil, nil, fmt.Errorf("webpush: %w", err)
	}
	if key, err = hkdf.Key(sha256.New, input, salt, "Content-Encoding: aes128gcm\x00", contentKey); err != nil {
		return nil, nil, fmt.Errorf("webpush: %w", err)
	}
	if nonce, err = hkdf.Key(sha256.New, input, salt, "Content-Encoding: nonce\x00", nonceLength); err != nil {
		return nil, nil, fmt.Errorf("webpush: %w", err)
	}
	return key, nonce, nil
}

// fresh are the sender's key and the salt of one message.
func fresh(random io.Reader) (*ecdh.PrivateKey, []byte, error) {
	key, err := ecdh.P256().GenerateKey(random)
	if err != nil {
		return nil, nil, fmt.Errorf("webpush: %w", err)
	}
	salt := make([]byte, saltLength)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, nil, fmt.Errorf("webpush: %w", err)
	}
	return key, salt, nil
}
