package corpus

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/big"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
)

const (
	day       = 24 * time.Hour
	issuerURL = "https://issuer.example"
	pidVCT    = "urn:eudi:pid:1"
	pidDoc    = "eu.europa.ec.eudi.pid.1"
	payVCT    = "urn:example:payment:1"
	libraryID = "urn:example:library-card:1"
)

// at is the time to verify at.
var at = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// request is what the wallet was asked.
const (
	clientID    = "x509_hash:4R2cPzBnNLEExyNDTHwqLHnCoqJHpN4PnrVIqlHqRBA"
	nonce       = "n-0S6_WzA2MjVw2QkY1bXl3aFg5cUtw"
	state       = "af0ifjsldkj1G7V3nQ9y2mXcW8RkT5u0"
	responseURI = "https://verifier.example/responses/4c1b0e"
)

const query = `{"credentials":[` +
	`{"id":"pid_sd_jwt","format":"dc+sd-jwt","meta":{"vct_values":["urn:eudi:pid:1"]},"claims":[{"path":["given_name"]},{"path":["age_over_18"],"values":[true]}]},` +
	`{"id":"pid_mdoc","format":"mso_mdoc","meta":{"doctype_value":"eu.europa.ec.eudi.pid.1"},"claims":[{"path":["eu.europa.ec.eudi.pid.1","given_name"]},{"path":["eu.europa.ec.eudi.pid.1","family_name"]}]},` +
	`{"id":"unbound","format":"dc+sd-jwt","meta":{"vct_values":["urn:eudi:pid:1"]},"require_cryptographic_holder_binding":false,"claims":[{"path":["given_name"]}]},` +
	`{"id":"payment","format":"dc+sd-jwt","meta":{"vct_values":["urn:example:payment:1"]},"claims":[{"path":["given_name"]}]}],` +
	`"credential_sets":[{"options":[["pid_sd_jwt"],["pid_mdoc"],["unbound"],["payment"]]}]}`

// transactionData is what was sent to be authorized.
var transactionData = []string{
	b64(`{"type":"urn:example:payment","credential_ids":["payment"],"amount":"100 NOK"}`),
	b64(`{"type":"urn:example:payment","credential_ids":["payment"],"amount":"250 NOK"}`),
}

func b64(text string) string { return jose.EncodeBase64URL([]byte(text)) }

// signer signs by RFC 6979, so that a signature is the same each time.
type signer struct{ *ecdsa.PrivateKey }

func (s signer) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.PrivateKey.Sign(nil, digest, opts)
}

// signRaw signs a text with SHA-256 or, on P-384, SHA-384, as r and s one after the other.
func (s signer) signRaw(text []byte) []byte {
	size, hash, digest := 32, crypto.SHA256, make([]byte, 0, 48)
	if s.Curve == elliptic.P384() {
		size, hash = 48, crypto.SHA384
	}
	h := hash.New()
	h.Write(text)
	var pair struct{ R, S *big.Int }
	must(asn1.Unmarshal(must(s.Sign(nil, h.Sum(digest), hash)), &pair))
	out := make([]byte, 2*size)
	pair.R.FillBytes(out[:size])
	pair.S.FillBytes(out[size:])
	return out
}

// keyOf makes the private key of a name. Nothing here is secret.
func keyOf(name string) signer {
	sum := sha256.Sum256([]byte("lommebok corpus key " + name))
	return signer{must(ecdsa.ParseRawPrivateKey(elliptic.P256(), sum[:]))}
}

// saltOf makes the salt of a name.
func saltOf(name string) []byte {
	sum := sha256.Sum256([]byte("lommebok corpus salt " + name))
	return sum[:16]
}

// certSpec is a certificate to be. Zero fields mean what a signer of credentials has.
type certSpec struct {
	name     string
	keyName  string // "" for name
	ca       bool
	pathLen  int
	from, to time.Time
	country  string // "" for NO, "-" for none
	usage    x509.KeyUsage
	document bool // extended key usage of a document signer
	plainEKU bool // not critical
	public   any
}

var oidDocumentSigner = asn1.ObjectIdentifier{1, 0, 18013, 5, 1, 2}

// identity is a certificate and its key.
type identity struct {
	key  signer
	cert *x509.Certificate
}

