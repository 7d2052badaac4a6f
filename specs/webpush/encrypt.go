package webpush

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/binary"
	"fmt"
)

// Encrypt makes the body of a message (Content-Encoding: aes128gcm) to the keys of a subscription: p256dh 65 bytes, auth
// 16. text is 4079 bytes at most. ErrKey, ErrSize.
func Encrypt(p256dh, auth, text []byte) ([]byte, error) {
	sender, salt, err := fresh(rand.Reader)
	if err != nil {
		return nil, err
	}
	return encrypt(p256dh, auth, text, sender, salt)
}

func encrypt(p256dh, auth, text []byte, sender *ecdh.PrivateKey, salt []byte) ([]byte, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("%w: %d bytes, expected at most %d", ErrSize, len(text), maxText)
	}
	receiver, err := ecdh.P256().NewPublicKey(p256dh)
	if err != nil || len(p256dh) != keyLength || len(auth) != authLength {
		return nil, ErrKey
	}
	shared, err := sender.ECDH(receiver)
	if err != nil {
		return nil, ErrKey
	}
	own := sender.PublicKey().Bytes()
	key, nonce, err := content(shared, auth, p256dh, own, salt)
	if err != nil {
		return nil, err
	}
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	body := make([]byte, 0, headLength+len(text)+1+tagLength)
	body = append(body, salt...)
	body = binary.BigEndian.AppendUint32(body, recordSize)
	body = append(append(body, keyLength), own...)
	return aead.Seal(body, nonce, append(text[:len(text):len(text)], lastRecord), nil), nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("webpush: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("webpush: %w", err)
	}
	return aead, nil
}

// Decrypt reads the body of a message. ErrBody.
func (r *Receiver) Decrypt(body []byte) ([]byte, error) {
	if len(body) < headLength+1+tagLength || body[saltLength+4] != keyLength {
		return nil, ErrBody
	}
	salt, size, own := body[:saltLength], binary.BigEndian.Uint32(body[saltLength:]), body[headLength-keyLength:headLength]
	record := body[headLength:]
	if size < tagLength+2 || uint64(len(record)) > uint64(size) {
		return nil, ErrBody
	}
	sender, err := ecdh.P256().NewPublicKey(own)
	if err != nil {
		return nil, ErrBody
	}
	shared, err := r.key.ECDH(sender)
	if err != nil {
		return nil, ErrBody
	}
	key, nonce, err := content(shared, r.auth, r.P256DH(), own, salt)
	if err != nil {
		return nil, err
	}
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	text, err := aead.Open(nil, nonce, record, nil)
	if err != nil {
		return nil, ErrBody
	}
	return unpad(text)
}

// unpad takes the delimiter of the last record and the zeros after it away.
func unpad(text []byte) ([]byte, error) {
	for i := len(text) - 1; i >= 0; i-- {
		switch text[i] {
		case 0:
		case lastRecord:
			return text[:i], nil
		default:
			return nil, ErrBody
		}
	}
	return nil, ErrBody
}
