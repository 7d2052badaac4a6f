package authserver

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"lommebok.example/minid"
	"lommebok.example/specs/attestation"
)

// What a Store answers when there is nothing to give. The reason stays inside: a caller learns only that it was refused.
var (
	ErrNoRequest  = errors.New("authserver: no such request that is open for this browser and client")
	ErrNoCode     = errors.New("authserver: no such code that is alive for this client, redirect_uri, verifier and key")
	ErrCodeReused = errors.New("authserver: the code had been used; its grant is now revoked")
	ErrNoToken    = errors.New("authserver: no such token that is alive")
	ErrProofUsed  = errors.New("authserver: the jti of the DPoP proof has been used")
)

// Hash is the SHA-256 of a secret. Only hashes of secrets reach a Store.
type Hash [sha256.Size]byte

// HashOf gives the SHA-256 of a secret.
func HashOf(secret string) Hash { return sha256.Sum256([]byte(secret)) }

// Request is a pushed authorization request as it was accepted (RFC 9126).
type Request struct {
	ID             string // names the transaction in the browser; worth nothing without the browser's cookie
	ClientID       string
	RedirectURI    string
	State          string
	Scopes         []string // asked by scope; each is known to the Catalog
	Configurations []string // asked by authorization_details; each is known to the Catalog
	CodeChallenge  string   // RFC 7636, S256
	JKT            string   // RFC 9449 section 10: the key that the code is bound to, "" for any
	Expires        time.Time
	Login          *Login      // what a service asks; nil in a wallet's request
	Unit           *WalletUnit // the wallet that attested itself; nil when none did
}

// WalletUnit is one installation of a wallet, as its wallet provider attested it.
type WalletUnit struct {
	JKT  string `json:"jkt"` // thumbprint of its Client Instance Key, which what it is given is bound to
	Name string `json:"name,omitempty"`
	// Provider is the subject of the trust anchor that its chain led to (RFC 4514), "" when that cannot be shown.
	Provider string              `json:"provider,omitempty"`
	Status   *attestation.Status `json:"status,omitempty"` // nil when the provider gives none
}

// instance is what is bound to a unit; "" for none.
func (u *WalletUnit) instance() string {
	if u == nil {
		return ""
	}
	return u.JKT
}

// Login is what a service asks of the login of a person (OpenID Connect Core 1.0 section 3.1.2.1).
type Login struct {
	Nonce  string      `json:"nonce"`
	Level  minid.Level `json:"level"`            // at least
	Silent bool        `json:"silent,omitempty"` // prompt=none
	Since  time.Time   `json:"since,omitzero"`   // the login must not be older
	Locale string      `json:"locale,omitempty"` // language that the service wants pages in
}

// Claim binds a request to the browser that brought its request_uri.
type Claim struct {
	Reference Hash // of the request_uri
	Browser   Hash // of the browser's secret
	ClientID  string
	At        time.Time
	Until     time.Time // how long the browser may take, counted from its first visit
}

// Open names a claimed request in the hand of its browser.
type Open struct {
	ID      string
	Browser Hash
	At      time.Time
}

// Grant is what a person said yes to, and how sure we were of the person then.
type Grant struct {
	ID         string
	ClientID   string
	PersonID   string
	PID        string
	Level      minid.Level
	Basis      minid.Basis
	AuthTime   time.Time
	Scopes     []string
	Authorized []Authorized
	Login      *LoggedIn // at a service; nil in a wallet's grant
	Instance   string    // JKT of the WalletUnit that asked, which alone can redeem the code; "" when none attested itself
}

// LoggedIn is a login at a service, and the session that it rests on: "" and zero where none goes on.
type LoggedIn struct {
	Nonce       string    `json:"nonce"`
	Locale      string    `json:"locale"`
	AMR         []string  `json:"amr"`
	Subject     string    `json:"sub"` // the person's identifier at the service
	SID         string    `json:"sid"` // the session's identifier at the service
	SessionID   string    `json:"-"`
	SessionEnds time.Time `json:"-"` // at the latest
}

