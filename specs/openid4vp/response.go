package openid4vp

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"lommebok.example/specs/jose"
)

// Response is the answer of a wallet (section 8.1). VPToken holds, by the identifier
// of the Credential Query, one or more presentations: an SD-JWT with key binding, or a
// DeviceResponse in base64url.
type Response struct {
	VPToken map[string][]string `json:"vp_token"`
	State   string              `json:"state,omitempty"`
}

// ParseResponse reads the payload of a decrypted answer. Each value of vp_token must
// be a non-empty array of non-empty strings; an answer without any presentation is
// refused, and so is one of more than 64. Whether the identifiers are those of the query, dcql's Check tells. Unknown
// members are ignored. Errors: ErrResponse.
func ParseResponse(plaintext []byte) (*Response, error) {
	var r Response
	if err := jose.Unmarshal(plaintext, &r); err != nil {
		return nil, fail(ErrResponse, "expected vp_token as an object of arrays of strings: %v (section 8.1)", err)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return &r, nil
}

// maxPresentations bounds an answer: each presentation takes signatures to check, and its verdict is kept.
const maxPresentations = 64

func (r *Response) check() error {
	if len(r.VPToken) == 0 {
		return fail(ErrResponse, "vp_token: expected at least one presentation (section 8.1)")
	}
	number := 0
	for _, presentations := range r.VPToken {
		if number += len(presentations); number > maxPresentations {
			return fail(ErrResponse, "vp_token: expected at most %d presentations (section 8.1)", maxPresentations)
		}
		if len(presentations) == 0 || slices.Contains(presentations, "") {
			return fail(ErrResponse, "vp_token: expected non-empty arrays of non-empty strings (section 8.1)")
		}
	}
	return nil
}

// EncryptResponse encrypts an answer to the key that m.EncryptionKey chooses, and
// gives that key's thumbprint: the one with which the session transcript of each mdoc
// in the answer must have been made. Errors: ErrResponse, ErrEncryptionKey.
func EncryptResponse(r Response, m ClientMetadata) (jwe string, keyThumbprint []byte, err error) {
	if err := r.check(); err != nil {
		return "", nil, err
	}
	key, err := m.EncryptionKey()
	if err != nil {
		return "", nil, err
	}
	plaintext, err := json.Marshal(r)
	if err != nil {
		return "", nil, fail(ErrResponse, "%v", err)
	}
	jwe, err = jose.Encrypt(plaintext, key.JWK, key.Enc)
	if err != nil {
		return "", nil, reasons(ErrEncryptionKey, err)
	}
	return jwe, key.Thumbprint, nil
}

// ErrorResponse is the refusal of a wallet, posted in the clear (sections 8.2, 8.3.1
// and 8.5).
type ErrorResponse struct {
	Code, Description, State string
}

// Form is the body that a wallet posts to the response_uri.
func (e ErrorResponse) Form() url.Values {
	form := url.Values{"error": {e.Code}}
	if e.Description != "" {
		form.Set("error_description", e.Description)
	}
	if e.State != "" {
		form.Set("state", e.State)
	}
	return form
}

// Form is the body that a wallet posts to the response_uri with an encrypted answer
// (section 8.3.1).
func Form(jwe string) url.Values { return url.Values{"response": {jwe}} }

// Form is the body that a wallet posts to the response_uri with an answer in the clear (section 8.2). Errors: ErrResponse.
func (r *Response) Form() (url.Values, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	token, err := json.Marshal(r.VPToken)
	if err != nil {
		return nil, fail(ErrResponse, "%v", err)
	}
	form := url.Values{"vp_token": {string(token)}}
	if r.State != "" {
		form.Set("state", r.State)
	}
	return form, nil
}

// Post is what came from a wallet: an encrypted answer, one in the clear, or a refusal. The JWE's
// kid tells which request's key opens it (jose.PeekJWE, jose.Decrypt).
type Post struct {
	JWE      string
	Response *Response
	Error    *ErrorResponse
}

// ParsePost reads the form that was posted to the response_uri of a request with this response mode. An answer that is not
// encrypted is refused when direct_post.jwt was asked for, and the other way round. Unknown parameters are
// ignored. What a refusal says is a stranger's word. Errors: ErrResponse.
func ParsePost(form url.Values, mode string) (*Post, error) {
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if isParameter(name) && len(form[name]) != 1 {
			return nil, fail(ErrResponse, "%s: expected once (RFC 6749 section 3.1)", name)
		}
	}
	p := &Post{JWE: form.Get("response")}
	if code := form.Get("error"); code != "" {
		p.Error = &ErrorResponse{Code: code, Description: form.Get("error_description"), State: form.Get("state")}
	}
	if form.Has("vp_token") && mode == ResponseModeDirectPost {
		p.Response = &Response{State: form.Get("state")}
		if err := jose.Unmarshal([]byte(form.Get("vp_token")), &p.Response.VPToken); err != nil {
			return nil, fail(ErrResponse, "vp_token: expected an object of arrays of strings: %v (section 8.1)", err)
		}
	}
	if err := p.check(mode, form.Has("vp_token"), p.JWE != ""); err != nil {
		return nil, err
	}
	return p, nil
}

