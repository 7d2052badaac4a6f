package authserver

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oidc"
)

// KeyRing is the provider's P-256 keys, of which one signs; keys.Ring is one. Live must hold a key until the last that it
// signed is not asked about any more: an ID token comes back as id_token_hint for as long as a session may last.
type KeyRing interface {
	Current() keys.Key
	Live() []keys.Key // to publish, the newest first
}

// signers sign the provider's kinds of token with one key.
type signers struct {
	keyID                      string
	idTokens, logouts, tickets *jose.Signer
}

// keyRoom keeps what was made of the keys, until there is another.
type keyRoom struct {
	mu  sync.Mutex
	now *signers
}

// signers are those of the key that signs now.
func (o *OpenID) signers() (*signers, error) {
	current := o.Keys.Current()
	o.room.mu.Lock()
	defer o.room.mu.Unlock()
	if o.room.now != nil && o.room.now.keyID == current.ID {
		return o.room.now, nil
	}
	key, err := oidc.NewKey(current.Signer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	fresh := &signers{keyID: current.ID}
	if fresh.idTokens, err = oidc.NewIDTokenSigner(key); err != nil {
		return nil, err
	}
	if fresh.logouts, err = oidc.NewLogoutTokenSigner(key); err != nil {
		return nil, err
	}
	if fresh.tickets, err = jose.NewSigner(key.Signer, jose.Header{Typ: ticketType}); err != nil {
		return nil, err
	}
	o.room.now = fresh
	return fresh, nil
}

// jwks is the key set with every live key: the next one is there before it signs.
func (o *OpenID) jwks() jose.JWKS {
	var set jose.JWKS
	for _, k := range o.Keys.Live() {
		if key, err := oidc.NewKey(k.Signer); err == nil { // a ring's keys are on P-256
			set.Keys = append(set.Keys, key.JWKS().Keys...)
		}
	}
	return set
}

func (s *Server) getKeys(c *gin.Context) {
	c.Header("Cache-Control", "public, max-age=300")
	c.JSON(http.StatusOK, s.OpenID.jwks())
}

// sign makes a token of the kind that which chooses.
func (o *OpenID) sign(which func(*signers) *jose.Signer, claims any) (string, error) {
	current, err := o.signers()
	if err != nil {
		return "", err
	}
	return which(current).SignJSON(claims)
}
