package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/transaction"
	"lommebok.example/wallet-sim/faults"
)

// requirementOf is the rule that a fault breaks.
func requirementOf(f *faults.Fault) Requirement {
	return Requirement{
		ID: prefixOf(f.Breaks) + "-" + f.Name, Profile: profileOf(f.Breaks), Section: f.Breaks,
		Says: fmt.Sprintf("Refuses at the %s: %s (%s).", f.At, strings.ReplaceAll(f.Name, "_", " "), words(f.Expect)),
	}
}

// words say how a server is to answer.
func words(e faults.Expect) string {
	var all []string
	if codes := slices.Concat(e.Error, e.Check); len(codes) > 0 {
		all = append(all, "error "+strings.Join(codes, " or "))
	}
	if e.Status != 0 {
		all = append(all, fmt.Sprintf("status %d", e.Status))
	}
	return strings.Join(all, ", ")
}

// prefixes are how a specification is called in an identifier.
var prefixes = []struct{ words, short string }{
	{"OpenID4VCI 1.0", "VCI"}, {"HAIP 1.0", "HAIP"}, {"FAPI 2.0", "FAPI2"}, {"attestation-based client authentication", "ABCA"},
	{"OAuth 2.0 Multiple Response Types", "OAUTH-MULTIPLE"},
}

// prefixOf shortens the first section that a fault breaks: «RFC 9449 section 4.3; …» becomes RFC9449-4.3.
func prefixOf(breaks string) string {
	first, _, _ := strings.Cut(breaks, ";")
	for _, p := range prefixes {
		first = strings.Replace(first, p.words, p.short, 1)
	}
	first = strings.NewReplacer(" section ", "-", " appendix ", "-", "RFC ", "RFC").Replace(first)
	return strings.ReplaceAll(strings.TrimSpace(first), " ", "-")
}

// ofHAIP are the specifications that HAIP demands beyond those of OpenID4VCI.
var ofHAIP = []string{"HAIP", "FAPI", "attestation-based", "RFC 9449", "RFC 7636", "RFC 9126", "RFC 8707"}

func profileOf(breaks string) string {
	if slices.ContainsFunc(ofHAIP, func(p string) bool { return strings.HasPrefix(breaks, p) }) {
		return HAIP
	}
	return OpenID4VCI
}

// doFaults does every fault that was chosen. What cannot be done is told with the reason.
func (s *issuerSeen) doFaults(ctx context.Context, tell func(Result)) error {
	all, err := faults.Library()
	if err != nil {
		return err
	}
	var fit []faults.Fault
	requirements := map[string]Requirement{}
	for _, f := range faults.Answers(all, false) {
		r := requirementOf(&f)
		if !s.Chosen.has(r) {
			continue
		}
		if why := s.unfit(&f); why != "" {
			tell(s.result(r, untested("%s", why)))
			continue
		}
		requirements[f.Name], fit = r, append(fit, f)
	}
	if !s.ByHand {
		return s.doFaultsBy(ctx, s.issueOnce, fit, requirements, tell)
	}
	var pushed, later []faults.Fault
	for _, f := range fit {
		if f.At == stepPAR {
			pushed = append(pushed, f)
		} else {
			later = append(later, f)
		}
	}
	return errors.Join(s.doFaultsBy(ctx, s.push, pushed, requirements, tell), s.doFaultsBy(ctx, s.renew, later, requirements, tell))
}

