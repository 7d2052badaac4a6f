package server

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/internal/keys"
	"lommebok.example/issuer/store"
	"lommebok.example/specs/jose"
)

// sealer signs the checkpoints of the audit log, with a key that signs nothing else.
type sealer struct {
	signer *jose.Signer
	key    *ecdsa.PublicKey
}

func newSealer(dataDir string) (*sealer, error) {
	key, err := keys.Signer(dataDir, "audit")
	if err != nil {
		return nil, err
	}
	return sealerOf(key)
}

func sealerOf(key crypto.Signer) (*sealer, error) {
	public, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("server: the audit key is a %T", key.Public())
	}
	signer, err := jose.NewSigner(key, jose.Header{Typ: audit.CheckpointTyp})
	return &sealer{signer, public}, err
}

// Seal implements audit.Sealer.
func (s *sealer) Seal(payload []byte) (string, error) { return s.signer.Sign(payload) }

// Key implements audit.Sealer.
func (s *sealer) Key() json.RawMessage {
	raw, err := jose.AppendPublicJWK(nil, s.key)
	if err != nil {
		panic(err) // a key that signs is on its curve
	}
	return raw
}

// openCheckpoints implements audit.Opener.
func openCheckpoints(key json.RawMessage) (func(jws string) ([]byte, error), error) {
	_, public, err := jose.ParseJWK(key)
	if err != nil {
		return nil, err
	}
	return func(jws string) ([]byte, error) {
		u, err := jose.Parse(jws, jose.Rules{Typ: audit.CheckpointTyp})
		if err != nil {
			return nil, err
		}
		return u.Verify(public)
	}, nil
}

// ErrAuditKey: a copy is signed by another key than the one it should be by.
var ErrAuditKey = errors.New("server: the copy's checkpoints are signed with another key")

// VerifyAudit verifies a copy of the audit log. It gives the thumbprint (RFC 7638) of the key that signed it; when expected is
// not empty, it must be that one.
func VerifyAudit(from io.Reader, expected string) (audit.Verified, string, error) {
	v, err := audit.Verify(from, openCheckpoints)
	if err != nil {
		return v, "", err
	}
	_, public, err := jose.ParseJWK(v.Key)
	if err != nil {
		return v, "", err
	}
	thumbprint := jose.Thumbprint(public)
	if expected != "" && expected != thumbprint {
		return v, thumbprint, fmt.Errorf("%w: %s", ErrAuditKey, thumbprint)
	}
	return v, thumbprint, nil
}

// Checkpoint signs the end of the audit log, and writes it to the log of the service as well, which is kept elsewhere. It fails
// when the log was tampered with since the last time.
func (s *Server) Checkpoint(ctx context.Context) error {
	c, err := s.store.Checkpoint(ctx, s.url, s.now(), s.sealer)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if c.Seq > 0 {
		hash, err := c.Hash.MarshalText()
		if err != nil {
			return err
		}
		s.log.Info("audit checkpoint", "seq", c.Seq, "hash", string(hash), "key", jose.Thumbprint(s.sealer.key))
	}
	return nil
}

// ExportAudit writes a copy of the audit log to a file or the like, ending with a checkpoint signed now.
func ExportAudit(ctx context.Context, cfg Config, db *database.DB, now time.Time, to io.Writer) error {
	st, err := store.New(ctx, db)
	if err != nil {
		return err
	}
	seal, err := newSealer(cfg.DataDir)
	if err != nil {
		return err
	}
	copied, err := audit.NewWriter(to, seal.Key())
	if err != nil {
		return err
	}
	return st.ExportAudit(ctx, copied, cfg.URL, now, seal)
}

// CheckCredentials reads every credential record and gives what is amiss.
func CheckCredentials(ctx context.Context, cfg Config, db *database.DB, now time.Time) ([]store.Amiss, error) {
	st, err := store.New(ctx, db)
	if err != nil {
		return nil, err
	}
	types, err := cfg.types()
	if err != nil {
		return nil, err
	}
	return st.Check(ctx, now, func(configuration string) time.Duration {
		if t, ok := types.ByID(configuration); ok {
			return t.Validity
		}
		return 0
	})
}
