package signing

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"io"
	"testing"
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/source"
	"lommebok.example/issuer/status"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

type lists string

func (l lists) URI(list string) string { return string(l) + "/statuslists/" + list }

func (l lists) IdentifiersURI(list string) string { return string(l) + "/identifierlists/" + list }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	check(t, err)
	return key
}

func holder(t testing.TB, curve elliptic.Curve) *ecdsa.PublicKey { return &newKey(t, curve).PublicKey }

// signers has keys whose every use is counted.
func signers(t testing.TB) (*Signers, *int) {
	t.Helper()
	used := new(int)
	begin := noon.Add(-48 * time.Hour)
	subject := x5c.Subject{Country: "NO", Organization: "Test", CommonName: "Root", URI: "https://issuer.example"}
	rootKey := newKey(t, elliptic.P256())
	root, err := x5c.NewRoot(rootKey, subject, begin, 3*365*24*time.Hour)
	check(t, err)
	leaf := func(name string, p x5c.Profile) (crypto.Signer, []*x509.Certificate) {
		key := newKey(t, elliptic.P256())
		subject.CommonName = name
		cert, err := x5c.Issue(p, root, rootKey, key.Public(), subject, begin, 457*24*time.Hour)
		check(t, err)
		return counted{key, used}, []*x509.Certificate{cert}
	}
	cfg := Config{Issuer: "https://issuer.example", Lists: lists("https://issuer.example")}
	key, chain := leaf("SD-JWT", x5c.CredentialIssuer)
	cfg.SDJWT, err = sdjwtvc.NewSigner(key, chain)
	check(t, err)
	key, chain = leaf("DS", x5c.DocumentSigner)
	cfg.MDoc, err = mdoc.NewSigner(key, chain)
	check(t, err)
	cfg.Until = chain[0].NotAfter
	return New(cfg), used
}

type counted struct {
	crypto.Signer
	used *int
}

func (c counted) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	*c.used++
	return c.Signer.Sign(r, digest, opts)
}

// goodBatch is two copies that may be signed.
func goodBatch(t testing.TB, id string) *Batch {
	t.Helper()
	types, err := credentials.Embedded()
	check(t, err)
	typ, ok := types.ByID(id)
	if !ok {
		t.Fatal(id)
	}
	facts, err := source.NewRegister(func() time.Time { return noon }).Facts(t.Context(), "12865398148")
	check(t, err)
	midnight := time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)
	b := &Batch{
		Type: typ, Life: Lifetime{midnight, midnight.Add(typ.Validity)},
		Holders: []*ecdsa.PublicKey{holder(t, elliptic.P256()), holder(t, elliptic.P256())},
		Indices: []status.Index{{List: "a", Index: 1}, {List: "a", Index: 2}},
	}
	for _, claim := range typ.Claims {
		is := claim.Value
		if claim.Source != "" {
			is, ok = facts.Value(claim.Source)
			if claim.Source == credentials.IssuanceDate || claim.Source == credentials.IssuanceExpiry {
				is, ok = source.Date{Year: 2026, Month: 11, Day: 23}, true
			}
			if !ok {
				continue
			}
		}
		b.Values = append(b.Values, Value{claim, is})
	}
	return b
}

// first is what the first copy of a batch must say.
func first(s *Signers, b *Batch) *copied {
	return &copied{Batch: b, meant: b.meant(), issuer: s.cfg.Issuer, holder: b.Holders[0], index: b.Indices[0], list: s.cfg.Lists.URI(b.Indices[0].List)}
}
