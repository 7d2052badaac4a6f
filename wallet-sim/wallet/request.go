package wallet

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
)

// Request is an authentic request of a verifier, and what the wallet would answer. It exists only when the signature
// holds under an access certificate that is trusted, so its names may be shown.
type Request struct {
	ID       string // for Reopen
	Verifier Verifier
	Shares   []Share       // what would be shared; empty when the wallet does not hold it
	Missing  []dcql.Reason // why not

	object *openid4vp.RequestObject
	query  *dcql.Query
}

// Verifier is who asks, by its access certificate.
type Verifier struct {
	Name         string `json:"name"` // common name
	Organization string `json:"organization"`
	ClientID     string `json:"client_id"`
	Host         string `json:"host"` // where the answer goes
}

// Share is one credential with the claims of it that would be shown.
type Share struct {
	Query      string // identifier of the Credential Query
	Credential *Credential
	Claims     []Claim
	Retained   bool // the verifier says that it keeps something (OpenID4VP 1.0 appendix B.2.4)

	copyIndex int
	read      *read
	paths     [][]any
}

// heldRequest is a request between the question to the person and the answer.
type heldRequest struct {
	Started     time.Time `json:"started"`
	ClientID    string    `json:"client_id"`
	WalletNonce string    `json:"wallet_nonce,omitempty"`
	Object      string    `json:"request_object"`
}

// Request fetches the request that a link names, checks it, and chooses what to answer. Redirects are not followed. A
// refusal of an authentic request is told to the verifier (OpenID4VP 1.0 section 8.5).
func (w *Wallet) Request(ctx context.Context, link string) (*Request, error) {
	l, err := openid4vp.ParseRequestURI(link, w.vpRules())
	if err != nil {
		return nil, err
	}
	held := heldRequest{Started: w.Now(), ClientID: l.ClientID}
	if l.Method == openid4vp.MethodPost {
		held.WalletNonce = rand.Text()
	}
	if held.Object, err = w.fetchRequest(ctx, l, held.WalletNonce); err != nil {
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
	if err := w.Store.read(flowsDir, id, &held); err != nil || held.Object == "" {
		return nil, ErrState
	}
	r, err := w.examine(ctx, held)
	if err != nil {
		return nil, err
	}
	r.ID = id
	return r, nil
}

func (w *Wallet) fetchRequest(ctx context.Context, l *openid4vp.RequestLink, walletNonce string) (string, error) {
	c := call{step: "request object (OpenID4VP 1.0 section 5.10)", method: http.MethodGet, url: l.RequestURI, accept: openid4vp.RequestMediaType}
	if l.Method == openid4vp.MethodPost {
		c = formCall(c.step, l.RequestURI, url.Values{"wallet_nonce": {walletNonce}})
		c.accept = openid4vp.RequestMediaType
	}
	a, err := w.do(ctx, c, nil)
	if err != nil {
		return "", err
	}
	if a.Status != http.StatusOK {
		return "", refusalOf(c, a)
	}
	if media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || media != openid4vp.RequestMediaType {
		return "", fmt.Errorf("%s: %w: %q where %s was expected", c.step, fetch.ErrContentType, a.Header.Get("Content-Type"), openid4vp.RequestMediaType)
	}
	return string(a.Body), nil
}

// examine checks a request object and chooses the answer.
func (w *Wallet) examine(ctx context.Context, held heldRequest) (*Request, error) {
	anchors, err := w.Trust.Verifiers()
	if err != nil {
		return nil, err
	}
	rules := w.vpRules()
	rules.WalletNonce = held.WalletNonce
	object, chain, err := openid4vp.ParseRequest(held.Object, anchors, w.Now(), held.ClientID, rules)
	if err != nil {
		return nil, w.tell(ctx, err)
	}
	r := &Request{Verifier: verifierOf(object, chain), object: object}
	if r.query, err = object.Query(); err != nil {
		return nil, w.tell(ctx, &openid4vp.Error{
			Code: openid4vp.InvalidRequest, Description: err.Error(), Reason: err, ResponseURI: object.ResponseURI, State: object.State,
		})
	}
	return r, w.choose(r)
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
	v := Verifier{ClientID: o.ClientID}
	if u, err := url.Parse(o.ResponseURI); err == nil {
		v.Host = u.Host
	}
	if len(chain) == 0 {
		return v
	}
	v.Name = chain[0].Subject.CommonName
	if names := chain[0].Subject.Organization; len(names) > 0 {
		v.Organization = names[0]
	}
	return v
}

// choose lets the query choose among what is valid now; the newest credential of a kind is preferred, and of its copies
// the one that was shown least.
func (w *Wallet) choose(r *Request) error {
	all, err := w.Store.List()
	if err != nil {
		return err
	}
	var candidates []dcql.Candidate
	shares := map[string]Share{}
	for _, c := range all {
		if !c.Expires.After(w.Now()) {
			continue
		}
		s := Share{Credential: c, copyIndex: leastShown(c.Copies)}
		if s.read, err = open(c.Format, c.Copies[s.copyIndex].Credential); err != nil {
			return fmt.Errorf("%w: credential %s: %w", ErrFile, c.ID, err)
		}
		shares[c.ID] = s
		candidates = append(candidates, candidateOf(c, s.read))
	}
	matches, err := r.query.Select(candidates)
	if errors.Is(err, dcql.ErrNoMatch) {
		r.Missing = dcql.Reasons(err)
		return nil
	}
	if err != nil {
		return err
	}
	for _, m := range matches {
		s := shares[m.CandidateID]
		s.Query, s.paths = m.CredentialQueryID, m.Paths
		s.Claims = shownClaims(s.Credential, s.read, m.Paths)
		s.Retained = retained(r.query, m.CredentialQueryID)
		r.Shares = append(r.Shares, s)
	}
	return nil
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
