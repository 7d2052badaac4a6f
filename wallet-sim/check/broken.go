package check

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/faults"
)

// errUnfit: an answer cannot be broken so, for the request asks for nothing that it could be done to.
var (
	errUnfit   = errors.New("the request asks for nothing that this can be done to")
	errNoSDJWT = fmt.Errorf("%w: for no SD-JWT VC that the wallet holds", errUnfit)
	errNoMdoc  = fmt.Errorf("%w: for no mdoc that the wallet holds", errUnfit)
)

// brokenRule is a requirement of a verifier that a fault shows: the answer is to be refused.
type brokenRule struct {
	Requirement
	fault faults.Fault
	codes []string // of all checks that a verifier may tell of
}

// brokenRules are those of the faults that are done to answers; codes are those of checks, besides their own.
func brokenRules(all []faults.Fault, codes []string) []brokenRule {
	var rules []brokenRule
	codes = slices.Concat(codes, faults.Checks(all))
	for _, f := range faults.Answers(all, true) {
		what, profile := f.Says, OpenID4VP
		if what == "" {
			what = "with " + strings.ReplaceAll(f.Name, "_", " ")
		}
		if strings.Contains(f.Breaks, HAIP) {
			profile = HAIP
		}
		rules = append(rules, brokenRule{Requirement{f.Name, profile, f.Breaks, "Refuses an answer " + what + "."}, f, codes})
	}
	return rules
}

// breaks has a fault done to an answer that is to be made. Errors: errUnfit, faults.ErrNothing.
func (a *answer) breaks(f *faults.Fault) error {
	a.twice = f.Message == "repeat"
	for _, c := range f.Do { // a copy: a change fills in what this request says
		if err := a.change(&c); err != nil {
			return err
		}
	}
	return nil
}

func (a *answer) change(c *faults.Change) error {
	where, name, _ := strings.Cut(c.In, " ")
	switch where {
	case "json":
		if name == "state" && a.asked.State == "" {
			return errUnfit // a verifier that sent none has none to hold it against
		}
		a.payload = append(a.payload, func(p map[string]any) error { return c.InObject(p, strings.Replace(name, "*", a.parts[0].query, 1)) })
		return nil
	case "form":
		a.form = append(a.form, func(f url.Values) error { return inForm(f, name, c) })
		return nil
	case "jwe":
		return a.changeJWE(c, name)
	case "claims":
		return a.withhold()
	case "credential":
		return a.exchange()
	case "time":
		if a.of(openid4vci.FormatSDJWTVC) == nil {
			return errNoSDJWT
		}
		a.at = a.at.Add(c.Shift)
		return nil
	case "mdoc", "transcript", "device-auth", "issuer-auth":
		return a.changeMdoc(c, where, name)
	}
	return a.changeSDJWT(c, where, name)
}

func inForm(f url.Values, name string, c *faults.Change) error {
	names := []string{name}
	if name == "*" {
		names = slices.Sorted(maps.Keys(f))
	}
	for _, name := range names {
		switch {
		case c.Set != nil:
			f[name] = []string{fmt.Sprint(c.Set)}
		case len(f[name]) == 0:
			return fmt.Errorf("%w: the form has no %s", faults.ErrNothing, name)
		case c.Drop:
			delete(f, name)
		case c.Repeat:
			f[name] = append(f[name], f[name][0])
		default:
			v, err := c.InValue(f[name][0])
			if err != nil {
				return err
			}
			f[name] = []string{fmt.Sprint(v)}
		}
	}
	return nil
}

func (a *answer) changeJWE(c *faults.Change, what string) error {
	switch {
	case a.plain:
		return errUnfit
	case what == "kid" && c.Drop:
		a.encrypt.JWK.Kid = ""
	case what == "kid":
		a.encrypt.JWK.Kid = fmt.Sprint(c.Set)
	case what == "key":
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		other := jose.PublicJWK(&key.PublicKey)
		other.Kid, other.Alg, other.Use = a.encrypt.JWK.Kid, a.encrypt.JWK.Alg, a.encrypt.JWK.Use
		a.encrypt.JWK = other
	case what != "":
		a.jwe = append(a.jwe, func(jwe string) (string, error) { return c.InJWE(jwe, what) })
	case c.Drop:
		a.plain = true
	default:
		a.jwe = append(a.jwe, func(jwe string) (string, error) { return changed(c, jwe) })
	}
	return nil
}

func changed(c *faults.Change, text string) (string, error) {
	v, err := c.InValue(text)
	return fmt.Sprint(v), err
}

// withhold leaves out the last claim of the first presentation that shows more than one, or else all of it.
func (a *answer) withhold() error {
	for _, p := range a.parts {
		if len(p.paths) > 1 {
			p.paths = p.paths[:len(p.paths)-1]
			return nil
		}
	}
	if len(a.parts[0].paths) == 0 {
		return errUnfit
	}
	a.parts[0].paths = [][]any{}
	return nil
}

