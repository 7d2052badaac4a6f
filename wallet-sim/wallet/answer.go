package wallet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwt"
)

// Share answers the request with what Shares says, once. redirect is where the browser goes on, "" when the verifier is
// on another device.
func (w *Wallet) Share(ctx context.Context, r *Request) (redirect string, err error) {
	answer, thumbprint, err := w.presentations(r)
	if err != nil {
		return "", err
	}
	form, err := answer.Form()
	if thumbprint != nil {
		var jwe string
		jwe, _, err = openid4vp.EncryptResponse(*answer, *r.object.ClientMetadata)
		form = openid4vp.Form(jwe)
	}
	if err != nil {
		return "", err
	}
	if err := w.Settle(r); err != nil {
		return "", err
	}
	if err := w.shown(r); err != nil {
		return "", err
	}
	return w.post(ctx, r.object.ResponseURI, form)
}

// presentations makes the answer; thumbprint is that of the key to encrypt it to, nil when it goes in the clear.
func (w *Wallet) presentations(r *Request) (answer *openid4vp.Response, thumbprint []byte, err error) {
	if len(r.Shares) == 0 {
		return nil, nil, ErrNoMatch
	}
	if r.object.Encrypted() {
		key, err := r.object.ClientMetadata.EncryptionKey()
		if err != nil {
			return nil, nil, err
		}
		thumbprint = key.Thumbprint
	}
	answer = &openid4vp.Response{VPToken: map[string][]string{}}
	if r.origin == "" {
		answer.State = r.object.State
	}
	for _, s := range r.Shares {
		text, err := w.present(r, s, thumbprint)
		if err != nil {
			return nil, nil, fmt.Errorf("presentation of %s: %w", s.Credential.Type, err)
		}
		answer.VPToken[s.Query] = append(answer.VPToken[s.Query], text)
	}
	return answer, thumbprint, nil
}

func (w *Wallet) shown(r *Request) error {
	for _, s := range r.Shares {
		if err := w.Store.countShown(s.Credential.ID, s.copyIndex); err != nil {
			return err
		}
	}
	return w.note(r, r.Shares)
}

// Decline answers access_denied. Whether the person said no or the wallet holds nothing that fits is not told apart
// (OpenID4VP 1.0 sections 8.5 and 15).
func (w *Wallet) Decline(ctx context.Context, r *Request) (redirect string, err error) {
	if err := w.Settle(r); err != nil {
		return "", err
	}
	if err := w.note(r, nil); err != nil {
		return "", err
	}
	refusal := openid4vp.ErrorResponse{Code: openid4vp.AccessDenied, State: r.object.State}
	return w.post(ctx, r.object.ResponseURI, refusal.Form())
}

// Unanswered is why the wallet had to decline: ErrNoMatch with a reason for each credential, nil when it holds what was asked for.
func (r *Request) Unanswered() error {
	if len(r.Missing) == 0 {
		return nil
	}
	var reasons []string
	for _, m := range r.Missing {
		reasons = append(reasons, strings.TrimPrefix(m.CredentialQueryID+": "+m.Text, ": ")) // a credential set has no identifier
	}
	return fmt.Errorf("%w; access_denied was answered: %s", ErrNoMatch, strings.Join(reasons, "; "))
}

// Settle takes the held request, so that it is answered once.
func (w *Wallet) Settle(r *Request) error {
	if err := w.Store.takeFlow(r.ID); err != nil {
		return fmt.Errorf("%w: the request has been answered", ErrState)
	}
	return nil
}

// present shows one credential: the claims asked for and no others, with a proof for this request by its key.
func (w *Wallet) present(r *Request, s Share, thumbprint []byte) (string, error) {
	key := s.Credential.Copies[s.copyIndex].Key
	if s.read.mdoc == nil {
		selected, err := s.read.sdjwt.Select(s.paths)
		if err != nil {
			return "", err
		}
		return sdjwt.SignKeyBindingWith(key, selected, r.audience(), r.object.Nonce, w.Now(), s.agreed())
	}
	transcript, err := r.transcript(thumbprint)
	if err != nil {
		return "", err
	}
	raw, err := jose.DecodeBase64URL(s.Credential.Copies[s.copyIndex].Credential)
	if err != nil {
		return "", err
	}
	elements, err := ElementsOf(s.paths)
	if err != nil {
		return "", err
	}
	response, err := mdoc.Present(raw, s.read.kind, elements, key, transcript)
	if err != nil {
		return "", err
	}
	return jose.EncodeBase64URL(response), nil
}

// audience is whom a proof is made out to: over the Digital Credentials API the origin that asks, also when the request is
// signed (OpenID4VP 1.0 appendix A.4).
func (r *Request) audience() string {
	if r.origin != "" {
		return openid4vp.OriginAudience(r.origin)
	}
	return r.object.ClientID
}

func (r *Request) transcript(thumbprint []byte) ([]byte, error) {
	if r.origin != "" {
		return openid4vp.SessionTranscriptDCAPI(r.origin, r.object.Nonce, thumbprint)
	}
	return openid4vp.SessionTranscript(r.object.ClientID, r.object.Nonce, thumbprint, r.object.ResponseURI)
}

// ElementsOf turns paths of two strings (OpenID4VP 1.0 section 7.2) into namespace → identifiers.
func ElementsOf(paths [][]any) (map[string][]string, error) {
	elements := map[string][]string{}
	for _, path := range paths {
		if len(path) != 2 {
			return nil, fmt.Errorf("a path into an mdoc has two elements, not %d", len(path))
		}
		namespace, ok := path[0].(string)
		identifier, both := path[1].(string)
		if !ok || !both {
			return nil, fmt.Errorf("a path into an mdoc has two strings")
		}
		elements[namespace] = append(elements[namespace], identifier)
	}
	return elements, nil
}

// opens tells whether a browser may be sent to the page of a refusal.
func (w *Wallet) opens(page string) bool {
	u, err := url.Parse(page)
	return err == nil && u.Host != "" && (u.Scheme == "https" || w.InsecureAllowHTTP && u.Scheme == "http")
}

// readReturn finds in a refusal where the browser shall go: redirect_uri (section 8.2), or error_uri when it is not the page of the record.
func (w *Wallet) readReturn(refusal *Refusal, a *fetch.Answer) {
	var told struct {
		To   string `json:"redirect_uri"`
		Page string `json:"error_uri"`
	}
	page := a.Header.Get("Lommebok-Transaction")
	if err := jose.Unmarshal(a.Body, &told); err == nil {
		if told.To == "" && told.Page != page {
			told.To = told.Page
		}
		if w.opens(told.To) {
			refusal.Redirect = told.To
		}
	}
	if refusal.Page = ""; w.opens(page) {
		refusal.Page = page
	}
}

// post sends an answer to the response_uri (section 8.2). Redirects are not followed. A refusal may name the page on which the
// verifier says what it found.
func (w *Wallet) post(ctx context.Context, responseURI string, form url.Values) (redirect string, err error) {
	c := formCall("answer to the verifier (OpenID4VP 1.0 section 8.2)", responseURI, form)
	a, err := w.do(ctx, c, nil)
	if err != nil {
		return "", err
	}
	raw, err := jsonOf(c, a, http.StatusOK)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		w.readReturn(refusal, a)
	}
	if err != nil {
		return "", err
	}
	answer, err := openid4vp.ParsePostAnswer(raw, w.vpRules())
	if err != nil {
		return "", err
	}
	return answer.RedirectURI, nil
}
