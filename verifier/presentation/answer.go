package presentation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"lommebok.example/internal/observe"
	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vp"
)

// Answer takes what a wallet posted to the response_uri of a request. A well-formed answer is taken once, whatever its
// verdict: who has a request cannot try one presentation after the other. What cannot be read is refused and takes nothing.
// The wallet is answered after the verdict: a presentation that does not hold is refused with the code of the first check
// that did not, as it stands in the verdict. Errors: *oauth2.Error, ErrNotFound, ErrTaken.
func (s *Service) Answer(ctx context.Context, id string, form url.Values) (*openid4vp.PostAnswer, error) {
	r, t, ask, err := s.asked(ctx, id)
	if err != nil {
		return nil, err
	}
	if r.Via != ViaLink {
		linkWallet(ctx, r)
	}
	post, err := openid4vp.ParsePost(form, ask.mode(r.Via))
	if err != nil {
		return nil, unreadable(err)
	}
	if post.Error != nil && post.Error.State != r.State { // anybody who saw the QR code could send one
		return nil, unreadable(errors.New("state: expected that of the request (OpenID4VP 1.0 section 8.2)"))
	}
	code := ""
	if r.Via == ViaLink {
		code = secret()
	}
	failed, err := s.take(ctx, id, r, t, ask, post, code)
	if err != nil {
		return nil, err
	}
	back := ""
	if code != "" {
		back = s.back(ask, code)
	}
	if failed != nil {
		failed.URI, failed.RedirectURI = back, back
		return nil, failed
	}
	return &openid4vp.PostAnswer{RedirectURI: back}, nil
}

// APIAnswer takes what the Digital Credentials API gave to the browser that asked, which needs no response_code. Errors: those
// of Answer.
func (s *Service) APIAnswer(ctx context.Context, res *Result, browser string, m openid4vp.DCAPIMessage) error {
	id := s.requestSecret(res.ID, browser, ViaAPI, res.renewed)
	r, t, ask, err := s.asked(ctx, id)
	if err != nil {
		return err
	}
	linkWallet(ctx, r)
	if !slices.Contains([]string{openid4vp.ProtocolUnsigned, openid4vp.ProtocolSigned, openid4vp.ProtocolMultisigned}, m.Protocol) {
		return unreadable(errors.New("protocol: expected one of OpenID4VP 1.0 (appendix A.1)"))
	}
	post, err := openid4vp.ParseDCAPIAnswer(m.Data, ask.mode(r.Via))
	if err != nil {
		return unreadable(err)
	}
	failed, err := s.take(ctx, id, r, t, ask, post, "")
	if err == nil && failed != nil {
		err = failed
	}
	return err
}

func (s *Service) asked(ctx context.Context, id string) (*Request, *Transaction, *Ask, error) {
	r, t, err := s.Store.Request(ctx, hash(id), s.now())
	if err != nil {
		return nil, nil, nil, err
	}
	ask, err := s.ask(t)
	return r, t, ask, err
}

// take judges, and spends the request. failed is what the wallet is told when it was taken and does not hold.
func (s *Service) take(ctx context.Context, id string, r *Request, t *Transaction, ask *Ask, post *openid4vp.Post, code string) (failed *oauth2.Error, err error) {
	now, outcome := s.now(), Outcome{}
	if post.Error != nil {
		outcome = Outcome{State: Refused, Error: post.Error.Code}
	} else {
		verdict, err := s.verdictOn(ctx, id, r, ask, post, now)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(verdict)
		if err != nil {
			return nil, err
		}
		outcome = Outcome{State: Answered, Verdict: s.Seal.Seal(text, "verdict", t.ID)}
		failed = refused(verdict)
	}
	if code != "" {
		outcome.Code = hash(code)
	}
	if err := s.Store.TakeAnswer(ctx, *r, outcome, now); err != nil {
		return nil, err
	}
	if code != "" {
		linkTaken(ctx, r)
	}
	return failed, nil
}

