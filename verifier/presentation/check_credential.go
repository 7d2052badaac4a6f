package presentation

import (
	"context"
	"crypto/x509"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/trust"
)

// The checks of a presentation, in the order in which they are made.
var (
	ruleFormat    = rule{"format", "OpenID4VP 1.0 section 8.6, appendix B", "a presentation in the format that was asked for"}
	ruleSignature = rule{"issuer_signature", "RFC 9901 section 7.1; ISO/IEC 18013-5 section 9.3.1", "a signature by the key of the issuer's certificate"}
	ruleTrust     = rule{"issuer_trust", "HAIP 1.0 section 6.1.1; ISO/IEC 18013-5 annex B", "a certificate chain to a trust anchor of this verifier"}
	ruleEntitled  = rule{"issuer_entitlement", "OpenID4VP 1.0 section 8.6; SD-JWT VC section 2.5", "a trust anchor that is entitled to this type of credential"}
	ruleDigests   = rule{"disclosures", "RFC 9901 section 7.1; ISO/IEC 18013-5 section 9.3.1", "every claim that was shown stands, hashed, in what the issuer signed"}
	ruleDocType   = rule{"document_type", "ISO/IEC 18013-5 section 9.3.1", "the document type that the issuer signed"}
	ruleCountry   = rule{"issuing_country", "ISO/IEC 18013-5 section 9.3.1; EUDI PID Rulebook", "issuing_country as the country of the issuer's certificate"}
	ruleValidity  = rule{"validity", "RFC 9901 section 9.7; ISO/IEC 18013-5 section 9.3.1", "a credential that is valid now"}
	ruleHolder    = rule{"holder_binding", "RFC 9901 section 7.3; ISO/IEC 18013-5 section 9.1.3", "a proof, for this request, with the key that the credential is bound to"}
	ruleAgreement = rule{"transaction_data", "OpenID4VP 1.0 appendix B.3.3.1", "the hash of each transaction that was sent, signed with the holder's key"}
	ruleStatus    = rule{"status", "Token Status List section 8.3; ISO/IEC 18013-5, second edition, 12.3.6", "the status valid in the issuer's list"}
)

var (
	sdjwtReasons = []reason{
		{sdjwtvc.ErrType, "credential_typ"}, {sdjwtvc.ErrChain, "issuer_chain_missing"}, {sdjwt.ErrDisclosure, "disclosure_malformed"},
		{sdjwt.ErrTooLarge, "too_large"}, {jose.ErrAlg, "algorithm"}, {jose.ErrCrit, "critical_header"}, {jose.ErrHeader, "header"},
	}
	mdocReasons = []reason{
		{errDocuments, "document_count"}, {errResponseStatus, "response_status"}, {mdoc.ErrVersion, "version"},
		{mdoc.ErrAlgorithm, "digest_algorithm"}, {cose.ErrAlg, "algorithm"}, {cose.ErrTooLarge, "too_large"},
	}
	signatureReasons = []reason{
		{sdjwtvc.ErrSignature, "issuer_signature"}, {sdjwtvc.ErrHidden, "claim_hidden"}, {sdjwtvc.ErrClaims, "credential_claims"},
		{sdjwtvc.ErrChain, "issuer_chain_missing"}, {mdoc.ErrChain, "issuer_chain_missing"}, {mdoc.ErrSignature, "issuer_signature"},
	}
	trustReasons = []reason{
		{trust.ErrListOver, "trust_list_expired"},
		{x5c.ErrUntrusted, "issuer_untrusted"}, {x5c.ErrExpired, "issuer_certificate_expired"},
		{x5c.ErrNotYetValid, "issuer_certificate_not_yet_valid"}, {x5c.ErrProfile, "issuer_certificate_purpose"}, {x5c.ErrChain, "issuer_chain_malformed"},
	}
	entitledReasons = []reason{{trust.ErrNotEntitled, "issuer_not_entitled"}}
	digestReasons   = []reason{
		{sdjwt.ErrUnreferenced, "disclosure_unreferenced"}, {sdjwt.ErrDuplicateDigest, "disclosure_doubled"}, {sdjwtvc.ErrHidden, "claim_hidden"},
		{sdjwt.ErrHashAlg, "hash_algorithm"}, {sdjwt.ErrDigest, "digest_malformed"}, {sdjwt.ErrPosition, "disclosure_position"},
		{sdjwt.ErrCollision, "disclosure_collision"}, {sdjwt.ErrReservedName, "disclosure_name"}, {sdjwt.ErrDepth, "disclosure_depth"},
		{mdoc.ErrDigest, "digest_mismatch"}, {mdoc.ErrNoDigest, "digest_missing"},
	}
	validityReasons = []reason{
		{sdjwtvc.ErrExpired, "expired"}, {sdjwtvc.ErrNotYetValid, "not_yet_valid"}, {sdjwtvc.ErrNoExpiry, "no_expiry"},
		{mdoc.ErrExpired, "expired"}, {mdoc.ErrNotYetValid, "not_yet_valid"}, {mdoc.ErrSignedTime, "signed_time"},
	}
	docTypeReasons = []reason{{mdoc.ErrDocType, "document_type"}}
	countryReasons = []reason{{errCountry, "issuing_country"}}
	kbReasons      = []reason{
		{sdjwt.ErrKBMissing, "key_binding_missing"}, {sdjwt.ErrKBType, "key_binding_type"}, {sdjwt.ErrKBSignature, "key_binding_signature"},
		{sdjwt.ErrKBClaims, "key_binding_claims"}, {sdjwt.ErrKBAudience, "key_binding_audience"}, {sdjwt.ErrKBNonce, "key_binding_nonce"},
		{sdjwt.ErrKBHash, "key_binding_sd_hash"}, {sdjwt.ErrKBTime, "key_binding_time"}, {sdjwtvc.ErrHolderKey, "holder_key"},
	}
	deviceReasons = []reason{
		{mdoc.ErrDeviceKind, "device_mac"}, {mdoc.ErrKey, "holder_key"}, {cose.ErrAlg, "device_algorithm"}, {mdoc.ErrDevice, "device_signature"},
	}
)

