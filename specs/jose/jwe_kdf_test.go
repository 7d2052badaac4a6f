package jose

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"
)

// agree is ECDH-ES with the Concat KDF of RFC 7518 section 4.6.2, written from
// the text to test against; for keys of at most 256 bits one round is enough.
func agree(tb testing.TB, key *ecdsa.PrivateKey, pub *ecdsa.PublicKey, enc string, bits uint32, apu, apv string) []byte {
	tb.Helper()
	private, err := key.ECDH()
	if err != nil {
		tb.Fatal(err)
	}
	public, err := pub.ECDH()
	if err != nil {
		tb.Fatal(err)
	}
	z, err := private.ECDH(public)
	if err != nil {
		tb.Fatal(err)
	}
	in := binary.BigEndian.AppendUint32(nil, 1)
	in = append(in, z...)
	for _, text := range []string{enc, apu, apv} {
		in = binary.BigEndian.AppendUint32(in, uint32(len(text)))
		in = append(in, text...)
	}
	in = binary.BigEndian.AppendUint32(in, bits)
	sum := sha256.Sum256(in)
	return sum[:bits/8]
}

func privateKey(tb testing.TB, d string) *ecdsa.PrivateKey {
	tb.Helper()
	raw, err := DecodeBase64URL(d)
	if err != nil {
		tb.Fatal(err)
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// RFC 7518 appendix C.
func TestAgreementVector(t *testing.T) {
	alice := privateKey(t, "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo")
	bob := privateKey(t, "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw")
	got := EncodeBase64URL(agree(t, alice, &bob.PublicKey, "A128GCM", 128, "Alice", "Bob"))
	if want := "VqqN6vgjbSBcIijNcacQGg"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A wallet may set apu and apv; both enter the key (RFC 7518 section 4.6.2).
func TestDecryptWithPartyInfo(t *testing.T) {
	bob := newKey(t, elliptic.P256())
	for _, tt := range []struct {
		enc      Enc
		bits     uint32
		apu, apv string
	}{{A128GCM, 128, "Alice", "Bob"}, {A256GCM, 256, "", "nonce"}, {A256GCM, 256, "a", ""}} {
		t.Run(fmt.Sprintf("%s %q %q", tt.enc, tt.apu, tt.apv), func(t *testing.T) {
			epk := newKey(t, elliptic.P256())
			header := map[string]any{"alg": "ECDH-ES", "enc": tt.enc, "epk": PublicJWK(&epk.PublicKey)}
			if tt.apu != "" {
				header["apu"] = EncodeBase64URL([]byte(tt.apu))
			}
			if tt.apv != "" {
				header["apv"] = EncodeBase64URL([]byte(tt.apv))
			}
			compact := seal(t, agree(t, epk, &bob.PublicKey, string(tt.enc), tt.bits, tt.apu, tt.apv), mustJSON(t, header))
			if got, err := Decrypt(compact, bob); err != nil || string(got) != "hello" {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}

// seal encrypts "hello" as RFC 7516 section 5.1 says.
func seal(t *testing.T, cek []byte, header string) string {
	t.Helper()
	block, err := aes.NewCipher(cek)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	iv := make([]byte, nonceSize)
	if _, err := rand.Read(iv); err != nil {
		t.Fatal(err)
	}
	head := EncodeBase64URL([]byte(header))
	out := gcm.Seal(nil, iv, []byte("hello"), []byte(head))
	text, tag := out[:len(out)-tagSize], out[len(out)-tagSize:]
	return head + ".." + EncodeBase64URL(iv) + "." + EncodeBase64URL(text) + "." + EncodeBase64URL(tag)
}