// issue makes a certificate under another, or one that signs itself when under is nil.
func issue(under *identity, s certSpec) *identity {
	id := &identity{key: keyOf(cmp.Or(s.keyName, s.name))}
	t := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(saltOf(s.name)[:8]), NotBefore: s.from, NotAfter: s.to,
		Subject:  pkix.Name{CommonName: "Corpus " + s.name, Country: []string{"NO"}},
		KeyUsage: x509.KeyUsageDigitalSignature, SubjectKeyId: saltOf("ski " + s.name),
		BasicConstraintsValid: true, IsCA: s.ca, MaxPathLen: s.pathLen, MaxPathLenZero: s.pathLen == 0,
	}
	if s.from.IsZero() {
		t.NotBefore, t.NotAfter = at.Add(-40*day), at.Add(400*day)
	}
	switch s.country {
	case "":
	case "-":
		t.Subject.Country = nil
	default:
		t.Subject.Country = []string{s.country}
	}
	if s.ca {
		t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	} else {
		t.MaxPathLen, t.MaxPathLenZero = 0, false
	}
	if s.usage != 0 {
		t.KeyUsage = s.usage
	}
	if s.document {
		value := must(asn1.Marshal([]asn1.ObjectIdentifier{oidDocumentSigner}))
		t.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: !s.plainEKU, Value: value}}
	}
	parent, by := t, id.key
	if under != nil {
		parent, by = under.cert, under.key
		t.AuthorityKeyId = under.cert.SubjectKeyId
	}
	if s.public == nil {
		s.public = id.key.Public()
	}
	der := must(x509.CreateCertificate(bytes.NewReader(nil), t, parent, s.public, by))
	id.cert = must(x509.ParseCertificate(der))
	return id
}

// anchor is a trust anchor with its file.
type anchor struct {
	Anchor
	pem []byte
}

// list is a status list with its file.
type list struct {
	List
	body []byte
}

// world is everybody who takes part.
type world struct {
	national, library, stranger, over *identity // authorities; the stranger is trusted by nobody, and over is on a list that ended
	credential, document, status      *identity // under the national one
	holder                            signer
	response                          signer // key of the verifier that answers are encrypted to
	transcript                        []byte
	anchors                           []anchor
	lists                             []list
}

func newWorld() *world {
	w := &world{holder: keyOf("holder"), response: keyOf("response")}
	w.national = issue(nil, certSpec{name: "national authority", ca: true, pathLen: 2})
	w.library = issue(nil, certSpec{name: "library authority", ca: true})
	w.stranger = issue(nil, certSpec{name: "stranger", ca: true})
	w.over = issue(nil, certSpec{name: "authority of a list that ended", ca: true})
	w.credential = issue(w.national, certSpec{name: "credential issuer"})
	w.document = issue(w.national, certSpec{name: "document signer", document: true})
	w.status = issue(w.national, certSpec{name: "status signer"})
	entitled := []string{pidVCT, "urn:eudi:pid:2", pidDoc, "org.iso.18013.5.1.mDL", payVCT}
	w.trust("national", w.national, entitled, "")
	w.trust("library", w.library, []string{libraryID}, "")
	w.trust("over", w.over, entitled, at.Add(-time.Hour).Format(time.RFC3339))
	thumbprint := jose.ThumbprintBytes(&w.response.PublicKey)
	w.transcript = must(openid4vp.SessionTranscript(clientID, nonce, thumbprint[:], responseURI))
	w.publishGood()
	return w
}

func (w *world) trust(name string, id *identity, types []string, until string) {
	w.anchors = append(w.anchors, anchor{Anchor{name, "anchors/" + name + ".pem", types, until}, x5c.EncodePEM(id.cert)})
}

func (w *world) index() Index {
	jwk := jose.PublicJWK(&w.response.PublicKey)
	key := must(json.Marshal(map[string]string{
		"kty": "EC", "crv": "P-256", "x": jwk.X, "y": jwk.Y, "d": jose.EncodeBase64URL(must(w.response.Bytes())),
		"kid": responseKeyID, "use": "enc", "alg": "ECDH-ES",
	}))
	return Index{
		At: at.Format(time.RFC3339), ClientID: clientID, Nonce: nonce, State: state, ResponseURI: responseURI, ResponseKey: key,
		Transcript: hex.EncodeToString(w.transcript), Query: json.RawMessage(query), TransactionData: transactionData,
	}
}

// x5cOf writes a chain as the header x5c has it.
func x5cOf(chain ...*identity) []string {
	var out []string
	for _, id := range chain {
		out = append(out, base64.StdEncoding.EncodeToString(id.cert.Raw))
	}
	return out
}
