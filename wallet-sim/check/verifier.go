package check

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/transaction"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/faults"
	"lommebok.example/wallet-sim/wallet"
)

// Verifier checks a verifier with what the wallet holds.
type Verifier struct {
	Address string
	Way     *Way
	Source  Source
	// Browser makes a browser without cookies: each request is asked for by another.
	Browser func() (*browser.Browser, error)
	Chosen  Chosen
	// Faults are done to answers, and nothing else is judged; nil for all that there is.
	Faults []faults.Fault
	Tell   func(Result)
}

const (
	stepRequest = "request object"
	stepAnswer  = "answer to the verifier"
)

// asked is a request as the wallet met it.
type asked struct {
	parsed         *openid4vp.RequestLink
	seen           flow
	fetched        *transaction.Exchanged // the request object; nil for a request by value
	header, claims map[string]any         // of the request object
	request        *wallet.Request
	err            error // why the wallet does not answer it
	browser        *browser.Browser
}

// verifierSeen is all that the requirements of a verifier are judged by.
type verifierSeen struct {
	*Verifier
	records
	ways          []Source // that lead to a request which the wallet can answer; the first of them is Source
	first, second *asked
	posted        *asked                 // fetched by POST; nil where the verifier does not offer it
	again         *transaction.Exchanged // the first request object fetched once more
	accepted      *transaction.Exchanged // the answer to a good answer
	declined      *transaction.Exchanged // the answer to a refusal
	acceptedErr   error
	declinedErr   error
}

// VerifierRequirements are all that a verifier is held to.
func VerifierRequirements() (all []Requirement, err error) {
	for _, r := range verifierRules() {
		all = append(all, r.Requirement)
	}
	library, err := faults.Library()
	for _, r := range brokenRules(library, nil) {
		all = append(all, r.Requirement)
	}
	return all, err
}

// rules are those that it is judged by.
func (v *Verifier) rules() ([]verifierRule, []brokenRule, error) {
	library, err := faults.Library()
	if err != nil {
		return nil, nil, err
	}
	if v.Faults != nil {
		return nil, brokenRules(v.Faults, faults.Checks(library)), nil
	}
	all, err := VerifierRequirements()
	if err == nil {
		err = v.Chosen.check(all)
	}
	return verifierRules(), brokenRules(library, nil), err
}

// Check has the verifier ask again and again, answers well and wrongly, and judges. Errors: ErrChosen, ErrNoRequest.
func (v *Verifier) Check(ctx context.Context) (*Report, error) {
	rules, broken, err := v.rules()
	if err != nil {
		return nil, err
	}
	begun := v.Way.Wallet.Now()
	s := &verifierSeen{Verifier: v, records: records{}}
	if err := s.find(ctx); err != nil {
		return nil, err
	}
	s.look(ctx)
	r := &Report{Kind: "verifier", Address: v.Address, At: begun.UTC()}
	tell := func(one Result) {
		if r.Results = append(r.Results, one); v.Tell != nil {
			v.Tell(one)
		}
	}
	for _, rule := range rules {
		if v.Chosen.has(rule.Requirement) {
			tell(s.result(rule.Requirement, rule.judge(s)))
		}
	}
	for _, rule := range broken {
		if v.Chosen.has(rule.Requirement) {
			tell(s.result(rule.Requirement, s.broken(ctx, rule)))
		}
	}
	r.Millis = v.Way.Wallet.Now().Sub(begun).Milliseconds()
	return r, ctx.Err()
}

// find tries each way to a request. Those remain that the wallet can answer, or else the first that leads to a request.
func (s *verifierSeen) find(ctx context.Context) error {
	b, err := s.Browser()
	if err != nil {
		return err
	}
	var none error
	for _, way := range sources(ctx, b, s.Source) {
		one, err := s.ask(ctx, &way, nil)
		if err != nil {
			none = errors.Join(none, err)
			continue
		}
		if one.err == nil {
			s.ways = append(s.ways, way)
		}
		if s.first == nil || s.first.err != nil && one.err == nil {
			s.first, s.Source = one, way
		}
	}
	if s.first == nil {
		return errors.Join(ErrNoRequest, none)
	}
	return nil
}

