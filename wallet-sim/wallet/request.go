package wallet

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
)

// Request is a request of a verifier, and what the wallet would answer. Unless Verifier says that it is not signed it exists only
// when the signature holds under a certificate or an attestation that is trusted, so its names may be shown.
type Request struct {
	ID           string // for Reopen
	Verifier     Verifier
	Shares       []Share       // what would be shared; empty when the wallet does not hold it
	Missing      []dcql.Reason // why not
	Transactions []Transaction // what the person consents to by sharing
	Encrypted    bool          // the request object came encrypted

	object *openid4vp.RequestObject
	query  *dcql.Query
	held   []Share
	origin string // who asks over the Digital Credentials API, "" otherwise
}

// Verifier is who asks: by its access certificate, by what an attester says, or by nothing but its address.
type Verifier struct {
	Name         string `json:"name"` // common name, the attested name, or the address
	Organization string `json:"organization"`
	ClientID     string `json:"client_id"`
	Host         string `json:"host"` // where the answer goes
	Unsigned     bool   `json:"unsigned,omitempty"`
	// Purposes are what it asks for, in its own words by language.
	Purposes map[string]string `json:"purposes,omitempty"`
}

// Share is one credential with the claims of it that would be shown.
type Share struct {
	Query      string // identifier of the Credential Query
	Credential *Credential
	Claims     []Claim
	Besides    []Claim // what it shows whether asked for or not
	Hidden     []Claim // what else it says for people, and is not shown
	Optional   bool    // the request can be answered without the credential; Claim.Optional tells of a claim
	Retained   bool    // the verifier says that it keeps something (OpenID4VP 1.0 appendix B.2.4)

	agrees    []Transaction // that its key signs
	copyIndex int
	read      *read
	paths     [][]any
}

// heldRequest is a request between the question to the person and the answer: a request object, or a link that holds it.
type heldRequest struct {
	Started     time.Time `json:"started"`
	ClientID    string    `json:"client_id"`
	WalletNonce string    `json:"wallet_nonce,omitempty"`
	Object      string    `json:"request_object,omitempty"`
	Encrypted   bool      `json:"encrypted,omitempty"`
	Link        string    `json:"link,omitempty"`
}

// Request fetches the request that a link names, checks it, and chooses what to answer. Redirects are not followed. A
// refusal of an authentic request is told to the verifier (OpenID4VP 1.0 section 8.5).
func (w *Wallet) Request(ctx context.Context, link string) (*Request, error) {
	l, err := openid4vp.ParseRequestURI(link, w.vpRules())
	if err != nil {
		return nil, err
	}
	held := heldRequest{Started: w.Now(), ClientID: l.ClientID}
	if l.Unsigned != nil {
		held.Link = link
	} else if err := w.fetchRequest(ctx, l, &held); err != nil {
		return nil, err
	}
	r, err := w.examine(ctx, held)
	if err != nil {
		return nil, err
	}
	r.ID = newID()
	w.forgetOld(w.Now())
	return r, w.Store.write(flowsDir, r.ID, held)
}

// Reopen is the request that Request gave, after the person has looked at it. It is checked anew.
func (w *Wallet) Reopen(ctx context.Context, id string) (*Request, error) {
	var held heldRequest
	if err := w.Store.read(flowsDir, id, &held); err != nil || held.Object == "" && held.Link == "" {
		return nil, ErrState
	}
	r, err := w.examine(ctx, held)
	if err != nil {
		return nil, err
	}
	r.ID = id
	return r, nil
}

// examine checks a request and chooses the answer.
func (w *Wallet) examine(ctx context.Context, held heldRequest) (*Request, error) {
	object, chain, err := w.readRequest(held)
	if err != nil {
		return nil, w.tell(ctx, err)
	}
	r := &Request{Verifier: verifierOf(object, chain), Encrypted: held.Encrypted, object: object}
	if err := w.prepare(r); err != nil {
		return nil, w.tell(ctx, err)
	}
	return r, nil
}

func (w *Wallet) readRequest(held heldRequest) (*openid4vp.RequestObject, []*x509.Certificate, error) {
	rules := w.vpRules()
	if held.Link != "" {
		l, err := openid4vp.ParseRequestURI(held.Link, rules)
		if err != nil {
			return nil, nil, err
		}
		object, err := openid4vp.ParseUnsigned(l, w.Now(), rules)
		return object, nil, err
	}
	anchors, err := w.Trust.Verifiers()
	if err != nil {
		return nil, nil, err
	}
	if rules.Attesters, err = w.Trust.Attesters(); err != nil {
		return nil, nil, err
	}
	rules.WalletNonce = held.WalletNonce
	return openid4vp.ParseRequest(held.Object, anchors, w.Now(), held.ClientID, rules)
}

// prepare chooses what to share, and which key would sign which transaction. A refusal is an *openid4vp.Error.
func (w *Wallet) prepare(r *Request) (err error) {
	if r.query, err = r.object.Query(); err != nil {
		return r.refuse(openid4vp.InvalidRequest, err)
	}
	if err := w.choose(r); err != nil {
		return err
	}
	return r.agree()
}

