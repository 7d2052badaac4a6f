package x5c

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadAnchors(t *testing.T) {
	root, rootKey := newRoot(t)
	second, _ := newRoot(t)
	leaf := newLeaf(t, Any, root, rootKey)
	good := EncodePEM(root)
	key := []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
	tests := []struct {
		rule  string
		files map[string][]byte
		want  int    // anchors
		says  string // part of the error
	}{
		{"two in one file", map[string][]byte{"a.pem": EncodePEM(root, second)}, 2, ""},
		{"two files", map[string][]byte{"a.pem": good, "b.pem": EncodePEM(second)}, 2, ""},
		{"the same twice", map[string][]byte{"a.pem": good, "b.pem": good}, 1, ""},
		{"other files are passed by", map[string][]byte{"a.pem": good, "README": []byte("x")}, 1, ""},
		{"empty folder", nil, 0, "put the CA certificates"},
		{"empty file", map[string][]byte{"a.pem": good, "bad.pem": nil}, 0, "bad.pem"},
		{"private key", map[string][]byte{"bad.pem": append(key, good...)}, 0, "bad.pem"},
		{"certificate by another name", map[string][]byte{"bad.pem": bytes.ReplaceAll(good, []byte("CERTIFICATE"), []byte("TRUSTED CERTIFICATE"))}, 0, "bad.pem"},
		{"text behind", map[string][]byte{"bad.pem": append(append([]byte{}, good...), "xyz"...)}, 0, "bad.pem"},
		{"cut short", map[string][]byte{"bad.pem": good[:len(good)/2]}, 0, "bad.pem"},
		{"not a CA", map[string][]byte{"bad.pem": EncodePEM(leaf)}, 0, "bad.pem"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			dir := t.TempDir()
			for name, b := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			anchors, err := LoadAnchors(dir)
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v, want it to say %q", err, tt.says)
				}
				return
			}
			if err != nil || len(anchors.All()) != tt.want {
				t.Errorf("got %v, %v", anchors, err)
			}
		})
	}
	if _, err := LoadAnchors(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "put the CA certificates") {
		t.Errorf("missing folder: %v", err)
	}
}

func TestParseDER(t *testing.T) {
	root, _ := newRoot(t)
	if certs, err := ParseDER([][]byte{root.Raw}); err != nil || !certs[0].Equal(root) {
		t.Errorf("got %v, %v", certs, err)
	}
	for _, der := range [][]byte{nil, {0x30}, append(append([]byte{}, root.Raw...), 0)} {
		if _, err := ParseDER([][]byte{root.Raw, der}); !errors.Is(err, ErrChain) {
			t.Errorf("%d bytes: got %v, want ErrChain", len(der), err)
		}
	}
}

func FuzzParsePEM(f *testing.F) {
	root, _ := newRoot(f)
	f.Add(EncodePEM(root))
	f.Add(EncodePEM(root, root)[:100])
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		certs, err := ParsePEM(b)
		if (err == nil) != (len(certs) > 0) || err != nil && !errors.Is(err, ErrChain) {
			t.Errorf("%d certificates, %v", len(certs), err)
		}
	})
}
