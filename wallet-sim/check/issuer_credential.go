package check

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"slices"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/transaction"
	"lommebok.example/wallet-sim/inspect"
)

// issued is a credential of an issuance, and what a look at it says.
type issued struct {
	of   *issuance
	text string
	by   *transaction.Exchanged
	said *inspect.Verdict
	err  error // it is no credential at all
}

// texts are the credentials of an issuance: as they came where the answer was in plain, else as the wallet keeps them.
func (n *issuance) texts() (texts []string, by *transaction.Exchanged) {
	for _, step := range []string{stepLater, stepAsk} {
		x := n.seen.at(step)
		if x == nil || x.Status != 200 {
			continue
		}
		var a openid4vci.CredentialResponse
		if json.Unmarshal(x.Got, &a) == nil && len(a.Credentials) > 0 {
			for _, one := range a.Credentials {
				texts = append(texts, one.Credential)
			}
			return texts, x
		}
		by = x
	}
	for _, one := range n.got {
		for _, c := range one.Copies {
			texts = append(texts, c.Credential)
		}
	}
	return texts, by
}

// inspectAll looks at what was issued. A status list is fetched once for all that stand on it.
func (s *issuerSeen) inspectAll(ctx context.Context) {
	anchors, err := s.Way.Wallet.Trust.Issuers()
	get := remembered(func(ctx context.Context, uri, media string) ([]byte, error) {
		a, err := s.Way.Wallet.Fetch.Get(ctx, uri, media)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", uri, err)
		}
		return a.Body, nil
	})
	for _, n := range s.flows() {
		texts, by := n.texts()
		for _, text := range texts {
			c := &issued{of: n, text: text, by: by, err: err}
			if err == nil {
				c.said, c.err = inspect.Verify(ctx, []byte(text), inspect.Expect{Issuers: anchors, At: s.Way.Wallet.Now(), Fetch: get})
			}
			s.credentials = append(s.credentials, c)
		}
	}
	s.Way.Watch.take()
}

// remembered fetches each address once.
func remembered(get func(context.Context, string, string) ([]byte, error)) func(context.Context, string, string) ([]byte, error) {
	type answer struct {
		body []byte
		err  error
	}
	had := map[string]answer{}
	return func(ctx context.Context, uri, media string) ([]byte, error) {
		a, ok := had[uri+" "+media]
		if !ok {
			a.body, a.err = get(ctx, uri, media)
			had[uri+" "+media] = a
		}
		return a.body, a.err
	}
}

// eachCredential judges every credential.
func eachCredential(judge func(s *issuerSeen, c *issued) verdict) func(*issuerSeen) verdict {
	return func(s *issuerSeen) verdict {
		var all []verdict
		for _, c := range s.credentials {
			v := judge(s, c)
			if v.outcome == Failed {
				v.found += " (" + c.of.id + ")"
			}
			all = append(all, v)
		}
		if len(all) == 0 {
			return untested("there is no credential%s", s.whyNone())
		}
		return worst(all)
	}
}

// whyNone tells why no issuance gave a credential.
func (s *issuerSeen) whyNone() string {
	if s.asErr == nil && s.as != nil && s.as.AuthorizationEndpoint == "" {
		return ": the authorization server has no authorization_endpoint, so that nobody signs in"
	}
	for _, n := range s.issuances {
		if n.err != nil {
			return ": " + n.err.Error()
		}
	}
	return ""
}

// inspected judges by a check of package inspect; a failure before it leaves it out.
func inspected(name, expected string) func(*issuerSeen) verdict {
	return eachCredential(func(_ *issuerSeen, c *issued) verdict {
		if c.err != nil {
			if name == inspect.CheckForm {
				return failed(c.by, expected, "%v", c.err)
			}
			return untested("it could not be read: %v", c.err)
		}
		i := slices.IndexFunc(c.said.Checks, func(one inspect.Check) bool { return one.Name == name })
		if i < 0 {
			return untested("form or signature do not hold")
		}
		switch one := c.said.Checks[i]; one.Outcome {
		case inspect.Held:
			return held(c.by)
		case inspect.Failed:
			return failed(c.by, expected, "%s", one.Says)
		default:
			return untested("%s", one.Says)
		}
	})
}

