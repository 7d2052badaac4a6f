package check

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/wallet-sim/wallet"
)

// answer is what a wallet would answer, with the places where it can be broken before it is made.
type answer struct {
	asked      openid4vp.RequestObject // as a key binding sees it
	session    openid4vp.RequestObject // as the device of an mdoc sees it
	parts      []*part
	held       []*wallet.Credential // all of the wallet's
	at         time.Time
	thumbprint []byte // of the key in the session transcript; nil for an answer in the clear
	plain      bool   // answered in the clear, whatever was asked
	uri        string // where it is posted
	encrypt    openid4vp.EncryptionKey

	payload []func(payload map[string]any) error // vp_token and state, as JSON has them
	jwe     []func(string) (string, error)
	form    []func(url.Values) error
	twice   bool // posted once more
}

// part is one presentation.
type part struct {
	query, format, kind string
	credential          string
	key                 *ecdsa.PrivateKey
	paths               [][]any
	more                map[string]any

	presented []func(string) (string, error) // changes of the presentation, one after the other
}

// newAnswer is the good answer to a request, by a wallet that holds what it holds.
func newAnswer(r *wallet.Request, held []*wallet.Credential, at time.Time) (*answer, error) {
	a := &answer{asked: r.Object(), session: r.Object(), held: held, at: at, uri: r.ResponseURI(), plain: true}
	if a.asked.Encrypted() {
		var err error
		if a.encrypt, err = a.asked.ClientMetadata.EncryptionKey(); err != nil {
			return nil, err
		}
		a.plain, a.thumbprint = false, a.encrypt.Thumbprint
	}
	for _, s := range r.Shares {
		c, paths, more := s.Shown()
		a.parts = append(a.parts, &part{query: s.Query, format: s.Credential.Format, kind: s.Credential.Type, credential: c.Credential, key: c.Key.PrivateKey, paths: paths, more: more})
	}
	return a, nil
}

// of is the first presentation in a format, nil when there is none.
func (a *answer) of(format string) *part {
	for _, p := range a.parts {
		if p.format == format {
			return p
		}
	}
	return nil
}

// body makes the form that is posted.
func (a *answer) body() (_ url.Values, err error) {
	token := map[string]any{}
	for _, p := range a.parts {
		text, err := a.present(p)
		if err != nil {
			return nil, fmt.Errorf("presentation of %s: %w", p.query, err)
		}
		before, _ := token[p.query].([]string)
		token[p.query] = append(before, text)
	}
	payload := map[string]any{"vp_token": token}
	if a.asked.State != "" {
		payload["state"] = a.asked.State
	}
	if payload, err = inJSON(payload); err != nil {
		return nil, err
	}
	for _, change := range a.payload {
		if err := change(payload); err != nil {
			return nil, err
		}
	}
	form, err := a.envelope(payload)
	for _, change := range a.form {
		if err == nil {
			err = change(form)
		}
	}
	return form, err
}

// inJSON is an object as it is read from JSON.
func inJSON(o map[string]any) (read map[string]any, err error) {
	raw, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	return read, json.Unmarshal(raw, &read)
}

func (a *answer) envelope(payload map[string]any) (url.Values, error) {
	if a.plain {
		raw, err := json.Marshal(payload["vp_token"])
		form := url.Values{"vp_token": {string(raw)}}
		if state, ok := payload["state"].(string); ok {
			form.Set("state", state)
		}
		return form, err
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	jwe, err := jose.Encrypt(raw, a.encrypt.JWK, a.encrypt.Enc)
	for _, change := range a.jwe {
		if err == nil {
			jwe, err = change(jwe)
		}
	}
	return openid4vp.Form(jwe), err
}

func (a *answer) present(p *part) (text string, err error) {
	if p.format == openid4vci.FormatMdoc {
		text, err = a.presentMdoc(p)
	} else {
		text, err = a.presentSDJWT(p)
	}
	for _, change := range p.presented {
		if err == nil {
			text, err = change(text)
		}
	}
	return text, err
}

func (a *answer) presentSDJWT(p *part) (string, error) {
	c, err := sdjwtvc.ParseIssued(p.credential)
	if err != nil {
		return "", err
	}
	if err := c.VerifySignature(); err != nil {
		return "", err
	}
	selected, err := c.Select(p.paths)
	if err != nil {
		return "", err
	}
	return sdjwt.SignKeyBindingWith(p.key, selected, a.asked.ClientID, a.asked.Nonce, a.at, p.more)
}

// lastPart changes what stands behind the last tilde: the KB-JWT.
func lastPart(text string, change func(string) (string, error)) (string, error) {
	i := strings.LastIndexByte(text, '~') + 1
	changed, err := change(text[i:])
	return text[:i] + changed, err
}

// transcript is what a device signs for.
func (a *answer) transcript() ([]byte, error) {
	return openid4vp.SessionTranscript(a.session.ClientID, a.session.Nonce, a.thumbprint, a.session.ResponseURI)
}

func (a *answer) presentMdoc(p *part) (string, error) {
	transcript, err := a.transcript()
	if err != nil {
		return "", err
	}
	raw, err := jose.DecodeBase64URL(p.credential)
	if err != nil {
		return "", err
	}
	m, err := mdoc.ParseIssuerSigned(raw)
	if err != nil {
		return "", err
	}
	elements, err := wallet.ElementsOf(p.paths)
	if err != nil {
		return "", err
	}
	response, err := mdoc.Present(raw, m.DocType(), elements, p.key, transcript)
	return jose.EncodeBase64URL(response), err
}