// check tells whether what came is one thing, and of the response mode.
func (p *Post) check(mode string, inTheClear, encrypted bool) error {
	encrypt := mode == ResponseModeDirectPostJWT || mode == ResponseModeDCAPIJWT
	switch {
	case p.Error != nil && !inTheClear && !encrypted:
		e := p.Error
		if !isErrorText(e.Code, maxCode) || !isErrorText(e.Description, maxDescription) || !isURLSafe(e.State) {
			return fail(ErrResponse, "error, error_description or state: too long or other characters (RFC 6749 section 4.1.2.1)")
		}
		return nil
	case encrypt && inTheClear:
		return fail(ErrResponse, "vp_token in the clear; expected response, encrypted (section 8.3.1)")
	case !encrypt && encrypted:
		return fail(ErrResponse, "response; expected vp_token, in the clear (section 8.2)")
	case p.Error != nil || encrypt != encrypted || encrypt == inTheClear:
		return fail(ErrResponse, "expected exactly one of an answer and error (sections 8.2, 8.3.1)")
	case encrypted:
		return nil
	}
	return p.Response.check()
}

const (
	maxCode        = 64
	maxDescription = 1024
)

func isParameter(name string) bool {
	return slices.Contains([]string{"response", "vp_token", "error", "error_description", "state"}, name)
}

// isErrorText tests the characters of RFC 6749 section 4.1.2.1: %x20-21 / %x23-5B /
// %x5D-7E.
func isErrorText(s string, limit int) bool {
	return len(s) <= limit && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r > '~' || r == '"' || r == '\\'
	})
}

// PostAnswer is what the response_uri answers, with status 200, to an answer as well as
// to a refusal (section 8.2). RedirectURI holds a fresh secret; the wallet sends the
// browser there.
type PostAnswer struct {
	RedirectURI string `json:"redirect_uri,omitempty"`
}

// ParsePostAnswer reads the answer of the response_uri: a JSON object, and
// redirect_uri, if it is there, an https URL. Errors: ErrResponse.
func ParsePostAnswer(raw []byte, r Rules) (*PostAnswer, error) {
	var a *PostAnswer
	if err := jose.Unmarshal(raw, &a); err != nil || a == nil {
		return nil, fail(ErrResponse, "expected a JSON object (section 8.2)")
	}
	// The secret may stand in the fragment.
	address, _, _ := strings.Cut(a.RedirectURI, "#")
	if a.RedirectURI != "" && !r.IsURL(address) {
		return nil, fail(ErrResponse, "redirect_uri: expected an https URL (section 8.2)")
	}
	return a, nil
}
