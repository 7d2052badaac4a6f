package authserver

import (
	"errors"
	"net/http"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/attestation"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
)

const challengePath = "/challenge"

// popMemory is how long the jti of a proof of possession is remembered: as that of a DPoP proof.
const popMemory = proofMemory

// mountChallenge puts the challenge endpoint (ABCA section 6.1) on r, where attestations are taken.
func (s *Server) mountChallenge(r gin.IRouter) {
	if s.Providers != nil {
		r.POST(s.base+challengePath, s.postChallenge)
	}
}

// postChallenge gives a challenge. It is the nonce of DPoP, since in the combined mode one value must be both.
func (s *Server) postChallenge(c *gin.Context) {
	s.freshHeaders(c.Writer)
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, challengeAnswer{s.Nonces.Current()})
}

type challengeAnswer struct {
	Challenge string `json:"attestation_challenge"`
}

// freshHeaders give the client what its next proofs must carry: the nonce of DPoP (RFC 9449 section 8), and the challenge of a
// wallet attestation (ABCA section 6.2).
func (s *Server) freshHeaders(w http.ResponseWriter) {
	s.NonceHeader(w)
	if s.Providers != nil {
		w.Header().Set(attestation.HeaderChallenge, s.Nonces.Current())
	}
}

// checkPossession checks that the request comes from who has the attested key, and takes the proof: the one in pop (ABCA
// section 7.2), or without one the DPoP proof, whose jti is taken when the request's key is bound (section 7.3).
func (s *Server) checkPossession(r *http.Request, w *attestation.Wallet, pop string) *oauth2.Error {
	if pop == "" {
		return s.checkCombined(r, w)
	}
	proof, err := attestation.VerifyPoP(pop, w, attestation.ExpectPoP{
		Audience: s.Issuer, At: s.Now(), MaxAge: proofAge, MaxSkew: proofSkew,
	})
	switch {
	case err != nil:
		return notAttested(err)
	case !s.Nonces.Valid(proof.Challenge):
		return oauth2.NewError(http.StatusBadRequest, oauth2.UseAttestationChallenge,
			"expected the challenge that the header %s of this answer gives (ABCA section 6)", attestation.HeaderChallenge)
	}
	err = s.Store.TakeProof(r.Context(), HashOf("attestation\x00"+jose.Thumbprint(w.Key)+"\x00"+proof.JTI), s.Now().Add(popMemory))
	switch {
	case errors.Is(err, ErrProofUsed):
		return notAttested(errUsedPoP)
	case err != nil:
		return s.fault(r.Context(), "take proof of possession", err)
	}
	return nil
}

var (
	errUsedPoP     = errors.New("the jti of the proof of possession has been used (ABCA section 7.2)")
	errNoPoP       = errors.New("expected a proof of possession: a header " + attestation.HeaderPoP + ", or one DPoP proof (ABCA section 7)")
	errCombinedKey = errors.New("without a header " + attestation.HeaderPoP + " the key of the DPoP proof must be that of cnf (ABCA section 7.3)")
)

func (s *Server) checkCombined(r *http.Request, w *attestation.Wallet) *oauth2.Error {
	if len(r.Header.Values("DPoP")) == 0 {
		return notAttested(errNoPoP)
	}
	proof, code, err := s.checkProof(r, "")
	switch {
	case err != nil:
		return oauth2.NewError(http.StatusBadRequest, code, "%v", err)
	case !proof.Key.Equal(w.Key):
		return notAttested(errCombinedKey)
	}
	return nil
}

// What is shown is bounded: what a wallet provider calls its wallet, and its own name.
const (
	maxWalletName   = 60
	maxProviderName = 200
)

// unitOf is what is kept of an attestation.
func unitOf(w *attestation.Wallet) *WalletUnit {
	return &WalletUnit{
		JKT: jose.Thumbprint(w.Key), Name: printable(w.Name, maxWalletName),
		Provider: printable(w.Chain[len(w.Chain)-1].Issuer.String(), maxProviderName), Status: w.Status,
	}
}

// printable gives a name that can be shown, or "": not too long, and without signs that would hide or turn what stands there.
func printable(name string, most int) string {
	if utf8.RuneCountInString(name) > most {
		return ""
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return ""
		}
	}
	return name
}
