package inspect

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

// ErrNoCredential: it is neither a credential nor a presentation.
var ErrNoCredential = errors.New("inspect: expected an SD-JWT VC with or without key binding, an IssuerSigned or a DeviceResponse")

// Expect is what a credential or a presentation is held against.
type Expect struct {
	Issuers *x5c.Anchors
	// Types are those that an anchor of Issuers counts for, when that is known; nil leaves the issuer's entitlement unchecked.
	Types func(anchor *x509.Certificate) (types []string, known bool, err error)
	At    time.Time
	// Fetch gets a status list in a media type; nil leaves the status unchecked. It is called only for who is trusted.
	Fetch func(ctx context.Context, uri, media string) ([]byte, error)
	// Request is what a presentation answers; nil leaves the holder's proof unchecked.
	Request *Request
}

// Request is what the proof of a holder is made for.
type Request struct {
	ClientID, Nonce string
	// For an mdoc: where the answer went, and the SHA-256 thumbprint of the key that it was encrypted with, nil when it was not
	// (OpenID4VP 1.0 appendix B.2.6.1).
	ResponseURI string
	Thumbprint  []byte
}

// Outcome is how a check ended.
type Outcome string

// The outcomes.
const (
	Held       Outcome = "held"
	Failed     Outcome = "failed"
	NotChecked Outcome = "not checked"
)

// Check is one check.
type Check struct {
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	Section string  `json:"section"`
	Says    string  `json:"says,omitempty"` // why it failed, or was not made
}

// Verdict is the outcome of all checks that could be made.
type Verdict struct {
	Kind   string  `json:"kind"`
	Type   string  `json:"type,omitempty"` // vct or document type
	Checks []Check `json:"checks"`
}

// Holds tells that no check failed. What was not checked may be wrong.
func (v *Verdict) Holds() bool {
	for _, c := range v.Checks {
		if c.Outcome == Failed {
			return false
		}
	}
	return true
}

// rule is a check before it is made.
type rule struct{ name, section string }

// The names of the checks of a credential.
const (
	CheckForm      = "form"
	CheckSignature = "issuer's signature"
	CheckTrust     = "issuer's certificate"
	CheckDigests   = "digests of what is shown"
	CheckValidity  = "validity"
	CheckHolderKey = "holder's key"
	CheckStatus    = "status"
)

var (
	ruleForm      = rule{CheckForm, "RFC 9901 section 4; ISO/IEC 18013-5 section 8.3.2.1.2.2"}
	ruleSignature = rule{CheckSignature, "RFC 9901 section 7.1; ISO/IEC 18013-5 section 9.3.1"}
	ruleTrust     = rule{CheckTrust, "HAIP 1.0 section 6.1.1; ISO/IEC 18013-5 annex B"}
	ruleDigests   = rule{CheckDigests, "RFC 9901 section 7.1; ISO/IEC 18013-5 section 9.3.1"}
	ruleDocType   = rule{"document type", "ISO/IEC 18013-5 section 9.3.1"}
	ruleValidity  = rule{CheckValidity, "RFC 9901 section 9.7; ISO/IEC 18013-5 section 9.3.1"}
	ruleHolderKey = rule{CheckHolderKey, "SD-JWT VC section 2.2.2.2; ISO/IEC 18013-5 section 9.1.2.4"}
	ruleHolder    = rule{"holder's proof", "RFC 9901 section 7.3; ISO/IEC 18013-5 section 9.1.3"}
	ruleStatus    = rule{CheckStatus, "Token Status List section 8.3; ISO/IEC 18013-5, second edition, 12.3.6"}
)

func (v *Verdict) add(r rule, err error) bool {
	c := Check{Name: r.name, Section: r.section, Outcome: Held}
	if err != nil {
		c.Outcome, c.Says = Failed, err.Error()
	}
	v.Checks = append(v.Checks, c)
	return err == nil
}

func (v *Verdict) leave(r rule, why string) {
	v.Checks = append(v.Checks, Check{r.name, NotChecked, r.section, why})
}

// Verify makes every check that can be made of raw: ErrNoCredential. What the checks say is in the verdict.
func Verify(ctx context.Context, raw []byte, e Expect) (*Verdict, error) {
	text := strings.TrimSpace(string(raw))
	if compact(text) && strings.Contains(text, "~") {
		return verifySDJWT(ctx, text, e), nil
	}
	for _, b := range encodings(raw, text) {
		v, ok := value(b).(map[string]any)
		switch {
		case ok && v["issuerAuth"] != nil:
			return verifyIssuerSigned(ctx, b, e), nil
		case ok && v["documents"] != nil:
			return verifyDeviceResponse(ctx, b, e), nil
		}
	}
	return nil, ErrNoCredential
}

