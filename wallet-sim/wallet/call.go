package wallet

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/dpop"
	"lommebok.example/specs/oauth2"
	"lommebok.example/transaction"
)

// call is one request to a server.
type call struct {
	step        string // for people
	method, url string
	contentType string
	accept      string
	body        []byte
	token       string   // access token, for the scheme DPoP
	attest      bool     // with the wallet attestation of the flow
	sent        []string // what the body says, for people, without secrets
}

// at is the step alone, as StepOf names it.
func (c call) at() string {
	name, _, _ := strings.Cut(c.step, " (")
	return name
}

type stepKey struct{}

// AtStep marks what is asked for with the context as a step of the protocol.
func AtStep(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, stepKey{}, name)
}

// StepOf names the step of the protocol that a request of the wallet is, such as «token request»; "" for another's.
func StepOf(ctx context.Context) string {
	name, _ := ctx.Value(stepKey{}).(string)
	return name
}

// secretParameters are named in messages, never shown.
var secretParameters = []string{"code", "code_verifier", "response", "vp_token", "state", "pre-authorized_code", "tx_code", "refresh_token"}

func formCall(step, address string, form url.Values) call {
	c := call{
		step: step, method: http.MethodPost, url: address, contentType: "application/x-www-form-urlencoded",
		accept: "application/json", body: []byte(form.Encode()),
	}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		value := form.Get(name)
		if slices.Contains(secretParameters, name) {
			value = "(not shown)"
		}
		c.sent = append(c.sent, name+"="+value)
	}
	return c
}

// do sends the call with further headers.
func (w *Wallet) do(ctx context.Context, c call, headers http.Header) (*fetch.Answer, error) {
	_, section, _ := strings.Cut(strings.TrimSuffix(c.step, ")"), " (")
	name := c.at()
	req, err := http.NewRequestWithContext(AtStep(ctx, name), c.method, c.url, bytes.NewReader(c.body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.step, fetch.ErrAddress)
	}
	req.Header.Set("Accept", c.accept)
	if c.contentType != "" {
		req.Header.Set("Content-Type", c.contentType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", oauth2.TokenTypeDPoP+" "+c.token)
	}
	maps.Copy(req.Header, headers)
	begun := w.Now()
	answer, err := w.Fetch.Do(req)
	x := transaction.Exchanged{
		Step: transaction.Step{Name: name, Section: section}, Begun: begun, Took: w.Now().Sub(begun), Request: req, Sent: c.body,
	}
	if err != nil {
		x.Failed = failure(err)
		return nil, errors.Join(fmt.Errorf("%s: %s %s: %w", c.step, c.method, withoutQuery(c.url), err), w.record(&x))
	}
	x.Status, x.Headers, x.Got = answer.Status, answer.Header, answer.Body
	return answer, w.record(&x)
}

func (w *Wallet) record(x *transaction.Exchanged) error {
	if w.Record == nil {
		return nil
	}
	return w.Record(x.Entry())
}

// failure says why no answer came, for the log: only what is known to hold no address with its query and nothing that a server wrote.
func failure(err error) string {
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	var slow net.Error
	switch {
	case errors.As(err, &network):
		return network.Error()
	case errors.As(err, &certificate):
		return certificate.Error()
	case errors.As(err, &slow) && slow.Timeout():
		return "timed out"
	}
	for _, one := range []error{fetch.ErrAddress, fetch.ErrRedirect, fetch.ErrTooLarge, http.ErrSchemeMismatch, context.Canceled} {
		if errors.Is(err, one) {
			return one.Error()
		}
	}
	return "nothing whole came back"
}

// getJSON fetches a document that must be JSON.
func (w *Wallet) getJSON(ctx context.Context, step, address string) ([]byte, error) {
	c := call{step: step, method: http.MethodGet, url: address, accept: "application/json"}
	a, err := w.do(ctx, c, nil)
	if err != nil {
		return nil, err
	}
	return jsonOf(c, a, http.StatusOK)
}

// jsonOf gives the body of an answer with one of the statuses and of type JSON.
func jsonOf(c call, a *fetch.Answer, statuses ...int) ([]byte, error) {
	if !slices.Contains(statuses, a.Status) {
		return nil, refusalOf(c, a)
	}
	if media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, fmt.Errorf("%s: %s %s: %w: %q where application/json was expected",
			c.step, c.method, withoutQuery(c.url), fetch.ErrContentType, a.Header.Get("Content-Type"))
	}
	return a.Body, nil
}

// prover makes calls with DPoP proofs, and remembers the nonce that each server gave last (RFC 9449 sections 8 and 9).
type prover struct {
	w      *Wallet
	dpop   *dpop.Prover
	nonces map[string]string // origin → nonce
	flow   *Flow
}

// onceMore is what a server may ask for, by the header that it gives for it; "" for a header that it need not give.
var onceMore = map[string]string{
	oauth2.UseDPoPNonce: "DPoP-Nonce", oauth2.UseAttestationChallenge: attestation.HeaderChallenge, oauth2.UseFreshAttestation: "",
}

// do sends the call, and once more for each thing that the server asks for: its nonce (RFC 9449 section 8), its challenge, a
// newer wallet attestation (ABCA section 7.4).
func (p *prover) do(ctx context.Context, c call) (*fetch.Answer, error) {
	asked := map[string]bool{}
	for {
		a, err := p.once(ctx, c)
		if err != nil || a.Status < http.StatusBadRequest {
			return a, err
		}
		code := refusalOf(c, a).Code
		header, known := onceMore[code]
		switch {
		case !known || asked[code] || code != oauth2.UseDPoPNonce && !c.attest:
			return a, nil
		case header != "" && a.Header.Get(header) == "":
			return nil, errors.Join(refusalOf(c, a), fmt.Errorf("wallet: %s without a header %s", code, header))
		case code == oauth2.UseFreshAttestation:
			if err := p.w.renew(p.flow); err != nil {
				return nil, err
			}
		}
		asked[code] = true
	}
}

func (p *prover) once(ctx context.Context, c call) (*fetch.Answer, error) {
	at, headers := origin(c.url), http.Header{}
	if c.attest {
		var err error
		if headers, err = p.attestation(); err != nil {
			return nil, fmt.Errorf("%s: %w", c.step, err)
		}
	}
	proof, err := p.dpop.Proof(c.method, c.url, p.nonces[at], c.token, p.w.Now())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.step, err)
	}
	headers.Set(dpop.HeaderName, proof)
	a, err := p.w.do(ctx, c, headers)
	if err == nil {
		p.remember(at, a)
	}
	return a, err
}

func (p *prover) remember(origin string, a *fetch.Answer) {
	if nonce := a.Header.Get("DPoP-Nonce"); nonce != "" {
		p.nonces[origin] = nonce
	}
	if challenge := a.Header.Get(attestation.HeaderChallenge); challenge != "" && p.flow.Attested != nil {
		p.flow.Attested.Challenge = challenge
	}
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}
