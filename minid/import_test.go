package minid_test

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"lommebok.example/minid"
)

// oldRecords are records as older systems kept them, of the same password.
func oldRecords(t *testing.T, password string) map[string]string {
	t.Helper()
	salt, enc := []byte("salt of long ago"), base64.RawStdEncoding.EncodeToString
	k256, err := pbkdf2.Key(sha256.New, password, salt, 1000, 32)
	must(t, err)
	k512, err := pbkdf2.Key(sha512.New, password, salt, 1000, 64)
	must(t, err)
	bc, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	must(t, err)
	return map[string]string{
		"PBKDF2-SHA256, PHC":     fmt.Sprintf("$pbkdf2-sha256$i=1000,l=32$%s$%s", enc(salt), enc(k256)),
		"PBKDF2-SHA512, PHC":     fmt.Sprintf("$pbkdf2-sha512$i=1000,l=64$%s$%s", enc(salt), enc(k512)),
		"PBKDF2-SHA512, modular": strings.ReplaceAll(fmt.Sprintf("$pbkdf2-sha512$1000$%s$%s", enc(salt), enc(k512)), "+", "."),
		"bcrypt":                 string(bc),
	}
}

// An account that is moved here signs in with its old password once, and from then on with argon2id and pepper.
func TestImportedRecordIsReplacedAtLogin(t *testing.T) {
	const old = "gammelt8"
	for name, record := range oldRecords(t, old) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := registration(pidA, minid.BasisLetter)
			r.Password, r.PasswordRecord, r.TOTPSecret, r.HadPINCodes = "", record, nil, true
			p, err := w.Register(ctx(), r)
			must(t, err)
			login := func(typed string) (*minid.View, error) {
				in, _ := w.begin(minid.LevelLow, "")
				return w.Password(ctx(), in, pidA, typed)
			}
			_, err = login("gammelt9")
			wantErr(t, err, minid.ErrWrong)
			if kept, _ := w.Store.PasswordRecord(ctx(), p.ID); kept != record {
				t.Fatal("a wrong password changed the record")
			}
			v, err := login(old)
			must(t, err)
			wantStep(t, v, minid.StepDone)
			made, err := w.Store.PasswordRecord(ctx(), p.ID)
			must(t, err)
			if !strings.HasPrefix(made, "$argon2id$") {
				t.Errorf("record after the login: %.20s", made)
			}
			_, err = login(old)
			must(t, err)
			stored, err := w.Store.Person(ctx(), p.ID)
			must(t, err)
			if !stored.PINDropped {
				t.Error("that PIN codes were dropped was forgotten")
			}
		})
	}
}