func verifySDJWT(ctx context.Context, text string, e Expect) *Verdict {
	v, presentation := &Verdict{Kind: "SD-JWT VC"}, !strings.HasSuffix(text, "~")
	parse := sdjwtvc.ParseIssued
	if presentation {
		v.Kind, parse = "SD-JWT VC with key binding", sdjwtvc.Parse
	}
	c, err := parse(text)
	if !v.add(ruleForm, err) || !v.add(ruleSignature, c.VerifySignature()) {
		return v
	}
	v.Type = c.VCT()
	anchor, err := e.Issuers.Verify(c.Chain(), x5c.CredentialIssuer, e.At)
	trusted := v.add(ruleTrust, err)
	v.entitled(anchor, e)
	claims, err := c.Claims()
	v.add(ruleDigests, err)
	if v.pid() {
		v.country(c.Chain()[0], countriesOf(map[string]any{"": claims}))
	}
	v.add(ruleValidity, c.VerifyValidity(e.At))
	_, err = c.HolderKey()
	v.add(ruleHolderKey, err)
	switch {
	case !presentation:
		v.leave(ruleHolder, "it is a credential, and not shown to anybody")
	case e.Request == nil:
		v.leave(ruleHolder, "the request that it answers was not given")
	default:
		v.add(ruleHolder, c.VerifyKeyBinding(sdjwt.ExpectKB{Aud: e.Request.ClientID, Nonce: e.Request.Nonce, At: e.At}))
	}
	if presentation {
		v.transaction(c)
	}
	var places []place
	if s := c.Status(); s != nil {
		places = append(places, listed(s.URI, s.Index, formJWT))
	}
	v.status(ctx, places, trusted, e)
	return v
}

func verifyIssuerSigned(ctx context.Context, b []byte, e Expect) *Verdict {
	v := &Verdict{Kind: "mdoc, IssuerSigned"}
	i, err := mdoc.ParseIssuerSigned(b)
	if v.add(ruleForm, err) && v.issued(ctx, i, e) {
		v.leave(ruleHolder, "it is a credential, and not shown to anybody")
	}
	return v
}

func verifyDeviceResponse(ctx context.Context, b []byte, e Expect) *Verdict {
	v := &Verdict{Kind: "mdoc, DeviceResponse"}
	r, err := mdoc.ParseDeviceResponse(b)
	if err == nil && (r.Status != 0 || len(r.Documents) == 0) {
		err = fmt.Errorf("expected status 0 and a document, got status %d and %d documents", r.Status, len(r.Documents))
	}
	if !v.add(ruleForm, err) {
		return v
	}
	for _, d := range r.Documents {
		if !v.issued(ctx, d.IssuerSigned, e) {
			continue
		}
		v.add(ruleDocType, d.VerifyDocType())
		if e.Request == nil {
			v.leave(ruleHolder, "the request that it answers was not given")
			continue
		}
		transcript, err := openid4vp.SessionTranscript(e.Request.ClientID, e.Request.Nonce, e.Request.Thumbprint, e.Request.ResponseURI)
		if err == nil {
			err = d.VerifyDevice(transcript)
		}
		v.add(ruleHolder, err)
	}
	return v
}

// issued makes the checks of what an issuer signed, and tells whether the signature holds: without it the rest says nothing.
func (v *Verdict) issued(ctx context.Context, i *mdoc.IssuerSigned, e Expect) bool {
	if !v.add(ruleSignature, i.VerifySignature()) {
		return false
	}
	v.Type = i.DocType()
	anchor, err := e.Issuers.Verify(i.Chain(), x5c.DocumentSigner, e.At)
	trusted := v.add(ruleTrust, err)
	v.entitled(anchor, e)
	v.add(ruleDigests, i.VerifyDigests())
	v.country(i.Chain()[0], countriesOf(i.Claims()))
	v.add(ruleValidity, i.VerifyValidity(e.At))
	_, err = i.DeviceKey()
	v.add(ruleHolderKey, err)
	var places []place
	if s := i.Status(); s != nil {
		places = append(places, listed(s.URI, s.Index, formCWT))
	}
	if s := i.Identifier(); s != nil {
		places = append(places, named(s.URI, s.ID))
	}
	v.status(ctx, places, trusted, e)
	return true
}

// Thumbprint is that of a JWK, as an mdoc's proof needs it.
func Thumbprint(rawJWK []byte) ([]byte, error) {
	_, public, err := jose.ParseJWK(rawJWK)
	if err != nil {
		return nil, err
	}
	sum := jose.ThumbprintBytes(public)
	return sum[:], nil
}