// back is where the wallet on the same device sends the browser. It says nothing of the transaction: the code finds it, in
// the browser that asked.
func (s *Service) back(ask *Ask, code string) string {
	to := orDefault(ask.RedirectURI, s.Base+"/done")
	separator := "?"
	if strings.Contains(to, "?") {
		separator = "&"
	}
	return to + separator + "response_code=" + code
}

func unreadable(err error) *oauth2.Error {
	return oauth2.NewError(400, oauth2.InvalidRequest, "%v", err)
}

// refused is what a wallet is told of a verdict that does not accept: the first check that did not hold, and of those of the
// answer as a whole only the state before those of the credentials, from which the others follow.
func refused(v *Verdict) *oauth2.Error {
	if v.Accepted {
		return nil
	}
	all := v.Failed()
	if len(all) == 0 {
		return oauth2.NewError(400, oauth2.InvalidRequest, "expected a presentation (OpenID4VP 1.0 section 8.6)")
	}
	first := all[0]
	if n := len(failedOf(v.Checks)); n < len(all) && first.Name != ruleState.name {
		first = all[n]
	}
	return oauth2.NewError(400, first.Code, "%s: expected %s; got: %s (%s)", first.Name, first.Expected, first.Got, first.Section)
}

func failedOf(checks []Check) []Check { return (&Verdict{Checks: checks}).Failed() }

func (s *Service) verdictOn(ctx context.Context, id string, r *Request, ask *Ask, post *openid4vp.Post, now time.Time) (*Verdict, error) {
	response, thumbprint := post.Response, []byte(nil)
	if post.JWE != "" {
		plaintext, sum, err := s.decrypt(r, post.JWE)
		if err != nil {
			return nil, unreadable(err)
		}
		observe.Decrypted(ctx, plaintext)
		if response, err = openid4vp.ParseResponse(plaintext); err != nil {
			return nil, unreadable(err)
		}
		thumbprint = sum
	}
	b, err := s.binding(id, r, ask, thumbprint, now)
	if err != nil {
		return nil, err
	}
	b.agreed, b.unauthorized = agreements(ask, response.VPToken)
	verdict := s.judgeAnswer(ctx, ask.Query, r.State, response, b)
	observe.Found(ctx, verdict.findings())
	s.logVerdict(ctx, ask.Service, verdict)
	return verdict, nil
}

// binding is what the proofs of an answer must be made out to: the client and its response_uri, or the origin that asked.
func (s *Service) binding(id string, r *Request, ask *Ask, thumbprint []byte, now time.Time) (b binding, err error) {
	b = binding{nonce: r.Nonce, at: now, overAPI: r.Via == ViaAPI}
	if b.overAPI {
		b.audience = openid4vp.OriginAudience(s.Base)
		b.transcript, err = openid4vp.SessionTranscriptDCAPI(s.Base, r.Nonce, thumbprint)
		return b, err
	}
	b.audience = s.clientID(ask, id)
	b.transcript, err = openid4vp.SessionTranscript(b.audience, r.Nonce, thumbprint, s.responseURI(id))
	return b, err
}

// decrypt opens the answer with the key of this request and no other.
func (s *Service) decrypt(r *Request, jwe string) (plaintext, thumbprint []byte, err error) {
	header, err := jose.PeekJWE(jwe)
	if err != nil {
		return nil, nil, err
	}
	if header.Kid != r.KeyID {
		return nil, nil, fmt.Errorf("%w: kid: expected the key of this request (OpenID4VP 1.0 section 8.3)", jose.ErrKey)
	}
	key, err := s.responseKey(r)
	if err != nil {
		return nil, nil, err
	}
	sum := jose.ThumbprintBytes(&key.PublicKey)
	plaintext, err = jose.Decrypt(jwe, key, jose.A128GCM, jose.A256GCM)
	return plaintext, sum[:], err
}

var errState = errors.New("another state, or none")

var (
	ruleState = rule{"state", "OpenID4VP 1.0 section 14.3.2", "the state of this request"}
	ruleQuery = rule{"query", "OpenID4VP 1.0 section 8.6", "what was asked for"}
)