func credentialRules() []issuerRule {
	plain := func(judge func(n *issuance, x *transaction.Exchanged) verdict) func(*issuerSeen) verdict {
		return each(stepAsk, well(func(n *issuance, x *transaction.Exchanged) verdict {
			if media(x) == "application/jwt" {
				return untested("the issuer encrypts every response")
			}
			return judge(n, x)
		}))
	}
	of := func(id, section, says, name, expected string) issuerRule {
		return issuerRule{Requirement{"credential-" + id, OpenID4VCI, section, says}, inspected(name, expected)}
	}
	return []issuerRule{
		vci("8.3-status", "8.3", "A credential request that is granted is answered with status 200, or 202 when the credential comes later.", each(stepAsk, well(func(_ *issuance, x *transaction.Exchanged) verdict {
			return whether(x.Status == 200 || x.Status == 202, x, "status 200 or 202", "status %d", x.Status)
		}))),
		vci("8.3-content-type", "8.3", "A credential response in plain is of type application/json.", plain(func(_ *issuance, x *transaction.Exchanged) verdict {
			return hasMedia(x, "application/json")
		})),
		vci("8.3-credentials", "8.3", "A credential response has credentials, no more than there were keys, or a transaction_id with an interval.", plain(func(_ *issuance, x *transaction.Exchanged) verdict {
			_, err := openid4vci.ParseCredentialResponse(x.Status, x.Got, keysIn(x))
			return whether(err == nil, x, "a Credential Response", "%v", err)
		})),
		of("form", "OpenID4VCI 1.0 appendices A.2.4 and A.3.4", "Each credential is an SD-JWT VC or an IssuerSigned in base64url.", inspect.CheckForm, "an SD-JWT VC or an IssuerSigned"),
		of("signature", "RFC 9901 section 7.1; ISO/IEC 18013-5 section 9.3.1", "The signature of each credential holds.", inspect.CheckSignature, "a signature that holds under the certificate beside it"),
		of("digests", "RFC 9901 section 7.1; ISO/IEC 18013-5 section 9.3.1", "What is disclosed has a digest that was signed.", inspect.CheckDigests, "digests of all that is disclosed"),
		of("validity", "RFC 9901 section 9.7; ISO/IEC 18013-5 section 9.3.1", "Each credential is valid now.", inspect.CheckValidity, "valid now"),
		of("status", "Token Status List section 8.3; ISO/IEC 18013-5, second edition, 12.3.6", "The lists that a credential names can be had, and say that it is valid.", inspect.CheckStatus, "a list that says valid"),
		haip("6.1.1-x5c", "6.1.1", "Each credential carries the certificates of its issuer, which lead to somebody who is trusted.", inspected(inspect.CheckTrust, "a chain to a trust anchor")),
		vci("A-type", "12.2.4, appendices A.2.2 and A.3.2", "Each credential is of the type that its configuration names.", eachCredential(func(_ *issuerSeen, c *issued) verdict {
			if c.err != nil || c.said.Type == "" {
				return untested("form or signature do not hold")
			}
			want := c.of.config.VCT + c.of.config.DocType
			return whether(c.said.Type == want, c.by, want, "%q", c.said.Type)
		})),
		haip("6.1-index", "6.1", "No two credentials stand at the same place of a status list.", placedOnce),
		vci("8.2-binding", "8.2", "Each credential is bound to a key that was proven, and no two to the same.", boundOnce),
	}
}

// keysIn counts the keys that a credential request proved. An attestation may hold any number of keys.
func keysIn(x *transaction.Exchanged) int {
	request, err := openid4vci.ParseCredentialRequest(x.Sent)
	if err != nil || request.Proofs == nil {
		return 1
	}
	for _, jwt := range request.Proofs.JWTs {
		if n := attestedKeys(request.Proofs.Type, jwt); n > 0 {
			return n
		}
	}
	return len(request.Proofs.JWTs)
}

func boundOnce(s *issuerSeen) verdict {
	seen := map[string]bool{}
	return eachCredential(func(s *issuerSeen, c *issued) verdict {
		if len(c.of.config.ProofTypesSupported) == 0 {
			return untested("%s is bound to no key", c.of.id)
		}
		key, err := holderOf(c.of.config.Format, c.text)
		switch {
		case err != nil:
			return untested("no key could be read: %v", err)
		case !s.mine[jose.Thumbprint(key)]:
			return failed(c.by, "a key that was proven", "another")
		case seen[jose.Thumbprint(key)]:
			return failed(c.by, "a key of its own", "that of another copy")
		}
		seen[jose.Thumbprint(key)] = true
		return held(c.by)
	})(s)
}

func placedOnce(s *issuerSeen) verdict {
	seen := map[string]bool{}
	return eachCredential(func(_ *issuerSeen, c *issued) verdict {
		place, err := placeOf(c.of.config.Format, c.text)
		switch {
		case err != nil:
			return untested("it could not be read: %v", err)
		case place == "":
			return untested("%s stands on no status list", c.of.id)
		case seen[place]:
			return failed(c.by, "an index of its own", "%s, that of another copy", place)
		}
		seen[place] = true
		return held(c.by)
	})(s)
}

// placeOf is the place of a credential on a status list, "" for none.
func placeOf(format, text string) (string, error) {
	vc, doc, err := opened(format, text)
	switch {
	case err != nil:
		return "", err
	case vc != nil && vc.Status() != nil:
		return fmt.Sprintf("%s, index %d", vc.Status().URI, vc.Status().Index), nil
	case doc != nil && doc.Status() != nil:
		return fmt.Sprintf("%s, index %d", doc.Status().URI, doc.Status().Index), nil
	}
	return "", nil
}

// holderOf reads the key that a credential is bound to.
func holderOf(format, text string) (*ecdsa.PublicKey, error) {
	vc, doc, err := opened(format, text)
	switch {
	case err != nil:
		return nil, err
	case vc != nil:
		return vc.HolderKey()
	}
	return doc.DeviceKey()
}

// opened reads a credential whose signature holds: the one or the other, by its format.
func opened(format, text string) (*sdjwtvc.Credential, *mdoc.IssuerSigned, error) {
	if format != openid4vci.FormatMdoc {
		c, err := sdjwtvc.ParseIssued(text)
		if err == nil {
			err = c.VerifySignature()
		}
		return c, nil, err
	}
	raw, err := jose.DecodeBase64URL(text)
	if err != nil {
		return nil, nil, err
	}
	m, err := mdoc.ParseIssuerSigned(raw)
	if err == nil {
		err = m.VerifySignature()
	}
	return nil, m, err
}
