package x5c

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"
)

func TestCRL(t *testing.T) {
	root, rootKey := newRoot(t)
	other, otherKey := newRoot(t)
	good, bad := newLeaf(t, DocumentSigner, root, rootKey), newLeaf(t, DocumentSigner, root, rootKey)
	sign := func(root *x509.Certificate, list *x509.RevocationList) []byte {
		key := rootKey
		if root == other {
			key = otherKey
		}
		der, err := x509.CreateRevocationList(rand.Reader, list, root, key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	revoked := []Revoked{{bad.SerialNumber, later}}
	der, err := NewCRL(root, rootKey, revoked, later, later.Add(day))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := NewCRL(other, otherKey, nil, later, later.Add(day))
	if err != nil {
		t.Fatal(err)
	}
	// The list as crypto/x509 reads it.
	list, err := x509.ParseRevocationList(der)
	if err != nil || list.CheckSignatureFrom(root) != nil || len(list.RevokedCertificateEntries) != 1 || list.Number.Int64() != later.Unix() ||
		!bytes.Equal(list.AuthorityKeyId, root.SubjectKeyId) {
		t.Errorf("%+v, %v", list, err)
	}
	tests := []struct {
		name string
		der  []byte
		cert *x509.Certificate
		at   time.Time
		want error
	}{
		{"not revoked", der, good, later.Add(time.Hour), nil},
		{"revoked", der, bad, later.Add(time.Hour), ErrRevoked},
		{"of another issuer", foreign, good, later.Add(time.Hour), ErrCRL},
		{"too old", der, good, later.Add(day + time.Second), ErrCRL},
		{"of tomorrow", der, good, later.Add(-time.Second), ErrCRL},
		{"not a list", []byte{1}, good, later, ErrCRL},
		{"with something critical", sign(root, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: later, NextUpdate: later.Add(day),
			ExtraExtensions: []pkix.Extension{{Id: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}}), good, later, ErrCRL},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := CheckCRL(tt.der, tt.cert, root, tt.at); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
