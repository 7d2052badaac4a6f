package wallet

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/openid4vci"
)

// envelope is how one credential request and its response travel: encrypted where the issuer can, each way (OpenID4VCI 1.0
// section 10).
type envelope struct {
	request *openid4vci.RequestEncryption // nil for plain
	asked   *openid4vci.ResponseEncryptionKey
	key     Key // of asked, for one response alone
}

// newEnvelope decides what is encrypted. An issuer that can only what this wallet cannot is asked in plain, unless it demands
// encryption. A response can be encrypted only when the request is.
func (w *Wallet) newEnvelope(m *openid4vci.IssuerMetadata) (*envelope, error) {
	e := &envelope{request: m.CredentialRequestEncryption}
	if e.request == nil {
		return e, nil
	}
	if w.Unencrypted && !e.request.EncryptionRequired {
		return &envelope{}, nil
	}
	if _, err := e.request.Encrypt(openid4vci.CredentialRequest{}); err != nil {
		if e.request.EncryptionRequired {
			return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
		}
		return &envelope{}, nil
	}
	offered := m.CredentialResponseEncryption
	if offered == nil {
		return e, nil
	}
	var err error
	if e.key, err = w.newKey(); err != nil {
		return nil, err
	}
	if e.asked, err = offered.Asks(&e.key.PublicKey); err != nil && offered.EncryptionRequired {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return e, nil
}

// seal makes the request the body of the call, changed by change where that is not nil and the request is encrypted.
func (e *envelope) seal(ctx context.Context, c *call, request any, change func(context.Context, []byte) ([]byte, error)) (err error) {
	c.contentType, c.accept = "application/json", "application/json"
	raw, err := json.Marshal(request)
	if c.body = raw; err != nil || e.request == nil {
		return err
	}
	if change != nil {
		if raw, err = change(AtStep(ctx, c.at()), raw); err != nil {
			return err
		}
	}
	compact, err := e.request.Encrypt(json.RawMessage(raw))
	c.contentType, c.body = "application/jwt", []byte(compact)
	c.sent = append(c.sent, "encrypted")
	if e.asked != nil {
		c.accept = "application/jwt, application/json" // refusals are never encrypted
	}
	return err
}

// open gives the JSON of the response. One that was to be encrypted and is not is refused: somebody on the way may have put it
// there, or read it.
func (e *envelope) open(c call, a *fetch.Answer) ([]byte, error) {
	statuses := []int{http.StatusOK, http.StatusAccepted}
	if e.asked == nil || !slices.Contains(statuses, a.Status) {
		return jsonOf(c, a, statuses...)
	}
	if media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || media != "application/jwt" {
		return nil, fmt.Errorf("%s: %s %s: %w: %q where application/jwt was expected, since an encrypted response was asked for (OpenID4VCI 1.0 section 10)",
			c.step, c.method, withoutQuery(c.url), fetch.ErrContentType, a.Header.Get("Content-Type"))
	}
	return openid4vci.OpenCredentialResponse(string(a.Body), e.asked, e.key.PrivateKey)
}
