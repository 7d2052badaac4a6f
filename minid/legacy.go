package minid

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// What a record from elsewhere may ask for, so that an import cannot eat the machine.
const (
	maxIterations = 2_000_000
	minIterations = 1_000
	maxBcryptCost = 14
	maxBcryptText = 72 // bytes: bcrypt reads no more
)

// legacy is a password record of an older scheme. It has no pepper, and lives until the person's next login.
type legacy interface {
	matches(password []byte) bool
}

// parseLegacy reads what can be imported:
//
//	$2a$10$…  $2b$…  $2y$…                        bcrypt, modular form
//	$pbkdf2-sha256$i=600000,l=32$<salt>$<hash>    PHC form, base64 without padding
//	$pbkdf2-sha512$29000$<salt>$<hash>            modular form, "." for "+"
func parseLegacy(record string) (legacy, bool) {
	if bcryptForm.MatchString(record) {
		cost, err := bcrypt.Cost([]byte(record))
		return bcryptRecord(record), err == nil && cost <= maxBcryptCost
	}
	return parsePBKDF2(record)
}

var (
	bcryptForm  = regexp.MustCompile(`^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$`)
	pbkdf2Form  = regexp.MustCompile(`^\$pbkdf2-(sha256|sha512)\$(?:i=)?([1-9]\d{0,9})(?:,l=(\d{1,3}))?\$([^$]+)\$([^$]+)$`)
	pbkdf2Hash  = map[string]func() hash.Hash{"sha256": sha256.New, "sha512": sha512.New}
	modularText = strings.NewReplacer(".", "+")
)

type bcryptRecord string

// matches takes nothing that bcrypt would cut off.
func (r bcryptRecord) matches(password []byte) bool {
	return len(password) <= maxBcryptText && bcrypt.CompareHashAndPassword([]byte(r), password) == nil
}

type pbkdf2Record struct {
	hash       func() hash.Hash
	iterations int
	salt, key  []byte
}

func (r pbkdf2Record) matches(password []byte) bool {
	got, err := r.derive(password)
	return err == nil && subtle.ConstantTimeCompare(got, r.key) == 1
}

func (r pbkdf2Record) derive(password []byte) ([]byte, error) {
	return pbkdf2.Key(r.hash, string(password), r.salt, r.iterations, len(r.key))
}

func parsePBKDF2(record string) (legacy, bool) {
	parts := pbkdf2Form.FindStringSubmatch(record)
	if parts == nil {
		return nil, false
	}
	r := pbkdf2Record{hash: pbkdf2Hash[parts[1]]}
	var err error
	if r.iterations, err = strconv.Atoi(parts[2]); err != nil || r.iterations < minIterations || r.iterations > maxIterations {
		return nil, false
	}
	encoding := base64.RawStdEncoding.Strict()
	if r.salt, err = encoding.DecodeString(modularText.Replace(parts[4])); err != nil || len(r.salt) < 8 || len(r.salt) > 128 {
		return nil, false
	}
	if r.key, err = encoding.DecodeString(modularText.Replace(parts[5])); err != nil || len(r.key) < 16 || len(r.key) > 64 {
		return nil, false
	}
	return r, parts[3] == "" || parts[3] == strconv.Itoa(len(r.key))
}
