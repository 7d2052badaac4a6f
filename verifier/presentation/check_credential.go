package presentation

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

// The checks of a presentation, in the order in which they are made.
var (
	ruleFormat    = rule{"format", "OpenID4VP 1.0 section 8.6, appendix B", "a presentation in the format that was asked for"}
	ruleSignature = rule{"issuer_signature", "RFC 9901 section 7.1; ISO/IEC 18013-5 section 9.3.1", "a signature by the key of the issuer's certificate"}
	ruleTrust     = rule{"issuer_trust", "HAIP 1.0 section 6.1.1; ISO/IEC 18013-5 annex B", "a certificate chain to a trust anchor of this verifier"}
	ruleDigests   = rule{"disclosures", "RFC 9901 section 7.1; ISO/IEC 18013-5 section 9.3.1", "every claim that was shown stands, hashed, in what the issuer signed"}
	ruleValidity  = rule{"validity", "RFC 9901 section 9.7; ISO/IEC 18013-5 section 9.3.1", "a credential that is valid now"}
	ruleHolder    = rule{"holder_binding", "RFC 9901 section 7.3; ISO/IEC 18013-5 section 9.1.3", "a proof, for this request, with the key that the credential is bound to"}
	ruleStatus    = rule{"status", "Token Status List section 8.3; ISO/IEC 18013-5, second edition, 12.3.6", "the status valid in the issuer's list"}
	ruleDocType   = rule{"document_type", "ISO/IEC 18013-5 section 9.3.1", "the document type that the issuer signed"}
)

var trustReasons = []reason{
	{x5c.ErrUntrusted, "issuer_untrusted"}, {x5c.ErrExpired, "issuer_certificate_expired"},
	{x5c.ErrNotYetValid, "issuer_certificate_not_yet_valid"}, {x5c.ErrProfile, "issuer_certificate_purpose"}, {x5c.ErrChain, "issuer_chain_malformed"},
}

// binding is what a proof of holder binding must stand for.
type binding struct {
	audience, nonce string
	transcript      []byte
	at              time.Time
	// transactionData are the members of transaction_data that this credential is to authorize, as they were sent, and
	// transactionDataAlgs what was sent as their transaction_data_hashes_alg: nil when nothing was (appendix B.3.3.1).
	transactionData, transactionDataAlgs []string
	// agreed gives these by the identifier of the Credential Query; unauthorized says that nobody came for a transaction.
	agreed       map[string]agreement
	unauthorized error
	overAPI      bool // the Digital Credentials API, which has no state: the browser is the bond
}

// judged is a presentation after its checks. presented is nil when it could not be read so far.
type judged struct {
	checks    checklist
	kind      string
	presented *dcql.Presented
}

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
	j.checks.add(ruleFormat, errNotAskedFor, reason{errNotAskedFor, "not_asked"})
	return j
}

var kbReasons = []reason{
	{sdjwt.ErrKBMissing, "key_binding_missing"}, {sdjwt.ErrKBType, "key_binding_type"}, {sdjwt.ErrKBSignature, "key_binding_signature"},
	{sdjwt.ErrKBClaims, "key_binding_claims"}, {sdjwt.ErrKBAudience, "key_binding_audience"}, {sdjwt.ErrKBNonce, "key_binding_nonce"},
	{sdjwt.ErrKBHash, "key_binding_sd_hash"}, {sdjwt.ErrKBTime, "key_binding_time"}, {sdjwtvc.ErrHolderKey, "holder_key"},
}

