package issuance

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
)

// Signed metadata is good for signedLife, and made anew when it has been served for signedAge.
const (
	signedLife = 24 * time.Hour
	signedAge  = time.Hour
)

// published is the Credential Issuer Metadata as it is served: for each choice of languages the bytes of both forms.
type published struct {
	signer func() (crypto.Signer, []*x509.Certificate) // nil: JSON alone
	now    func() time.Time
	forms  map[string]*forms // by their languages, joined
}

// forms is the metadata in some languages.
type forms struct {
	metadata *openid4vci.IssuerMetadata
	plain    document

	mu     sync.Mutex
	signed document
	leaf   *x509.Certificate
	made   time.Time
}

const metadataVary = "Accept, Accept-Language"

// publish readies the metadata, and gives the path where it stands (section 12.2.2).
func (s *Service) publish() (path string, p *published, err error) {
	address, err := s.Rules.WellKnown(s.Issuer)
	if err != nil {
		return "", nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", nil, err
	}
	p = &published{signer: s.MetadataSigner, now: s.Now, forms: map[string]*forms{}}
	for _, languages := range choices(credentials.Languages) {
		m := s.describe(languages)
		if err := m.Validate(s.Rules); err != nil {
			return "", nil, fmt.Errorf("issuance: %w", err)
		}
		body, err := json.Marshal(m)
		if err != nil {
			return "", nil, err
		}
		f := &forms{metadata: m, plain: newDocument(openid4vci.MediaTypeMetadata, body)}
		f.plain.languages, f.plain.vary = strings.Join(languages, ", "), metadataVary
		p.forms[f.plain.languages] = f
	}
	return u.Path, p, nil
}

// CheckMetadata reads the metadata, in all languages, as a wallet with these rules does.
func (s *Service) CheckMetadata(rules openid4vci.Rules) error {
	body, err := json.Marshal(s.describe(credentials.Languages))
	if err != nil {
		return err
	}
	_, err = openid4vci.ParseIssuerMetadata(body, s.Issuer, rules)
	return err
}

// choices are all ways to choose one or more of a list, in its order.
func choices(list []string) [][]string {
	var all [][]string
	for _, one := range list {
		for _, other := range all {
			all = append(all, append(slices.Clone(other), one))
		}
		all = append(all, []string{one})
	}
	return all
}

// getMetadata is the Credential Issuer Metadata Request (section 12.2.2).
func (s *Service) getMetadata(p *published) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := p.serve(c); err != nil {
			s.Log.Error("metadata", "trace_id", observe.TraceID(c.Request.Context()), "cause", err)
			c.Status(http.StatusInternalServerError)
		}
	}
}

func (p *published) serve(c *gin.Context) error {
	f := p.forms[strings.Join(languagesFor(c.GetHeader("Accept-Language")), ", ")]
	if p.signer == nil || !wantsSigned(c.GetHeader("Accept")) {
		f.plain.send(c)
		return nil
	}
	signed, err := p.sign(f)
	if err != nil {
		return err
	}
	signed.send(c)
	return nil
}

// sign gives the signed form: the one at hand, or a new one when it is old or another certificate has taken over.
func (p *published) sign(f *forms) (document, error) {
	key, chain := p.signer()
	f.mu.Lock()
	defer f.mu.Unlock()
	now := p.now()
	if f.leaf != nil && f.leaf.Equal(chain[0]) && now.Sub(f.made) < signedAge && !now.Before(f.made) {
		return f.signed, nil
	}
	signer, err := openid4vci.NewMetadataSigner(key, chain)
	if err != nil {
		return document{}, err
	}
	err = f.renew(signer, chain[0], now)
	return f.signed, err
}

func (f *forms) renew(signer *jose.Signer, leaf *x509.Certificate, now time.Time) error {
	jwt, err := openid4vci.SignMetadata(signer, f.metadata, now, signedLife)
	if err != nil {
		return fmt.Errorf("issuance: metadata: %w", err)
	}
	f.signed = newDocument(openid4vci.MediaTypeSignedMetadata, []byte(jwt))
	f.signed.languages, f.signed.vary = f.plain.languages, f.plain.vary
	f.leaf, f.made = leaf, now
	return nil
}
