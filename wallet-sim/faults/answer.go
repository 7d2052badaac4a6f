package faults

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"lommebok.example/specs/jose"
)

// AtAnswer is the step of the faults that are done to a presentation.
const AtAnswer = "authorization response"

// answerPlaces are the places in an answer to a verifier, and what can be done at each. The * of json and form is the first query, and every
// parameter.
var answerPlaces = []placeOf{
	{regexp.MustCompile(`^json [A-Za-z0-9_.*-]+$`), []string{"set", "drop", "repeat", "flip", "shift", "reverse"}},
	{regexp.MustCompile(`^form (\*|[A-Za-z_-]+)$`), []string{"set", "drop", "repeat", "flip"}},
	{regexp.MustCompile(`^jwe$`), []string{"set", "drop", "flip"}},
	{regexp.MustCompile(`^jwe kid$`), []string{"set", "drop"}},
	{regexp.MustCompile(`^jwe key$`), []string{"set"}},
	{regexp.MustCompile(`^jwe header\.[A-Za-z0-9_-]+$`), []string{"set", "drop"}},
	{regexp.MustCompile(`^jwe (encrypted_key|iv|ciphertext|tag)$`), []string{"set", "drop", "flip", "encode"}},
	{regexp.MustCompile(`^(kb|issuer)-jwt$`), []string{"set", "drop", "repeat", "flip", "shift", "reverse", "encode"}},
	{regexp.MustCompile(`^disclosure [0-9]$`), []string{"set", "drop", "repeat", "flip", "encode"}},
	{regexp.MustCompile(`^disclosure new$`), []string{"set"}},
	{regexp.MustCompile(`^claims$`), []string{"drop"}},
	{regexp.MustCompile(`^credential$`), []string{"set"}},
	{regexp.MustCompile(`^time$`), []string{"shift"}},
	{regexp.MustCompile(`^transcript (nonce|client_id|response_uri)$`), []string{"set", "drop", "flip"}},
	{regexp.MustCompile(`^transcript thumbprint$`), []string{"drop", "flip"}},
	{regexp.MustCompile(`^mdoc$`), []string{"flip", "encode"}},
	{regexp.MustCompile(`^mdoc [A-Za-z0-9_*-]+(\.[A-Za-z0-9_*-]+)*$`), []string{"set", "drop", "repeat", "flip", "shift", "reverse"}},
	{regexp.MustCompile(`^device-auth$`), []string{"set", "flip"}},
	{regexp.MustCompile(`^issuer-auth$`), []string{"set", "flip"}},
}

// byName are places where set has one value, which is a name.
var byName = map[string]string{"jwe key": byStranger, "issuer-auth": byStranger, "device-auth": byStranger, "credential": "other"}

// Presents tells whether it is done to an answer to a verifier.
func (f *Fault) Presents() bool { return f.At == AtAnswer }

func (f *Fault) checkAnswer() error {
	if f.Expect.Lost || f.Expect.At != "" || f.Message != "" && f.Message != "repeat" || f.Encrypted {
		return fmt.Errorf("at %s: expected do, or message repeat, and that it is refused", AtAnswer)
	}
	return nil
}

// checkAnswer sees that the place can be changed so: what was done in place of what is said would be told as if it were that.
func (c *Change) checkAnswer() error {
	kinds := kindsAt(answerPlaces, c.In)
	if kinds == nil {
		return fmt.Errorf("in: expected json PATH, form NAME, jwe, jwe kid, jwe key, kb-jwt, issuer-jwt, disclosure N, claims, credential, time, transcript NAME, mdoc PATH, device-auth or issuer-auth, got %q", c.In)
	}
	inJWT := c.In == "kb-jwt" || c.In == "issuer-jwt"
	auth := (c.In == "issuer-auth" || c.In == "device-auth") && c.Set != nil
	switch kind := c.kinds()[0]; {
	case !slices.Contains(kinds, kind):
		return fmt.Errorf("in %s: expected one of %s, got %s", c.In, strings.Join(kinds, ", "), kind)
	case c.JWT != "" && !inJWT, c.JWT == "" && c.In == "issuer-jwt", c.JWT == "" && inJWT && !c.Drop:
		return fmt.Errorf("in %s: expected jwt for kb-jwt and issuer-jwt alone", c.In)
	case inJWT && c.Encode != "" && c.JWT != "signature":
		return fmt.Errorf("in %s: expected encode for the signature alone", c.In)
	case c.In == "issuer-jwt" && c.JWT != "signature" && c.Sign != kept && c.Sign != unsigned && c.Sign != byStranger:
		return fmt.Errorf("in %s: expected sign: kept, none or stranger: the wallet has no key of the issuer", c.In)
	case c.Set != nil && byName[c.In] != "" && c.Set != byName[c.In]:
		return fmt.Errorf("in %s: expected set: %s, got %v", c.In, byName[c.In], c.Set)
	case !inJWT && c.Sign != map[bool]string{true: byStranger}[auth]:
		return fmt.Errorf("in %s: expected sign: stranger where set: stranger is, and there alone", c.In)
	}
	return nil
}

// InObject changes what stands at a path. Errors: ErrNothing.
func (c *Change) InObject(root map[string]any, path string) error { return edit(root, path, c, "") }

// InValue gives the changed value. Errors: ErrNothing.
func (c *Change) InValue(v any) (any, error) { return c.apply(v, "") }

// InJWE changes a member of the header, or another part of a JWE, and encrypts nothing again. Errors: ErrNothing, and those of base64url and JSON.
func (c *Change) InJWE(jwe, name string) (string, error) {
	parts := strings.Split(jwe, ".")
	if len(parts) != 5 {
		return "", fmt.Errorf("%w: expected a JWE", ErrNothing)
	}
	if n := slices.Index([]string{"encrypted_key", "iv", "ciphertext", "tag"}, name) + 1; n > 0 {
		v, err := c.apply(parts[n], "")
		parts[n] = fmt.Sprint(v)
		return strings.Join(parts, "."), err
	}
	raw, err := jose.DecodeBase64URL(parts[0])
	if err != nil {
		return "", err
	}
	var header map[string]any
	if err := json.Unmarshal(raw, &header); err != nil {
		return "", err
	}
	if err := edit(header, strings.TrimPrefix(name, "header."), c, ""); err != nil {
		return "", err
	}
	raw, err = json.Marshal(header)
	parts[0] = jose.EncodeBase64URL(raw)
	return strings.Join(parts, "."), err
}

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

// Checks are the codes of checks that faults expect.
func Checks(all []Fault) (codes []string) {
	for _, f := range all {
		codes = append(codes, f.Expect.Check...)
	}
	return codes
}

// Answers are those done to a presentation, or those that are not.
func Answers(all []Fault, are bool) []Fault {
	return slices.DeleteFunc(slices.Clone(all), func(f Fault) bool { return f.Presents() != are })
}