// ask has the verifier ask, and the wallet read what.
func (s *verifierSeen) ask(ctx context.Context, way *Source, more map[string]string) (*asked, error) {
	b, err := s.Browser()
	if err != nil {
		return nil, err
	}
	link, err := way.Link(ctx, b, more)
	if err != nil {
		return nil, err
	}
	one := &asked{browser: b}
	s.read(ctx, one, link)
	return one, nil
}

// read has the wallet read what is asked for. Why it does not answer stands in what was asked.
func (s *verifierSeen) read(ctx context.Context, one *asked, link string) {
	w := s.Way.Wallet
	one.parsed, one.err = openid4vp.ParseRequestURI(link, openid4vp.Rules{InsecureAllowHTTP: w.InsecureAllowHTTP, BeyondHAIP: true})
	if one.err != nil {
		return
	}
	s.Way.Watch.take()
	one.request, one.err = w.Request(ctx, link)
	one.seen = s.Way.Watch.take()
	if one.fetched = one.seen.at(stepRequest); one.fetched != nil {
		one.header, one.claims, _ = faults.ReadJWT(string(one.fetched.Got)) // nil for what is none, or encrypted
	}
	if one.err == nil && len(one.request.Shares) == 0 {
		one.err = fmt.Errorf("%w (%s): get it by wallet-sim offer accept", wallet.ErrNoMatch, missing(one.request))
	}
}

func missing(r *wallet.Request) string {
	var words []string
	for _, m := range r.Missing {
		words = append(words, m.CredentialQueryID+": "+m.Text)
	}
	return strings.Join(words, "; ")
}

// look makes the good flows.
func (s *verifierSeen) look(ctx context.Context) {
	if one, err := s.ask(ctx, &s.Source, nil); err == nil {
		s.second = one
	}
	if s.Source.Form != "" {
		one, err := s.ask(ctx, &s.Source, map[string]string{"request_uri_method": openid4vp.MethodPost})
		if err == nil && one.parsed != nil && one.parsed.Method == openid4vp.MethodPost {
			s.posted = one
		}
	}
	if s.first.request != nil && s.first.parsed.Method == openid4vp.MethodGet && s.first.fetched != nil {
		if again, err := s.Way.send(ctx, stepRequest, http.MethodGet, s.first.parsed.RequestURI, openid4vp.RequestMediaType, ""); err == nil {
			s.again = again
		}
	}
	if s.first.err != nil {
		s.acceptedErr, s.declinedErr = s.first.err, s.first.err
		return
	}
	s.accepted, s.acceptedErr = s.answer(ctx, s.first, nil)
	if s.second == nil || s.second.err != nil {
		s.declinedErr = errors.New("there was no second request")
		return
	}
	_, err := s.Way.Wallet.Decline(ctx, s.second.request)
	if s.declined = s.Way.Watch.take().at(stepAnswer); s.declined == nil {
		s.declinedErr = err
	}
}

// answer answers a request, broken as a fault has it; nil for a good answer.
func (s *verifierSeen) answer(ctx context.Context, one *asked, f *faults.Fault) (*transaction.Exchanged, error) {
	if err := s.Way.Wallet.Settle(one.request); err != nil {
		return nil, err
	}
	held, err := s.Way.Wallet.Store.List()
	if err != nil {
		return nil, err
	}
	a, err := newAnswer(one.request, held, s.Way.Wallet.Now())
	if err != nil {
		return nil, err
	}
	if f != nil {
		if err := a.breaks(f); err != nil {
			return nil, err
		}
	}
	form, err := a.body()
	if err != nil {
		return nil, err
	}
	s.Way.Watch.take()
	x, err := s.Way.send(ctx, stepAnswer, http.MethodPost, a.uri, "application/json", form.Encode())
	if err == nil && a.twice {
		if x.Status != http.StatusOK {
			return nil, fmt.Errorf("the good answer was refused with status %d", x.Status)
		}
		x, err = s.Way.send(ctx, stepAnswer, http.MethodPost, a.uri, "application/json", form.Encode())
	}
	return x, err
}