// issueOnce is a whole issuance, of which nothing is kept.
func (s *issuerSeen) issueOnce(ctx context.Context) error {
	s.Way.Watch.take()
	got, _, err := s.byCode(ctx, s.faultable().id)
	for _, one := range got {
		if _, gone := s.Way.Wallet.Store.Delete(one.ID); gone != nil {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// push is an issuance up to the sign-in, which nobody makes.
func (s *issuerSeen) push(ctx context.Context) error {
	s.Way.Watch.take()
	plan, err := s.Way.Wallet.Resolve(ctx, s.Address, s.faultable().id)
	if err == nil {
		_, err = s.Way.Wallet.Begin(ctx, plan)
	}
	return err
}

// renew is an issuance after the sign-in, by the refresh token.
func (s *issuerSeen) renew(ctx context.Context) error {
	s.Way.Watch.take()
	_, err := s.Way.Wallet.Renew(ctx, s.faultable().got[0].ID)
	return err
}

// doFaultsBy does faults to an issuance. Where that does not go well without one, they say nothing.
func (s *issuerSeen) doFaultsBy(ctx context.Context, issue func(context.Context) error, fit []faults.Fault, requirements map[string]Requirement, tell func(Result)) error {
	if len(fit) == 0 {
		return nil
	}
	told := 0
	err := faults.Run(ctx, s.Way.Faults, s.Way.Wallet, fit, issue, func(r faults.Result) {
		told++
		tell(s.result(requirements[r.Fault], s.faulted(&fit[slices.IndexFunc(fit, func(f faults.Fault) bool { return f.Name == r.Fault })], r)))
	})
	if errors.Is(err, faults.ErrControl) {
		for _, f := range fit[told:] {
			tell(s.result(requirements[f.Name], untested("%v", err)))
		}
		return nil
	}
	return err
}

// faulted judges how a fault was taken, by the exchanges of the step that it was done at.
func (s *issuerSeen) faulted(f *faults.Fault, r faults.Result) verdict {
	if r.NotDone {
		return untested("%s", r.Says)
	}
	v := verdict{outcome: Held}
	for _, x := range s.Way.Watch.take() {
		if x.Step.Name == f.At {
			v.by = append(v.by, x)
		}
	}
	if r.Held {
		return v
	}
	v.outcome = Failed
	v.expected = "refused with " + words(f.Expect)
	switch {
	case r.Status == 0:
		v.found = r.Says
	case r.Code == "":
		v.found = fmt.Sprintf("status %d without an error code", r.Status)
	default:
		v.found = fmt.Sprintf("%s with status %d", r.Code, r.Status)
	}
	return v
}

// faultable is the issuance that faults are done to: of a credential that takes key proofs without key attestations, for those
// cannot be forged.
func (s *issuerSeen) faultable() *issuance {
	for _, n := range s.issuances {
		if n.err == nil && canBeForged(n.config) && n.seen.at(stepLater) == nil {
			return n
		}
	}
	return nil
}

func canBeForged(config openid4vci.Configuration) bool {
	proof, ok := config.ProofTypesSupported[openid4vci.ProofTypeJWT]
	return ok && proof.KeyAttestationsRequired == nil
}

// unfit tells why a fault cannot be done here, "" when it can.
func (s *issuerSeen) unfit(f *faults.Fault) string {
	good := s.faultable()
	switch {
	case good == nil:
		return "no good issuance of a credential with key proofs and without key attestations" + s.whyNone()
	case s.ByHand && f.SignIn:
		return "it takes a sign-in of its own, and a person signs in by hand here: give what to fill in, by --config"
	case f.At != stepPAR && !s.again(good):
		return "the issuer gave no refresh token, so that it takes a sign-in of its own, and a person signs in by hand here: give what to fill in, by --config"
	case f.Encrypted && s.metadata.CredentialRequestEncryption == nil:
		return "the issuer takes no encrypted credential requests"
	case strings.HasPrefix(f.Name, "dpop_nonce_") && !good.sees("Dpop-Nonce"):
		return "the server gave no DPoP nonce"
	case strings.HasPrefix(f.Name, "possession_challenge_") && s.as.ChallengeEndpoint == "" && !good.sees("Oauth-Client-Attestation-Challenge"):
		return "the server gives no challenge"
	case strings.HasPrefix(f.Name, "par_authorization_details_") && len(s.as.AuthorizationDetailsTypesSupported) == 0:
		return "the server takes no authorization_details"
	}
	return ""
}

// sees tells whether an answer of the flow had a header.
func (n *issuance) sees(header string) bool {
	return slices.ContainsFunc(n.seen, func(x *transaction.Exchanged) bool { return x.Headers.Get(header) != "" })
}
