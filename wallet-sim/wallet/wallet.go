package wallet

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/transaction"
)

// Attester attests this wallet unit and its keys; provider.Unit is one.
type Attester interface {
	// AttestWallet gives a wallet attestation for one issuer, with the key in cnf (OpenID4VCI 1.0 appendix E).
	AttestWallet(issuer string, key *ecdsa.PublicKey) (string, error)
	// AttestKeys gives a key attestation (appendix D), with a nonce unless it is empty.
	AttestKeys(nonce string, keys []*ecdsa.PublicKey, keyStorage, userAuthentication []string) (string, error)
}

// Wallet gets, keeps and shows credentials. All fields but those from Copies on must be set.
type Wallet struct {
	Store       *Store
	Trust       *Trust
	Fetch       *fetch.Client
	ClientID    string // of OAuth, as the issuer's authorization server knows the wallet
	RedirectURI string // where the authorization server sends the browser back
	Now         func() time.Time

	// Copies is how many copies of a credential to ask for, within what the issuer allows; 0 means 10. A copy is shown
	// to one verifier after the other only when all have been shown.
	Copies int
	// Attester is the wallet provider's word for this wallet unit; nil for a plain wallet, which cannot get what demands it.
	Attester Attester
	// ProofType is the proof type of key proofs, "" for jwt where the issuer takes it.
	ProofType string
	// HAIP refuses verifiers that ask otherwise than HAIP 1.0 section 5 has it.
	HAIP bool
	// NewKey makes each key of the wallet; nil for a fresh P-256 key.
	NewKey func() (Key, error)
	// Unencrypted asks for credentials in plain, unless the issuer demands encryption.
	Unencrypted bool
	// Seal changes a request before it is encrypted, at the step that StepOf names; nil for as it is.
	Seal func(ctx context.Context, request []byte) ([]byte, error)
	// Record is told of each request with its answer, or why none came, masked; nil for nobody. Its error is that of the request.
	Record func(*transaction.Entry) error
	// InsecureAllowHTTP lets issuers and verifiers have http addresses. Safe only between processes of one machine.
	InsecureAllowHTTP bool
}

const defaultCopies = 10

// The refusals of the wallet itself. Those of a server are a *Refusal.
var (
	ErrInput         = errors.New("wallet: neither a credential offer nor the address of an issuer")
	ErrChoice        = errors.New("wallet: there is no such credential to choose")
	ErrConfiguration = errors.New("wallet: the issuer does not offer this credential")
	ErrIdentity      = errors.New("wallet: a server is not who its address says")
	ErrUnsupported   = errors.New("wallet: something that this wallet cannot do")
	ErrAnswer        = errors.New("wallet: what a server answered is malformed")
	ErrState         = errors.New("wallet: the answer belongs to no request of this wallet, or was used before")
	ErrNonce         = errors.New("wallet: no c_nonce, and no key proof is made without one")
	ErrCredential    = errors.New("wallet: the credential was not stored")
	ErrPIDKey        = errors.New("wallet: the key of a PID signs no transaction data (PID Rulebook chapter 5)")
	ErrNoMatch       = errors.New("wallet: the wallet does not hold what was asked for")
	ErrNotFound      = errors.New("wallet: there is no such thing")
	ErrFile          = errors.New("wallet: a file does not hold what its name says")
)

func (w *Wallet) newKey() (Key, error) {
	if w.NewKey != nil {
		return w.NewKey()
	}
	return newKey()
}

func (w *Wallet) vciRules() openid4vci.Rules {
	return openid4vci.Rules{InsecureAllowHTTP: w.InsecureAllowHTTP}
}

func (w *Wallet) vpRules() openid4vp.Rules {
	return openid4vp.Rules{InsecureAllowHTTP: w.InsecureAllowHTTP, BeyondHAIP: !w.HAIP, TransactionTypes: TransactionTypes}
}
