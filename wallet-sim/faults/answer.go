package faults

import (
	"crypto/ecdsa"
	"fmt"
	"regexp"
	"slices"
)

// AtAnswer is the step of the faults that are done to a presentation.
const AtAnswer = "authorization response"

// answerPlace are the places in an answer to a verifier; the * of json and form is the first query, and every parameter.
var answerPlace = regexp.MustCompile(`^(json [A-Za-z0-9_.*-]+|form (\*|[A-Za-z_-]+)|jwe|jwe kid|jwe key|kb-jwt|issuer-jwt|disclosure ([0-9]|new)|claims|time|transcript (nonce|client_id|response_uri|thumbprint)|device-auth|element|issuer-auth)$`)

// Presents tells whether it is done to an answer to a verifier.
func (f *Fault) Presents() bool { return f.At == AtAnswer }

func (f *Fault) checkAnswer() error {
	if f.Expect.Lost || f.Message != "" && f.Message != "repeat" || f.Encrypted {
		return fmt.Errorf("at %s: expected do, or message repeat, and that it is refused", AtAnswer)
	}
	for _, c := range f.Do {
		inJWT := c.In == "kb-jwt" || c.In == "issuer-jwt"
		switch {
		case !answerPlace.MatchString(c.In):
			return fmt.Errorf("in: expected json PATH, form NAME, jwe, jwe kid, jwe key, kb-jwt, issuer-jwt, disclosure N, claims, time, transcript NAME, device-auth, element or issuer-auth, got %q", c.In)
		case c.JWT != "" && !inJWT, c.JWT == "" && c.In == "issuer-jwt", c.JWT == "" && inJWT && !c.Drop:
			return fmt.Errorf("in %s: expected jwt for kb-jwt and issuer-jwt alone", c.In)
		case c.Earlier || c.Encode != "":
			return fmt.Errorf("in %s: there is nothing earlier, and no other encoding", c.In)
		case (c.In == "time") != (c.Shift != 0) && !inJWT:
			return fmt.Errorf("in %s: expected shift for a time", c.In)
		}
	}
	return nil
}

// InObject changes what stands at a path. Errors: ErrNothing.
func (c *Change) InObject(root map[string]any, path string) error { return edit(root, path, c, "") }

// InValue gives the changed value. Errors: ErrNothing.
func (c *Change) InValue(v any) (any, error) { return c.apply(v, "") }

// InToken changes a JWT and signs it as Sign says; key is the one that signed it, nil for none that is known. Errors: ErrNothing, and those
// of base64url and JSON.
func (c *Change) InToken(text string, key *ecdsa.PrivateKey) (string, error) {
	keys := &Keys{}
	if key != nil {
		keys.all = []*ecdsa.PrivateKey{key}
	}
	return keys.change(text, c, "")
}

// ByStranger tells whether somebody else is to sign.
func (c *Change) ByStranger() bool { return c.Sign == byStranger }

// Answers are those done to a presentation, or those that are not.
func Answers(all []Fault, are bool) []Fault {
	return slices.DeleteFunc(slices.Clone(all), func(f Fault) bool { return f.Presents() != are })
}