// patience is how long all status lists of an answer may take together: the wallet waits meanwhile.
const patience = 4 * time.Second

// judgeAnswer makes every check of an answer to a query.
func (s *Service) judgeAnswer(ctx context.Context, q *dcql.Query, state string, r *openid4vp.Response, b binding) *Verdict {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	v := &Verdict{}
	var whole checklist
	if !b.overAPI {
		var err error
		if r.State != state {
			err = errState
		}
		whole.add(ruleState, err, reason{errState, "state_mismatch"})
	}
	if b.unauthorized != nil {
		whole.add(ruleQuery, b.unauthorized, reason{errUnauthorized, "not_as_asked"})
	}
	got := map[string][]dcql.Presented{}
	for _, query := range slices.Sorted(maps.Keys(r.VPToken)) {
		for _, text := range r.VPToken[query] {
			j := s.judge(ctx, formatOf(q, query), text, b.of(queryOf(q, query)))
			c := Credential{Query: query, Format: formatOf(q, query), Type: j.kind, Checks: j.checks}
			if j.presented != nil {
				got[query] = append(got[query], *j.presented)
				c.Claims = asked(q, query, j.presented.Claims)
			}
			v.Credentials = append(v.Credentials, c)
		}
	}
	for _, f := range q.Check(got) {
		checkFinding(&whole, v, f)
	}
	v.Checks = whole
	v.settle()
	return v
}

// checkFinding files a finding about one credential under that credential, and others under the answer.
func checkFinding(whole *checklist, v *Verdict, f dcql.Finding) {
	var err error
	r := ruleQuery
	if !f.OK {
		err = fmt.Errorf("%s", f.Reason)
	} else if f.Reason != "" {
		r.expected = f.Reason
	}
	for i := range v.Credentials {
		if f.CredentialQueryID != "" && v.Credentials[i].Query == f.CredentialQueryID {
			l := checklist(v.Credentials[i].Checks)
			l.add(r, err, reason{err, "not_as_asked"})
			v.Credentials[i].Checks = l
			return
		}
	}
	whole.add(r, err, reason{err, "not_as_asked"})
}

func queryOf(q *dcql.Query, id string) *dcql.CredentialQuery {
	for i := range q.Credentials {
		if q.Credentials[i].ID == id {
			return &q.Credentials[i]
		}
	}
	return nil
}

// formatOf is the format that was asked for under an id; "" when nothing was.
func formatOf(q *dcql.Query, id string) string {
	if c := queryOf(q, id); c != nil {
		return c.Format
	}
	return ""
}

// asked keeps the claims that the query names, each under its path joined by dots; what came beyond is dropped.
func asked(q *dcql.Query, id string, claims map[string]any) map[string]any {
	c := queryOf(q, id)
	if c == nil {
		return nil
	}
	kept := map[string]any{}
	for _, claim := range c.Claims {
		values, err := dcql.Resolve(claim.Path, claims)
		if err != nil {
			continue
		}
		if len(values) == 1 {
			kept[pathName(claim.Path)] = values[0]
		} else {
			kept[pathName(claim.Path)] = values
		}
	}
	return kept
}

// ClaimPaths are the claims that a query asks for under an id, in its order and by the names that Credential.Claims has.
func ClaimPaths(q *dcql.Query, id string) []string {
	var names []string
	if c := queryOf(q, id); c != nil {
		for _, claim := range c.Claims {
			names = append(names, pathName(claim.Path))
		}
	}
	return names
}

func pathName(path []any) string {
	parts := make([]string, len(path))
	for i, p := range path {
		if parts[i] = fmt.Sprint(p); p == nil {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, ".")
}

// logVerdict writes the codes of what failed, and nothing of what was shown.
func (s *Service) logVerdict(ctx context.Context, service string, v *Verdict) {
	codes := []string{}
	for _, c := range v.Failed() {
		codes = append(codes, c.Code)
	}
	s.Log.InfoContext(ctx, "presentation judged", "service", service, "accepted", v.Accepted, "failed", codes)
}
