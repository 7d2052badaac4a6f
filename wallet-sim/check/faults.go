package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
		Says: fmt.Sprintf("Refuses at the %s: %s (%s).", f.At, strings.ReplaceAll(f.Name, "_", " "), f.Expect),
	}
}

// prefixes are how a specification is called in an identifier.
var prefixes = []struct{ words, short string }{
	{"OpenID4VCI 1.0", "VCI"}, {"HAIP 1.0", "HAIP"}, {"FAPI 2.0", "FAPI2"}, {"attestation-based client authentication", "ABCA"},
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

// doFaults does every fault that was chosen, each to a credential that it can be done to. What cannot be done is told with the reason.
func (s *issuerSeen) doFaults(ctx context.Context, tell func(Result)) error {
	all, err := faults.Library()
	if err != nil {
		return err
	}
	fit := map[*issuance][]faults.Fault{}
	for _, f := range faults.Answers(all, false) {
		r := requirementOf(&f)
		if !s.Chosen.has(r) {
			continue
		}
		if why := s.unfit(&f); why != "" {
			tell(s.result(r, untested("%s", why)))
			continue
		}
		to := s.faultable(&f)
		fit[to] = append(fit[to], f)
	}
	for _, to := range s.issuances {
		err = errors.Join(err, s.doFaultsTo(ctx, to, fit[to], tell))
	}
	return err
}

// doFaultsTo does faults to one issuance. Where a person signs in by hand, it is done again only as far as goes without.
func (s *issuerSeen) doFaultsTo(ctx context.Context, to *issuance, fit []faults.Fault, tell func(Result)) error {
	if !s.ByHand {
		return s.doFaultsBy(ctx, func(ctx context.Context) error { return s.issueOnce(ctx, to) }, fit, tell)
	}
	var pushed, later []faults.Fault
	for _, f := range fit {
		if f.At == stepPAR {
			pushed = append(pushed, f)
		} else {
			later = append(later, f)
		}
	}
	return errors.Join(
		s.doFaultsBy(ctx, func(ctx context.Context) error { return s.push(ctx, to) }, pushed, tell),
		s.doFaultsBy(ctx, func(ctx context.Context) error { return s.renew(ctx, to) }, later, tell))
}

// issueOnce is a whole issuance, of which nothing is kept.
func (s *issuerSeen) issueOnce(ctx context.Context, to *issuance) error {
	s.Way.Watch.take()
	waiting, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	got, _, err := s.byCode(ctx, to.id)
	got, err = s.Way.Wallet.AwaitAll(waiting, got, err)
	for _, one := range got {
		if _, gone := s.Way.Wallet.Store.Delete(one.ID); gone != nil {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// push is an issuance up to the sign-in, which nobody makes.
func (s *issuerSeen) push(ctx context.Context, to *issuance) error {
	s.Way.Watch.take()
	plan, err := s.Way.Wallet.Resolve(ctx, s.Address, to.id)
	if err == nil {
		_, err = s.Way.Wallet.Begin(ctx, plan)
	}
	return err
}

// renew is an issuance after the sign-in, by the refresh token.
func (s *issuerSeen) renew(ctx context.Context, to *issuance) error {
	s.Way.Watch.take()
	_, err := s.Way.Wallet.Renew(ctx, to.got[0].ID)
	return err
}

// doFaultsBy does faults to an issuance. Where that does not go well without one, they say nothing.
func (s *issuerSeen) doFaultsBy(ctx context.Context, issue func(context.Context) error, fit []faults.Fault, tell func(Result)) error {
	if len(fit) == 0 {
		return nil
	}
	told := 0
	err := faults.Run(ctx, s.Way.Faults, s.Way.Wallet, fit, issue, func(r faults.Result) {
		f := &fit[told] // they are done in their order
		told++
		tell(s.result(requirementOf(f), s.faulted(f, r)))
	})
	if errors.Is(err, faults.ErrControl) {
		for _, f := range fit[told:] {
			tell(s.result(requirementOf(&f), untested("%v", err)))
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
		if x.Status >= http.StatusBadRequest {
			s.refused = append(s.refused, x)
		}
	}
	if r.Held {
		return v
	}
	v.outcome = Failed
	v.expected = "refused with " + f.Expect.String()
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

// faultable is the issuance that a fault is done to: one of what comes later when it is about that, and else of a credential at once that takes
// key proofs by themselves, for every fault of those.
func (s *issuerSeen) faultable(f *faults.Fault) *issuance {
	for _, n := range s.issuances {
		switch later := n.seen.at(stepLater) != nil; {
		case n.err != nil, later != (f.At == stepLater):
		case later, canBeForged(n.config):
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
	good := s.faultable(f)
	switch {
	case good == nil && f.At == stepLater:
		return "nothing came later, or not in the time that was waited"
	case good == nil:
		return "no good issuance of a credential with key proofs and without key attestations" + s.whyNone()
	case s.ByHand && (f.SignIn || f.At == stepLater):
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
