package corpus

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"

	"lommebok.example/specs/jose"
)

const responseKeyID = "corpus-1"

// envelope is a JWE by ECDH-ES to be (RFC 7518 section 4.6), with the places where it can be broken.
type envelope struct {
	header    object
	rawHeader string
	to        signer // the key that the secret is agreed with
	size      int    // of the content key, in bytes
	plaintext string
	parts     func(parts []string) []string
	whole     func(text string) string
}

func (w *world) goodEnvelope(plaintext string) *envelope {
	epk := w.jwk(keyOf("ephemeral"))
	return &envelope{
		header: object{"alg": "ECDH-ES", "enc": "A128GCM", "kid": responseKeyID, "epk": epk}, to: w.response, size: 16, plaintext: plaintext,
	}
}

func (e *envelope) String() string {
	header := e.rawHeader
	if header == "" {
		header = string(must(json.Marshal(e.header)))
	}
	enc, _ := e.header["enc"].(string)
	secret := must(must(keyOf("ephemeral").ECDH()).ECDH(must(e.to.PublicKey.ECDH())))
	block := must(aes.NewCipher(concatKDF(secret, enc, e.size)))
	iv := saltOf("iv")[:12]
	gcm := must(cipher.NewGCM(block))
	sealed := gcm.Seal(nil, iv, []byte(e.plaintext), []byte(b64(header)))
	end := len(sealed) - gcm.Overhead()
	parts := []string{b64(header), "", jose.EncodeBase64URL(iv), jose.EncodeBase64URL(sealed[:end]), jose.EncodeBase64URL(sealed[end:])}
	if e.parts != nil {
		parts = e.parts(parts)
	}
	text := parts[0]
	for _, p := range parts[1:] {
		text += "." + p
	}
	if e.whole != nil {
		text = e.whole(text)
	}
	return text
}

// concatKDF makes the content key of a secret, with empty apu and apv (RFC 7518 section 4.6.2).
func concatKDF(secret []byte, enc string, size int) []byte {
	number := func(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
	h := sha256.New()
	for _, part := range [][]byte{number(1), secret, number(len(enc)), []byte(enc), number(0), number(0), number(8 * size)} {
		h.Write(part)
	}
	return h.Sum(nil)[:size]
}

// answer is the payload of an answer.
func answer(presentations map[string][]string, members object) string {
	o := object{"vp_token": presentations, "state": state}
	set(o, members)
	return string(must(json.Marshal(o)))
}
