package openid4vp

import (
	"encoding/hex"
	"errors"
	"testing"

	"lommebok.example/specs/jose"
)

// The examples of appendix B.2.6.
const (
	exampleNonce = "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA"
	exampleKey   = `{"kty":"EC","crv":"P-256","x":"DxiH5Q4Yx3UrukE2lWCErq8N8bqC9CHLLrAwLz5BmE0","y":"XtLM4-3h5o3HUH0MHVJV0kyq0iBlrBwlh8qEDMZ4-Pc","use":"enc","alg":"ECDH-ES","kid":"1"}`

	redirectInfo       = "847818783530395f73616e5f646e733a6578616d706c652e636f6d782b6578633767426b786a7831726463397564527276654b7653734a4971383061766c58654c4868477771744158204283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6bd669047781c68747470733a2f2f6578616d706c652e636f6d2f726573706f6e7365"
	redirectTranscript = "83f6f682714f70656e494434565048616e646f7665725820048bc053c00442af9b8eed494cefdd9d95240d254b046b11b68013722aad38ac"
	dcAPIInfo          = "837368747470733a2f2f6578616d706c652e636f6d782b6578633767426b786a7831726463397564527276654b7653734a4971383061766c58654c4868477771744158204283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6bd669047"
	dcAPITranscript    = "83f6f682764f70656e4944345650444341504948616e646f7665725820fbece366f4212f9762c74cfdbf83b8c69e371d5d68cea09cb4c48ca6daab761a"
)

func exampleThumbprint(t *testing.T) []byte {
	t.Helper()
	_, pub, err := jose.ParseJWK([]byte(exampleKey))
	if err != nil {
		t.Fatal(err)
	}
	thumbprint := jose.ThumbprintBytes(pub)
	return thumbprint[:]
}

func checkHex(t *testing.T, what string, got []byte, err error, want string) {
	t.Helper()
	if err != nil || hex.EncodeToString(got) != want {
		t.Errorf("%s: %v\ngot  %x\nwant %s", what, err, got, want)
	}
}

func TestAppendixB261Redirect(t *testing.T) {
	thumbprint := exampleThumbprint(t)
	info, err := handoverInfo(thumbprint, func(k any) []any {
		return []any{"x509_san_dns:example.com", exampleNonce, k, "https://example.com/response"}
	})
	checkHex(t, "info", info, err, redirectInfo)
	got, err := SessionTranscript("x509_san_dns:example.com", exampleNonce, thumbprint, "https://example.com/response")
	checkHex(t, "transcript", got, err, redirectTranscript)
}

func TestAppendixB262DCAPI(t *testing.T) {
	thumbprint := exampleThumbprint(t)
	info, err := handoverInfo(thumbprint, func(k any) []any { return []any{"https://example.com", exampleNonce, k} })
	checkHex(t, "info", info, err, dcAPIInfo)
	got, err := SessionTranscriptDCAPI("https://example.com", exampleNonce, thumbprint)
	checkHex(t, "transcript", got, err, dcAPITranscript)
}

func TestAppendixB26NotEncrypted(t *testing.T) {
	info, err := handoverInfo(nil, func(k any) []any { return []any{"c", "n", k, "r"} })
	checkHex(t, "info", info, err, "846163616ef66172")
	if _, err := SessionTranscript("c", "n", nil, "r"); err != nil {
		t.Error(err)
	}
}

func TestAppendixB26Refusals(t *testing.T) {
	for _, thumbprint := range [][]byte{{}, make([]byte, 31), make([]byte, 33)} {
		if _, err := SessionTranscript("c", "n", thumbprint, "r"); !errors.Is(err, ErrTranscript) {
			t.Errorf("%d bytes: %v", len(thumbprint), err)
		}
	}
	if _, err := SessionTranscriptDCAPI("\xff", "n", nil); !errors.Is(err, ErrTranscript) {
		t.Errorf("not UTF-8: %v", err)
	}
}
