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
	"lommebok.example/wallet-sim/faults"
	"lommebok.example/wallet-sim/wallet"
)

// answer is what a wallet would answer, with the places where it can be broken before it is made.
type answer struct {
	asked      openid4vp.RequestObject // as the proofs see it
	parts      []*part
	at         time.Time
	thumbprint []byte // of the key in the session transcript; nil for an answer in the clear
	plain      bool   // answered in the clear, whatever was asked
	uri        string // where it is posted
	encrypt    openid4vp.EncryptionKey

	payload func(payload map[string]any) // vp_token and state
	jwe     func(string) string
	form    func(url.Values)
	twice   bool // posted once more
}

// part is one presentation.
type part struct {
	query, format string
	credential    string
	key           *ecdsa.PrivateKey
	paths         [][]any
	more          map[string]any

	proof     func(header, claims map[string]any) // of the KB-JWT, that is signed again
	proofKey  *ecdsa.PrivateKey
	presented func(string) (string, error)
}

// newAnswer is the good answer to a request.
func newAnswer(r *wallet.Request, at time.Time) (*answer, error) {
	a := &answer{asked: r.Object(), at: at, uri: r.ResponseURI(), plain: true}
	if a.asked.Encrypted() {
		var err error
		if a.encrypt, err = a.asked.ClientMetadata.EncryptionKey(); err != nil {
			return nil, err
		}
		a.plain, a.thumbprint = false, a.encrypt.Thumbprint
	}
	for _, s := range r.Shares {
		c, paths, more := s.Shown()
		a.parts = append(a.parts, &part{query: s.Query, format: s.Credential.Format, credential: c.Credential, key: c.Key.PrivateKey, paths: paths, more: more})
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
func (a *answer) body() (url.Values, error) {
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
	if a.payload != nil {
		a.payload(payload)
	}
	form, err := a.envelope(payload)
	if err == nil && a.form != nil {
		a.form(form)
	}
	return form, err
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
	if a.jwe != nil {
		jwe = a.jwe(jwe)
	}
	return openid4vp.Form(jwe), err
}

func (a *answer) present(p *part) (text string, err error) {
	if p.format == openid4vci.FormatMdoc {
		text, err = a.presentMdoc(p)
	} else {
		text, err = a.presentSDJWT(p)
	}
	if err == nil && p.presented != nil {
		text, err = p.presented(text)
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
	text, err := sdjwt.SignKeyBindingWith(p.key, selected, a.asked.ClientID, a.asked.Nonce, a.at, p.more)
	if err != nil || p.proof == nil && p.proofKey == nil {
		return text, err
	}
	key, edit := p.key, p.proof
	if p.proofKey != nil {
		key = p.proofKey
	}
	if edit == nil {
		edit = func(_, _ map[string]any) {}
	}
	return lastPart(text, func(proof string) (string, error) { return faults.Resign(proof, key, edit) })
}

// lastPart changes what stands behind the last tilde: the KB-JWT.
func lastPart(text string, change func(string) (string, error)) (string, error) {
	i := strings.LastIndexByte(text, '~') + 1
	changed, err := change(text[i:])
	return text[:i] + changed, err
}

// firstPart changes what stands before the first tilde: what the issuer signed.
func firstPart(text string, change func(string) (string, error)) (string, error) {
	before, rest, _ := strings.Cut(text, "~")
	changed, err := change(before)
	return changed + "~" + rest, err
}

func (a *answer) presentMdoc(p *part) (string, error) {
	transcript, err := openid4vp.SessionTranscript(a.asked.ClientID, a.asked.Nonce, a.thumbprint, a.asked.ResponseURI)
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
