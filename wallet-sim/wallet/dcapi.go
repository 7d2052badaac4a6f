package wallet

import (
	"encoding/json"
	"errors"

	"lommebok.example/specs/openid4vp"
)

// AnswerAPI answers one request that a page made over the Digital Credentials API (OpenID4VP 1.0 appendix A). origin is that of
// the page, as the browser tells. consent is asked when there is something to share. The answer is one also when the
// wallet refuses, with the error in its data; err then says why.
func (w *Wallet) AnswerAPI(origin string, m openid4vp.DCAPIMessage, consent func(*Request) bool) (answer *openid4vp.DCAPIMessage, err error) {
	data, err := w.apiData(origin, m, consent)
	var refused *openid4vp.Error
	if errors.As(err, &refused) {
		data = &openid4vp.DCAPIAnswer{Error: refused.Code}
	} else if err != nil {
		return nil, err
	}
	raw, e := json.Marshal(data)
	if e != nil {
		return nil, e
	}
	return &openid4vp.DCAPIMessage{Protocol: m.Protocol, Data: raw}, err
}

func (w *Wallet) apiData(origin string, m openid4vp.DCAPIMessage, consent func(*Request) bool) (*openid4vp.DCAPIAnswer, error) {
	r, err := w.apiRequest(origin, m)
	if err != nil {
		return nil, err
	}
	if len(r.Shares) == 0 || !consent(r) { // which is not told apart (section 15)
		if err := w.note(r, nil); err != nil {
			return nil, err
		}
		return nil, &openid4vp.Error{Code: openid4vp.AccessDenied, Description: "not shared", Reason: ErrNoMatch}
	}
	answer, thumbprint, err := w.presentations(r)
	if err != nil {
		return nil, err
	}
	data := &openid4vp.DCAPIAnswer{VPToken: answer.VPToken}
	if thumbprint != nil {
		jwe, _, err := openid4vp.EncryptResponse(*answer, *r.object.ClientMetadata)
		if err != nil {
			return nil, err
		}
		data = &openid4vp.DCAPIAnswer{Response: jwe}
	}
	return data, w.shown(r)
}

// apiRequest checks a request and chooses the answer. Who asks is the origin, whatever a signature adds to it.
func (w *Wallet) apiRequest(origin string, m openid4vp.DCAPIMessage) (*Request, error) {
	anchors, err := w.Trust.Verifiers()
	if err != nil {
		return nil, err
	}
	rules := w.vpRules()
	if rules.Attesters, err = w.Trust.Attesters(); err != nil {
		return nil, err
	}
	object, chain, err := openid4vp.ParseDCAPI(m, origin, anchors, w.Now(), rules)
	if err != nil {
		return nil, err
	}
	r := &Request{Verifier: verifierOf(object, chain), object: object, origin: origin}
	r.Verifier.Host = origin
	if r.Verifier.Unsigned {
		r.Verifier.Name = origin
	}
	return r, w.prepare(r)
}