// binding is what a proof of holder binding must stand for.
type binding struct {
	audience, nonce string
	transcript      []byte
	at              time.Time
	// unbound says that the credential was asked for without a proof of holder binding (OpenID4VP 1.0 section 6.1).
	unbound bool
	// transactionData are the members of transaction_data that this credential is to authorize, as they were sent, and
	// transactionDataAlgs what their transaction_data_hashes_alg allow: nil when none was sent (appendix B.3.3.1).
	transactionData, transactionDataAlgs []string
	// agreed gives these by the identifier of the Credential Query; unauthorized says that nobody came for a transaction.
	agreed       map[string]agreement
	unauthorized error
	overAPI      bool // the Digital Credentials API, which has no state: the browser is the bond
}

// of is the binding for a credential that was asked for.
func (b binding) of(q *dcql.CredentialQuery) binding {
	if q != nil {
		b.unbound = !q.HolderBindingRequired()
		b.transactionData, b.transactionDataAlgs = b.agreed[q.ID].data, b.agreed[q.ID].algs
	}
	return b
}

// judged is a presentation after its checks. presented is nil when it could not be read so far.
type judged struct {
	checks    checklist
	kind      string
	presented *dcql.Presented
}

var notAskedReasons = []reason{{errNotAskedFor, "not_asked"}}

var errNotAskedFor = errors.New("nothing was asked for under this identifier, in a format that this verifier reads")

// judge checks one presentation by itself; whether it is what was asked for is seen when all have been judged.
func (s *Service) judge(ctx context.Context, format, text string, b binding) judged {
	switch format {
	case dcql.FormatSDJWTVC:
		return s.judgeSDJWT(ctx, text, b)
	case dcql.FormatMdoc:
		return s.judgeMdoc(ctx, text, b)
	}
	var j judged
	j.checks.add(ruleFormat, errNotAskedFor, notAskedReasons...)
	return j
}

func (s *Service) judgeSDJWT(ctx context.Context, text string, b binding) (j judged) {
	c, err := sdjwtvc.Parse(text)
	if !j.checks.need(ruleFormat, err, sdjwtReasons...) {
		return j
	}
	if !j.checks.need(ruleSignature, c.VerifySignature(), signatureReasons...) {
		return j
	}
	j.kind = c.VCT()
	trusted := s.checkIssuer(&j.checks, c.Chain(), x5c.CredentialIssuer, j.kind, b.at)
	claims, err := c.Claims()
	j.checks.add(ruleDigests, err, digestReasons...)
	if isPID(j.kind) {
		checkCountry(&j.checks, c.Chain()[0], claims["issuing_country"])
	}
	j.checks.add(ruleValidity, c.VerifyValidity(b.at), validityReasons...)
	bound := checkKeyBinding(&j.checks, c, b)
	var refs []statusRef
	if r := c.Status(); r != nil {
		refs = append(refs, statusRef{index: r.Index, uri: r.URI, form: formJWT, kind: j.kind})
	}
	s.checkStatus(ctx, &j.checks, refs, trusted, b.at)
	j.presented = &dcql.Presented{
		Format: dcql.FormatSDJWTVC, VCT: j.kind, AuthorityKeyIDs: authorityKeyIDs(c.Chain()), Claims: claims, HolderBound: bound,
	}
	return j
}

