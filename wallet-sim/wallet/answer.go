package wallet

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwt"
)

// Share answers the request with what Shares says, once. redirect is where the browser goes on, "" when the verifier is
// on another device.
func (w *Wallet) Share(ctx context.Context, r *Request) (redirect string, err error) {
	if len(r.Shares) == 0 {
		return "", ErrNoMatch
	}
	key, err := r.object.ClientMetadata.EncryptionKey()
	if err != nil {
		return "", err
	}
	answer := openid4vp.Response{VPToken: map[string][]string{}, State: r.object.State}
	for _, s := range r.Shares {
		text, err := w.present(r, s, key.Thumbprint)
		if err != nil {
			return "", fmt.Errorf("presentation of %s: %w", s.Credential.Type, err)
		}
		answer.VPToken[s.Query] = append(answer.VPToken[s.Query], text)
	}
	jwe, _, err := openid4vp.EncryptResponse(answer, *r.object.ClientMetadata)
	if err != nil {
		return "", err
	}
	if err := w.settle(r); err != nil {
		return "", err
	}
	for _, s := range r.Shares {
		if err := w.Store.countShown(s.Credential.ID, s.copyIndex); err != nil {
			return "", err
		}
	}
	return w.post(ctx, r.object.ResponseURI, openid4vp.Form(jwe))
}

// Decline answers access_denied. Whether the person said no or the wallet holds nothing that fits is not told apart
// (OpenID4VP 1.0 sections 8.5 and 15).
func (w *Wallet) Decline(ctx context.Context, r *Request) (redirect string, err error) {
	if err := w.settle(r); err != nil {
		return "", err
	}
	refusal := openid4vp.ErrorResponse{Code: openid4vp.AccessDenied, State: r.object.State}
	return w.post(ctx, r.object.ResponseURI, refusal.Form())
}

// settle takes the held request, so that it is answered once.
func (w *Wallet) settle(r *Request) error {
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
		return sdjwt.SignKeyBinding(key, selected, r.object.ClientID, r.object.Nonce, w.Now())
	}
	transcript, err := openid4vp.SessionTranscript(r.object.ClientID, r.object.Nonce, thumbprint, r.object.ResponseURI)
	if err != nil {
		return "", err
	}
	raw, err := jose.DecodeBase64URL(s.Credential.Copies[s.copyIndex].Credential)
	if err != nil {
		return "", err
	}
	elements, err := elementsOf(s.paths)
	if err != nil {
		return "", err
	}
	response, err := mdoc.Present(raw, s.read.kind, elements, key, transcript)
	if err != nil {
		return "", err
	}
	return jose.EncodeBase64URL(response), nil
}

// elementsOf turns paths of two strings (OpenID4VP 1.0 section 7.2) into namespace → identifiers.
func elementsOf(paths [][]any) (map[string][]string, error) {
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

// post sends an answer to the response_uri (section 8.2). Redirects are not followed.
func (w *Wallet) post(ctx context.Context, responseURI string, form url.Values) (redirect string, err error) {
	c := formCall("answer to the verifier (OpenID4VP 1.0 section 8.2)", responseURI, form)
	a, err := w.do(ctx, c, nil)
	if err != nil {
		return "", err
	}
	raw, err := jsonOf(c, a, http.StatusOK)
	if err != nil {
		return "", err
	}
	answer, err := openid4vp.ParsePostAnswer(raw, w.vpRules())
	if err != nil {
		return "", err
	}
	return answer.RedirectURI, nil
}