func (s *Service) judgeSDJWT(ctx context.Context, text string, b binding) (j judged) {
	c, err := sdjwtvc.Parse(text)
	if !j.checks.add(ruleFormat, err, reason{sdjwtvc.ErrType, "credential_typ"}, reason{sdjwtvc.ErrChain, "issuer_chain_missing"}) {
		return j
	}
	if !j.checks.add(ruleSignature, c.VerifySignature(), reason{sdjwtvc.ErrSignature, "issuer_signature"},
		reason{sdjwtvc.ErrHidden, "claim_hidden"}, reason{sdjwtvc.ErrClaims, "credential_claims"}) {
		return j
	}
	j.kind = c.VCT()
	_, err = s.Anchors.Verify(c.Chain(), x5c.CredentialIssuer, b.at)
	trusted := j.checks.add(ruleTrust, err, trustReasons...)
	claims, err := c.Claims()
	j.checks.add(ruleDigests, err, reason{sdjwt.ErrUnreferenced, "disclosure_unreferenced"},
		reason{sdjwt.ErrDuplicateDigest, "disclosure_doubled"}, reason{sdjwtvc.ErrHidden, "claim_hidden"})
	j.checks.add(ruleValidity, c.VerifyValidity(b.at), reason{sdjwtvc.ErrExpired, "expired"},
		reason{sdjwtvc.ErrNotYetValid, "not_yet_valid"}, reason{sdjwtvc.ErrNoExpiry, "no_expiry"})
	bound := j.checks.add(ruleHolder, c.VerifyKeyBinding(sdjwt.ExpectKB{Aud: b.audience, Nonce: b.nonce, At: b.at}), kbReasons...)
	var refs []statusRef
	if r := c.Status(); r != nil {
		refs = append(refs, statusRef{index: r.Index, uri: r.URI, form: formJWT})
	}
	s.checkStatus(ctx, &j.checks, refs, trusted, b.at)
	j.presented = &dcql.Presented{
		Format: dcql.FormatSDJWTVC, VCT: j.kind, AuthorityKeyIDs: authorityKeyIDs(c.Chain()), Claims: claims, HolderBound: bound,
	}
	return j
}

func (s *Service) judgeMdoc(ctx context.Context, text string, b binding) (j judged) {
	d, err := oneDocument(text)
	if !j.checks.add(ruleFormat, err) {
		return j
	}
	i := d.IssuerSigned
	if !j.checks.add(ruleSignature, i.VerifySignature(), reason{mdoc.ErrChain, "issuer_chain_missing"}, reason{mdoc.ErrSignature, "issuer_signature"}) {
		return j
	}
	j.kind = i.DocType()
	_, err = s.Anchors.Verify(i.Chain(), x5c.DocumentSigner, b.at)
	trusted := j.checks.add(ruleTrust, err, trustReasons...)
	digests := j.checks.add(ruleDigests, i.VerifyDigests(), reason{mdoc.ErrDigest, "digest_mismatch"}, reason{mdoc.ErrNoDigest, "digest_missing"})
	j.checks.add(ruleDocType, d.VerifyDocType(), reason{mdoc.ErrDocType, "document_type"})
	j.checks.add(ruleValidity, i.VerifyValidity(b.at), reason{mdoc.ErrExpired, "expired"},
		reason{mdoc.ErrNotYetValid, "not_yet_valid"}, reason{mdoc.ErrSignedTime, "signed_time"})
	bound := j.checks.add(ruleHolder, d.VerifyDevice(b.transcript), reason{mdoc.ErrDeviceKind, "device_mac"},
		reason{mdoc.ErrKey, "holder_key"}, reason{cose.ErrAlg, "device_algorithm"}, reason{mdoc.ErrDevice, "device_signature"})
	if i.MSO().StatusUnread {
		j.checks.add(ruleStatus, errStatusKind, statusReasons...)
	}
	s.checkStatus(ctx, &j.checks, statusRefs(i), trusted, b.at)
	j.presented = &dcql.Presented{
		Format: dcql.FormatMdoc, DocType: j.kind, AuthorityKeyIDs: authorityKeyIDs(i.Chain()), HolderBound: bound,
	}
	if digests {
		j.presented.Claims = i.Claims()
	}
	return j
}

// statusRefs are those of an mdoc: it may be on a list of each kind.
func statusRefs(i *mdoc.IssuerSigned) []statusRef {
	var refs []statusRef
	if r := i.Status(); r != nil {
		refs = append(refs, statusRef{index: r.Index, uri: r.URI, form: formCWT})
	}
	if r := i.Identifier(); r != nil {
		refs = append(refs, statusRef{id: r.ID, uri: r.URI, form: formIdentifiers})
	}
	return refs
}

var errDocuments = errors.New("not exactly one document with status 0 (HAIP 1.0 section 5.3.1)")

func oneDocument(text string) (*mdoc.Document, error) {
	raw, err := jose.DecodeBase64URL(text)
	if err != nil {
		return nil, err
	}
	r, err := mdoc.ParseDeviceResponse(raw)
	if err != nil {
		return nil, err
	}
	if r.Status != 0 || len(r.Documents) != 1 {
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
