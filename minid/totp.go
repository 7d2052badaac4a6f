package minid

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	useTOTP       = "totp" // binding of the sealed secret
	minTOTPSecret = 16     // bytes: 128 bits
)

// TOTPConfig is RFC 6238 with SHA-1 and six digits. A code is accepted in its own step and for Back steps after it.
// The zero value is steps of 30 s and one step back; a negative Back is none.
type TOTPConfig struct {
	Period time.Duration
	Back   int
}

func (t TOTPConfig) orDefault() TOTPConfig {
	fill(&t.Period, 30*time.Second)
	fill(&t.Back, 1)
	t.Back = max(t.Back, 0)
	return t
}

// EncodeTOTPSecret is the form authenticator apps read: base32 without padding.
func EncodeTOTPSecret(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// TOTPCode is the code that an authenticator shows at a time, for the simulator and tests. secret is base32.
func (t TOTPConfig) TOTPCode(secret string, at time.Time) (string, error) {
	return codeAt(secret, t.orDefault().step(at))
}

func (t TOTPConfig) step(at time.Time) int64 { return at.Unix() / int64(t.Period/time.Second) }

func codeAt(secret string, step int64) (string, error) {
	opts := hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	code, err := hotp.GenerateCodeCustom(secret, uint64(step), opts)
	if err != nil {
		return "", fmt.Errorf("minid: TOTP code: %w", err)
	}
	return code, nil
}

// match finds the newest step of the window whose six ASCII digits are exactly this code. Every step is compared,
// whatever the outcome.
func (t TOTPConfig) match(secret []byte, code string, at time.Time) (step int64, ok bool, err error) {
	text, now := EncodeTOTPSecret(secret), t.step(at)
	for i := now - int64(t.Back); i <= now; i++ {
		want, err := codeAt(text, i)
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = i, true
		}
	}
	return step, ok, nil
}

// checkTOTP raises the failures before it compares, and takes them back only with a step that is newer than any
// accepted before. ErrWrongCode.
func (c *Core) checkTOTP(ctx context.Context, personID, code string, at time.Time) error {
	inUse, err := c.Store.RaiseTOTPFailure(ctx, personID, c.limits().TOTPFailures)
	if err != nil {
		return err
	}
	accepted := false
	if inUse {
		accepted, err = c.acceptTOTP(ctx, personID, strings.Trim(code, " "), at)
	}
	if err != nil {
		return err
	}
	if !accepted {
		c.event(ctx, "code refused", personID)
		return ErrWrongCode
	}
	c.event(ctx, "code accepted", personID)
	return nil
}

func (c *Core) acceptTOTP(ctx context.Context, personID, code string, at time.Time) (bool, error) {
	sealed, err := c.Store.TOTPSecret(ctx, personID)
	if err != nil {
		return false, err
	}
	secret, err := c.Seal.Open(sealed, useTOTP, personID)
	if err != nil {
		return false, err
	}
	step, ok, err := c.TOTPConfig.orDefault().match(secret, code, at)
	if err != nil || !ok {
		return false, err
	}
	return c.Store.AcceptTOTPStep(ctx, personID, step)
}