// SeenAt is a service that an ended session had been used at.
type SeenAt struct {
	ClientID, SID, Subject string
}

// Authorized is a granted credential configuration with its Credential Identifiers (OpenID4VCI 1.0 section 6.2).
type Authorized struct {
	ConfigurationID string   `json:"configuration_id"`
	Identifiers     []string `json:"identifiers"`
}

// Code is an authorization code and what it is bound to.
type Code struct {
	Hash          Hash
	RedirectURI   string
	CodeChallenge string
	JKT           string
	Expires       time.Time
}

// Redemption is what a client brings to turn a code into a token; each member must be the code's own.
type Redemption struct {
	Code          Hash
	ClientID      string
	RedirectURI   string
	CodeChallenge string      // computed from the code_verifier
	JKT           string      // of the DPoP proof
	Unit          *WalletUnit // kept with the grant; its JKT must be the grant's Instance
	At            time.Time
}

// Instance is what the grant must be bound to.
func (r Redemption) Instance() string { return r.Unit.instance() }

// Token is an access token, bound to a key by its JWK thumbprint (RFC 9449 section 6). What it opens is what its grant says, or
// less.
type Token struct {
	Hash       Hash
	JKT        string
	Expires    time.Time
	Scopes     []string
	Authorized []Authorized
	Refreshed  bool          // made without a sign-in, from a refresh token
	Refresh    *RefreshToken // that is given beside it; nil for none
}

// Issuing makes the token of a grant that is being redeemed. When it fails, nothing is redeemed, and the error is passed on.
type Issuing func(g *Grant) (*Token, error)

// Store keeps requests, grants with their codes, tokens, and the proofs that have been seen. Each verb that takes
// something takes it in one statement: of any number of callers at the same time, one is served.
type Store interface {
	PreAuthorizationStore
	RefreshStore

	PushRequest(ctx context.Context, reference Hash, r Request) error
	// ClaimRequest gives the request to c.Browser: to the first browser that comes, and to it again. ErrNoRequest.
	ClaimRequest(ctx context.Context, c Claim) (*Request, error)
	// ClaimedRequest reads the request that o.Browser claimed and has not answered. ErrNoRequest.
	ClaimedRequest(ctx context.Context, o Open) (*Request, error)
	// RefuseRequest ends the request. ErrNoRequest.
	RefuseRequest(ctx context.Context, o Open) (*Request, error)
	// ApproveRequest ends the request and keeps the grant with its code, both or neither. When the grant is a login at a
	// service, it also notes that the session has been used there, if there is one. ErrNoRequest.
	ApproveRequest(ctx context.Context, o Open, g Grant, c Code) error
	// RedeemCode ends the code and keeps the token, both or neither. ErrNoCode and the error of issue; ErrCodeReused, when
	// the code had been used: then every token of its grant is dead, also one that is being made at this moment.
	RedeemCode(ctx context.Context, r Redemption, issue Issuing) (*Grant, error)
	// TokenAccess reads what a token that is alive gives access to. ErrNoToken.
	TokenAccess(ctx context.Context, token Hash, at time.Time) (*Access, error)
	// RevokeToken ends the grant of a client's token with all its tokens; of another's it does nothing.
	RevokeToken(ctx context.Context, token Hash, clientID string, at time.Time) error
	// EndLogins ends the grants and pre-authorizations of a session and gives the services it has been used at: each to one caller.
	EndLogins(ctx context.Context, sessionID string, at time.Time) ([]SeenAt, error)
	// TakeProof keeps the hash of a proof's key and jti until expires. ErrProofUsed when it is kept already.
	TakeProof(ctx context.Context, jti Hash, expires time.Time) error
	// SweepAuthserver deletes at most limit expired rows of each table and gives the largest number it deleted of one.
	SweepAuthserver(ctx context.Context, at time.Time, limit int) (int, error)
}