// refuse is a refusal that the verifier of a checked request may be told.
func (r *Request) refuse(code string, reason error) error {
	return &openid4vp.Error{Code: code, Description: reason.Error(), Reason: reason, ResponseURI: r.object.ResponseURI, State: r.object.State}
}

// tell posts a refusal to a verifier whose request was authentic. What it answers changes nothing.
func (w *Wallet) tell(ctx context.Context, err error) error {
	var refused *openid4vp.Error
	if !errors.As(err, &refused) || refused.ResponseURI == "" {
		return err
	}
	if _, e := w.post(ctx, refused.ResponseURI, refused.Response().Form()); e != nil {
		return errors.Join(err, fmt.Errorf("and the refusal did not arrive: %w", e))
	}
	return err
}

func verifierOf(o *openid4vp.RequestObject, chain []*x509.Certificate) Verifier {
	v := Verifier{ClientID: o.ClientID, Purposes: purposes(o)}
	if u, err := url.Parse(o.ResponseURI); err == nil {
		v.Host = u.Host
	}
	if len(chain) == 0 {
		prefix, original := openid4vp.Prefix(o.ClientID)
		v.Name, v.Unsigned = original, prefix != openid4vp.PrefixVerifierAttestation
		return v
	}
	v.Name = chain[0].Subject.CommonName
	if names := chain[0].Subject.Organization; len(names) > 0 {
		v.Organization = names[0]
	}
	return v
}

// choose lets the query choose among what is valid now, and tells what of it the person may keep back.
func (w *Wallet) choose(r *Request) (err error) {
	if r.held, err = w.holding(); err != nil {
		return err
	}
	shares, err := r.selected(nil)
	if missing := dcql.Reasons(err); missing != nil {
		r.Missing = missing
		return nil
	}
	if err != nil {
		return err
	}
	r.Shares = shares
	for i := range r.Shares {
		if err := r.Shares[i].rest(); err != nil {
			return err
		}
	}
	return r.offerChoice()
}

// holding is each credential that is valid now, the newest first, with that of its copies that was shown least.
func (w *Wallet) holding() ([]Share, error) {
	all, err := w.Store.List()
	if err != nil {
		return nil, err
	}
	var held []Share
	for _, c := range all {
		if !c.Expires.After(w.Now()) {
			continue
		}
		s := Share{Credential: c, copyIndex: leastShown(c.Copies)}
		if s.read, err = open(c.Format, c.Copies[s.copyIndex].Credential); err != nil {
			return nil, fmt.Errorf("%w: credential %s: %w", ErrFile, c.ID, err)
		}
		held = append(held, s)
	}
	return held, nil
}

// selected is what would be shared without what is withheld. The newest credential of a kind is preferred.
func (r *Request) selected(withheld func(query string, path []any) bool) ([]Share, error) {
	candidates := make([]dcql.Candidate, len(r.held))
	for i := range r.held {
		candidates[i] = candidateOf(r.held[i].Credential, r.held[i].read)
		candidates[i].Withheld = withheld
	}
	matches, err := r.query.Select(candidates)
	if err != nil {
		return nil, err
	}
	shares := make([]Share, 0, len(matches))
	for _, m := range matches {
		s := r.held[slices.IndexFunc(r.held, func(h Share) bool { return h.Credential.ID == m.CandidateID })]
		s.Query, s.paths = m.CredentialQueryID, m.Paths
		s.Claims = shownClaims(s.Credential, s.read, m.Paths)
		s.Retained = retained(r.query, m.CredentialQueryID)
		shares = append(shares, s)
	}
	return shares, nil
}

func candidateOf(c *Credential, r *read) dcql.Candidate {
	k := dcql.Candidate{ID: c.ID, Format: c.Format, Claims: r.claims, HolderBound: true, AuthorityKeyIDs: r.authority}
	if r.mdoc != nil {
		k.DocType = r.kind
	} else {
		k.VCT = []string{r.kind}
	}
	return k
}

func leastShown(copies []Copy) int {
	least := 0
	for i := range copies {
		if copies[i].Shown < copies[least].Shown {
			least = i
		}
	}
	return least
}

func retained(q *dcql.Query, id string) bool {
	for _, c := range q.Credentials {
		for _, claim := range c.Claims {
			if c.ID == id && claim.IntentToRetain != nil && *claim.IntentToRetain {
				return true
			}
		}
	}
	return false
}

func authorities(chain []*x509.Certificate) []string {
	var ids []string
	for _, cert := range chain {
		if len(cert.AuthorityKeyId) > 0 {
			ids = append(ids, jose.EncodeBase64URL(cert.AuthorityKeyId))
		}
	}
	return ids
}

// ResponseURI is where the answer goes.
func (r *Request) ResponseURI() string { return r.object.ResponseURI }

// Object is the request as it was checked.
func (r *Request) Object() openid4vp.RequestObject { return *r.object }

// Shown is the copy that would be shown, the paths of the claims in it, and what its proof says beside the request.
func (s Share) Shown() (c Copy, paths [][]any, more map[string]any) {
	return s.Credential.Copies[s.copyIndex], s.paths, s.agreed()
}
