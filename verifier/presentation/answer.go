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

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vp"
)

// Answer takes what a wallet posted to the response_uri of a request. A well-formed answer is taken once, whatever its
// verdict; what cannot be read is refused and takes nothing. Errors: *oauth2.Error with invalid_request, ErrNotFound.
func (s *Service) Answer(ctx context.Context, id string, form url.Values) (*openid4vp.PostAnswer, error) {
	now := s.now()
	r, t, err := s.Store.Request(ctx, hash(id), now)
	if err != nil {
		return nil, err
	}
	post, err := openid4vp.ParsePost(form)
	if err != nil {
		return nil, unreadable(err)
	}
	answer, outcome := &openid4vp.PostAnswer{}, Outcome{}
	if post.Error != nil {
		outcome, err = refusal(r, post.Error)
	} else {
		outcome, err = s.verdictOn(ctx, id, r, t, post.JWE, now)
	}
	if err != nil {
		return nil, err
	}
	if r.SameDevice {
		code := secret()
		outcome.Code = hash(code)
		answer.RedirectURI = s.Base + "/transactions/" + t.ID + "/done?response_code=" + code
	}
	if err := s.Store.TakeAnswer(ctx, *r, outcome, now); err != nil {
		return nil, err
	}
	return answer, nil
}

func unreadable(err error) *oauth2.Error {
	return oauth2.NewError(400, oauth2.InvalidRequest, "%v", err)
}

// refusal takes a wallet's error. Anybody who saw the QR code could send one, so it must bring the state.
func refusal(r *Request, e *openid4vp.ErrorResponse) (Outcome, error) {
	if e.State != r.State {
		return Outcome{}, unreadable(fmt.Errorf("state: expected that of the request (OpenID4VP 1.0 section 8.2)"))
	}
	return Outcome{State: Refused, Error: e.Code}, nil
}

func (s *Service) verdictOn(ctx context.Context, id string, r *Request, t *Transaction, jwe string, now time.Time) (Outcome, error) {
	ask, err := s.ask(t)
	if err != nil {
		return Outcome{}, err
	}
	plaintext, thumbprint, err := s.decrypt(r, jwe)
	if err != nil {
		return Outcome{}, unreadable(err)
	}
	response, err := openid4vp.ParseResponse(plaintext)
	if err != nil {
		return Outcome{}, unreadable(err)
	}
	transcript, err := openid4vp.SessionTranscript(s.signer(ask).ClientID(), r.Nonce, thumbprint, s.responseURI(id))
	if err != nil {
		return Outcome{}, err
	}
	b := binding{audience: s.signer(ask).ClientID(), nonce: r.Nonce, transcript: transcript, at: now}
	verdict := s.judgeAnswer(ctx, ask.Query, r.State, response, b)
	s.logVerdict(ctx, ask.Service, verdict)
	text, err := json.Marshal(verdict)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{State: Answered, Verdict: s.Seal.Seal(text, "verdict", t.ID)}, nil
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
	var err error
	if r.State != state {
		err = errState
	}
	whole.add(ruleState, err, reason{errState, "state_mismatch"})
	got := map[string][]dcql.Presented{}
	for _, query := range slices.Sorted(maps.Keys(r.VPToken)) {
		for _, text := range r.VPToken[query] {
			j := s.judge(ctx, formatOf(q, query), text, b)
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