// checkIssuer tells whether the chain leads to a trust anchor, and whether that anchor is entitled to the type.
func (s *Service) checkIssuer(l *checklist, chain []*x509.Certificate, p x5c.Profile, kind string, at time.Time) bool {
	anchor, err := s.Trust.Verify(chain, p, at)
	return l.need(ruleTrust, err, trustReasons...) && l.add(ruleEntitled, anchor.Issues(kind), entitledReasons...)
}

var ruleUnbound = rule{ruleHolder.name, "OpenID4VP 1.0 section 6.1", "no proof of holder binding: the credential was asked for without one"}

// checkKeyBinding demands a Key Binding JWT, unless the credential was asked for without; one that came must hold all the same.
func checkKeyBinding(l *checklist, c *sdjwtvc.Credential, b binding) bool {
	if b.unbound && c.SDJWT().KeyBinding == "" {
		l.add(ruleUnbound, nil)
		return false
	}
	bound := l.add(ruleHolder, c.VerifyKeyBinding(sdjwt.ExpectKB{Aud: b.audience, Nonce: b.nonce, At: b.at}), kbReasons...)
	if len(b.transactionData) > 0 {
		l.add(ruleAgreement, b.checkAgreement(c), agreementReasons...)
	}
	return bound
}

func (s *Service) judgeMdoc(ctx context.Context, text string, b binding) (j judged) {
	d, err := oneDocument(text)
	if !j.checks.need(ruleFormat, err, mdocReasons...) {
		return j
	}
	i := d.IssuerSigned
	if !j.checks.need(ruleSignature, i.VerifySignature(), signatureReasons...) {
		return j
	}
	j.kind = i.DocType()
	trusted := s.checkIssuer(&j.checks, i.Chain(), x5c.DocumentSigner, j.kind, b.at)
	digests := j.checks.add(ruleDigests, i.VerifyDigests(), digestReasons...)
	j.checks.add(ruleDocType, d.VerifyDocType(), docTypeReasons...)
	claims := i.Claims()
	for _, namespace := range slices.Sorted(maps.Keys(claims)) {
		elements, _ := claims[namespace].(map[string]any)
		checkCountry(&j.checks, i.Chain()[0], elements["issuing_country"])
	}
	j.checks.add(ruleValidity, i.VerifyValidity(b.at), validityReasons...)
	bound := j.checks.add(ruleHolder, d.VerifyDevice(b.transcript), deviceReasons...)
	if i.MSO().StatusUnread {
		j.checks.add(ruleStatus, errStatusKind, statusReasons...)
	}
	s.checkStatus(ctx, &j.checks, statusRefs(i), trusted, b.at)
	j.presented = &dcql.Presented{
		Format: dcql.FormatMdoc, DocType: j.kind, AuthorityKeyIDs: authorityKeyIDs(i.Chain()), HolderBound: bound,
	}
	if digests {
		j.presented.Claims = claims
	}
	return j
}

var errCountry = errors.New("issuing_country is not the country of the issuer's certificate")

// isPID tells whether a vct is of a PID, by the rulebook a URN under this prefix.
func isPID(vct string) bool { return strings.HasPrefix(vct, "urn:eudi:pid:") }

// checkCountry compares a country that was shown with that of the certificate; one that was not shown says nothing.
func checkCountry(l *checklist, leaf *x509.Certificate, shown any) {
	if shown == nil {
		return
	}
	var err error
	if country, _ := shown.(string); !slices.Equal(leaf.Subject.Country, []string{country}) {
		err = errCountry
	}
	l.add(ruleCountry, err, countryReasons...)
}

// statusRefs are those of an mdoc: it may be on a list of each kind.
func statusRefs(i *mdoc.IssuerSigned) []statusRef {
	var refs []statusRef
	if r := i.Status(); r != nil {
		refs = append(refs, statusRef{index: r.Index, uri: r.URI, form: formCWT, kind: i.DocType()})
	}
	if r := i.Identifier(); r != nil {
		refs = append(refs, statusRef{id: r.ID, uri: r.URI, form: formIdentifiers, kind: i.DocType()})
	}
	return refs
}

var (
	errDocuments      = errors.New("not exactly one document (HAIP 1.0 section 5.3.1)")
	errResponseStatus = errors.New("the status of the response is not 0")
)

func oneDocument(text string) (*mdoc.Document, error) {
	raw, err := jose.DecodeBase64URL(text)
	if err != nil {
		return nil, err
	}
	r, err := mdoc.ParseDeviceResponse(raw)
	if err != nil {
		return nil, err
	}
	if r.Status != 0 {
		return nil, errResponseStatus
	}
	if len(r.Documents) != 1 {
		return nil, errDocuments
	}
	return r.Documents[0], nil
}

func authorityKeyIDs(chain []*x509.Certificate) []string {
	var ids []string
	for _, c := range chain {
		if len(c.AuthorityKeyId) > 0 {
			ids = append(ids, jose.EncodeBase64URL(c.AuthorityKeyId))
		}
	}
	return ids
}