// broken judges whether a broken answer is refused, at the first way that it can be done at.
func (s *verifierSeen) broken(ctx context.Context, rule brokenRule) verdict {
	if s.accepted == nil || s.accepted.Status != http.StatusOK {
		return untested("no good answer was accepted, so that a refusal says nothing%s", because(s.acceptedErr))
	}
	err := errUnfit
	for i := range s.ways {
		var v verdict
		if v, err = s.brokenAt(ctx, &s.ways[i], rule); err == nil {
			return v
		}
		if !errors.Is(err, errUnfit) && !errors.Is(err, faults.ErrNothing) {
			break
		}
	}
	return untested("%v", err)
}

// brokenAt judges by the status of the answer, or by the page behind redirect_uri.
func (s *verifierSeen) brokenAt(ctx context.Context, way *Source, rule brokenRule) (verdict, error) {
	one, err := s.ask(ctx, way, nil)
	if err == nil {
		err = one.err
	}
	if err != nil {
		return verdict{}, fmt.Errorf("there was no request to answer: %w", err)
	}
	x, err := s.answer(ctx, one, &rule.fault)
	switch {
	case err != nil:
		return verdict{}, err
	case x.Status >= 400 && x.Status < 500:
		return rule.refused(x), nil
	case x.Status == http.StatusOK && way.Accepted != "":
		return s.shownAs(ctx, one, x), nil
	}
	return failed(x, "a refusal, with a status from 400 to 499", "status %d", x.Status), nil
}

// shownAs looks at the page that the answer leads to.
func (s *verifierSeen) shownAs(ctx context.Context, one *asked, x *transaction.Exchanged) verdict {
	answer, err := openid4vp.ParsePostAnswer(x.Got, openid4vp.Rules{InsecureAllowHTTP: s.Way.Wallet.InsecureAllowHTTP})
	if err != nil || answer.RedirectURI == "" {
		return untested("the answer leads to no page that would say whether it was accepted")
	}
	page, err := one.browser.Open(ctx, answer.RedirectURI, "")
	if err != nil {
		return untested("the page behind redirect_uri: %v", err)
	}
	return whether(!strings.Contains(page.Says(), s.Source.Accepted), x, "a page that does not say "+s.Source.Accepted, "one that does")
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// refused holds a refusal against what the fault expects: whatever it expects nothing of is right.
func (r *brokenRule) refused(x *transaction.Exchanged) verdict {
	var e oauth2.Error
	_ = json.Unmarshal(x.Got, &e) // no code where the answer is none
	expect := r.fault.Expect
	codes := expect.Error
	if slices.Contains(r.codes, e.Code) {
		codes = slices.Concat(codes, expect.Check)
	}
	if expect.Status != 0 && expect.Status != x.Status || len(codes) > 0 && !slices.Contains(codes, e.Code) {
		return failed(x, "refused with "+expect.String(), "%q with status %d", e.Code, x.Status)
	}
	return held(x)
}

// AsFault is the outcome of a requirement that a fault showed, as faults.Run tells it.
func (r *Result) AsFault(f *faults.Fault) faults.Result {
	out := faults.Result{Fault: f.Name, Breaks: f.Breaks, Held: r.Outcome == Held, NotDone: r.Outcome == NotTested}
	if n := len(r.Exchanges); n > 0 {
		out.Status = r.Exchanges[n-1].Response.Status
		if refusal := r.Exchanges[n-1].Refusal; refusal != nil {
			out.Code = refusal.Code
		}
	}
	switch r.Outcome {
	case NotTested:
		out.Says = "not done: " + r.Why
	case Failed:
		out.Says = fmt.Sprintf("expected %s, got: %s", r.Expected, r.Found)
	}
	return out
}
