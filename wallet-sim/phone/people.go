package phone

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pquerna/otp/totp"
)

// Person is a test person with what they sign in with, as the issuer writes them to test-people.json.
type Person struct {
	PID        string `json:"pid"`
	Name       string `json:"name"`
	Password   string `json:"password"`
	TOTPSecret string `json:"totp_secret"` // base32
	AppCode    string `json:"app_code"`    // pairs the MinID app once; for people proofed in person
	Basis      string `json:"basis"`       // how they were proofed
}

// ReadPeople reads the file. One that is not there holds nobody.
func ReadPeople(file string) ([]Person, error) {
	raw, err := os.ReadFile(file)
	if file == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("phone: the test people: %w", err)
	}
	var people []Person
	if err := json.Unmarshal(raw, &people); err != nil {
		return nil, fmt.Errorf("phone: the test people in %s: %w", file, err)
	}
	return people, nil
}

// Code is the one-time code of a person's authenticator app (RFC 6238), "" without a secret that makes one.
func (p Person) Code(at time.Time) string {
	code, err := totp.GenerateCode(p.TOTPSecret, at)
	if err != nil {
		return ""
	}
	return code
}

// codePeriod is how long a code stands (RFC 6238 section 5.2).
const codePeriod = 30 * time.Second

// secondsLeft is how long the code of now stands.
func secondsLeft(at time.Time) int {
	return int((codePeriod - at.Sub(at.Truncate(codePeriod)) + time.Second - 1) / time.Second)
}
