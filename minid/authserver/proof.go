package authserver

import (
	"context"
	"errors"
	"net/http"
	"time"

	"lommebok.example/specs/dpop"
	"lommebok.example/specs/oauth2"
)

// How old and how far ahead of our clock a proof may be, and how long its jti is remembered: twice the whole window, so
// that a proof has long been too old when it is forgotten (RFC 9449 section 11.1).
const (
	proofAge    = 60 * time.Second
	proofSkew   = 10 * time.Second
	proofMemory = 2 * (proofAge + proofSkew)
)

// takeProof checks the DPoP proof of a request to the authorization server and takes its jti (RFC 9449 sections 4.3, 5, 8).
func (s *Server) takeProof(r *http.Request) (*dpop.Proof, *oauth2.Error) {
	proof, code, err := s.checkProof(r, "")
	if err == nil {
		code, err = s.takeJTI(r.Context(), proof)
	}
	switch {
	case err == nil:
		return proof, nil
	case code == oauth2.ServerError:
		return nil, s.fault(r.Context(), "take proof", err)
	}
	return nil, oauth2.NewError(http.StatusBadRequest, code, "%v", err)
}

// checkProof checks all of a proof that needs no storage: form, signature, method, URL, time, access token, nonce. The
// code tells which error of RFC 9449 it is.
func (s *Server) checkProof(r *http.Request, accessToken string) (*dpop.Proof, string, error) {
	proof, err := dpop.Verify(r.Header, dpop.Expect{
		Method: r.Method, URL: s.outside + r.URL.EscapedPath(), At: s.Now(), AccessToken: accessToken,
		MaxAge: proofAge, MaxSkew: proofSkew,
	})
	switch {
	case err != nil:
		return nil, oauth2.InvalidDPoPProof, err
	case !s.Nonces.Valid(proof.Nonce):
		return nil, oauth2.UseDPoPNonce, errNonce
	}
	return proof, "", nil
}

var (
	errNonce   = errors.New("expected the nonce that the DPoP-Nonce header of this answer gives (RFC 9449 section 8)")
	errUsedJTI = errors.New("the jti of the DPoP proof has been used (RFC 9449 section 11.1)")
)

// takeJTI takes the proof's jti, which only needs to be unique among those of its key.
func (s *Server) takeJTI(ctx context.Context, proof *dpop.Proof) (string, error) {
	err := s.Store.TakeProof(ctx, HashOf(proof.JKT+"\x00"+proof.JTI), s.Now().Add(proofMemory))
	switch {
	case errors.Is(err, ErrProofUsed):
		return oauth2.InvalidDPoPProof, errUsedJTI
	case err != nil:
		return oauth2.ServerError, err
	}
	return "", nil
}