// exchange shows a credential of another type in place of the first that the wallet holds one for.
func (a *answer) exchange() error {
	for _, p := range a.parts {
		for _, c := range a.held {
			if c.Format == p.format && c.Type != p.kind && len(c.Copies) > 0 {
				p.credential, p.key, p.paths, p.more = c.Copies[0].Credential, c.Copies[0].Key.PrivateKey, [][]any{}, nil
				return nil
			}
		}
	}
	return errUnfit
}

// changeSDJWT changes an SD-JWT VC as it is presented. What stands before the key binding is bound again by the holder's key, so that
// nothing but the change is wrong.
func (a *answer) changeSDJWT(c *faults.Change, where, name string) error {
	p := a.of(openid4vci.FormatSDJWTVC)
	if p == nil {
		return errNoSDJWT
	}
	if v, ok := c.Set.(string); ok { // values that only the request knows
		_, original := openid4vp.Prefix(a.asked.ClientID)
		c.Set = strings.NewReplacer("${client_id}", a.asked.ClientID, "${client_id without prefix}", original, "${nonce}", a.asked.Nonce).Replace(v)
	}
	rebound := func(change func(parts []string) ([]string, error)) {
		p.presented = append(p.presented, func(text string) (string, error) {
			parts := strings.Split(text, "~")
			last := len(parts) - 1
			shown, err := change(parts[:last])
			if err != nil {
				return "", err
			}
			return bind(strings.Join(shown, "~")+"~", parts[last], p.key)
		})
	}
	switch where {
	case "kb-jwt":
		p.presented = append(p.presented, func(text string) (string, error) {
			return lastPart(text, func(kb string) (string, error) {
				if c.JWT == "" {
					return "", nil
				}
				return c.InToken(kb, p.key)
			})
		})
	case "issuer-jwt":
		rebound(func(parts []string) ([]string, error) {
			jwt, err := c.InToken(parts[0], nil)
			if err == nil && c.ByStranger() {
				jwt, err = issuedByStranger(jwt, a.at)
			}
			return append([]string{jwt}, parts[1:]...), err
		})
	case "disclosure":
		rebound(func(parts []string) ([]string, error) { return inDisclosures(parts, name, c) })
	}
	return nil
}

// inDisclosures changes one of the disclosures, which follow the JWT; new is one more.
func inDisclosures(parts []string, name string, c *faults.Change) ([]string, error) {
	parts = slices.Clone(parts)
	made := ""
	if c.Set != nil {
		raw, err := json.Marshal(c.Set)
		if err != nil {
			return nil, err
		}
		made = jose.EncodeBase64URL(raw)
	}
	if name == "new" {
		return append(parts, made), nil
	}
	n, err := strconv.Atoi(name)
	if n++; err != nil || n >= len(parts) {
		return nil, fmt.Errorf("%w: there is no disclosure %s", faults.ErrNothing, name)
	}
	switch {
	case made != "":
		parts[n] = made
	case c.Drop:
		parts = slices.Delete(parts, n, n+1)
	case c.Repeat:
		parts = append(parts, parts[n])
	default:
		parts[n], err = changed(c, parts[n])
	}
	return parts, err
}

// bind makes a key binding that fits what is shown out of another.
func bind(shown, proof string, key *ecdsa.PrivateKey) (string, error) {
	sum := sha256.Sum256([]byte(shown))
	bound, err := faults.Resign(proof, key, func(_, claims map[string]any) { claims["sd_hash"] = jose.EncodeBase64URL(sum[:]) })
	return shown + bound, err
}

// stranger is an issuer whom nobody trusts.
func stranger(p x5c.Profile, at time.Time) (*ecdsa.PrivateKey, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	subject := x5c.Subject{Country: "NO", Organization: "Nobody", CommonName: "Root that nobody trusts", URI: "https://nobody.example"}
	begun, life := at.Add(-time.Hour), 365*24*time.Hour
	root, err := x5c.NewRoot(key, subject, begun, life)
	if err != nil {
		return nil, nil, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	subject.CommonName = "Issuer that nobody trusts"
	leaf, err := x5c.Issue(p, root, key, &leafKey.PublicKey, subject, begun, life)
	return leafKey, leaf, err
}

// issuedByStranger signs what an issuer signed once more, by an issuer whom nobody trusts.
func issuedByStranger(jwt string, at time.Time) (string, error) {
	key, leaf, err := stranger(x5c.CredentialIssuer, at)
	if err != nil {
		return "", err
	}
	return faults.Resign(jwt, key, func(header, _ map[string]any) {
		header["alg"], header["x5c"] = "ES256", []string{base64.StdEncoding.EncodeToString(leaf.Raw)}
	})
}
