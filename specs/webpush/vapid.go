package webpush

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"lommebok.example/specs/jose"
)

// ErrVAPID is what is wrong with an Authorization header.
var ErrVAPID = errors.New("webpush: not a header of VAPID (RFC 8292)")

// maxLife is how long a token may live (RFC 8292 section 2); ours lives half of it.
const maxLife = 24 * time.Hour

type claims struct {
	Aud string `json:"aud"`
	Exp int64  `json:"exp"`
	Sub string `json:"sub,omitempty"`
}

// Authorization is the header value of a message to endpoint: a token signed with key (P-256), and the key. contact is a
// mailto: or https: address at which the push service reaches the sender (section 2.1).
func Authorization(key crypto.Signer, endpoint, contact string, now time.Time) (string, error) {
	audience, err := origin(endpoint)
	if err != nil {
		return "", err
	}
	public, err := PublicKey(key)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(key, jose.Header{Typ: "JWT"})
	if err != nil {
		return "", fmt.Errorf("webpush: %w", err)
	}
	token, err := signer.SignJSON(claims{Aud: audience, Exp: now.Add(maxLife / 2).Unix(), Sub: contact})
	if err != nil {
		return "", fmt.Errorf("webpush: %w", err)
	}
	return "vapid t=" + token + ", k=" + jose.EncodeBase64URL(public), nil
}

// PublicKey is the key as push services and apps know it: an uncompressed point, the applicationServerKey of the Push API.
func PublicKey(key crypto.Signer) ([]byte, error) {
	public, ok := key.Public().(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, ErrKey
	}
	point, err := public.ECDH()
	if err != nil {
		return nil, ErrKey
	}
	return point.Bytes(), nil
}

// origin is the audience of a message (section 2): scheme and host, and a port that is not the scheme's own.
func origin(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%w: the endpoint is no address", ErrVAPID)
	}
	if u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	return u.Scheme + "://" + u.Host, nil
}

// VerifyAuthorization is the push service's end: it gives the contact of a header that was made for endpoint with the key
// of the subscription, an uncompressed point (section 4.2). ErrVAPID.
func VerifyAuthorization(header, endpoint string, subscribed []byte, now time.Time) (contact string, err error) {
	parameters, ok := strings.CutPrefix(header, "vapid ")
	if !ok {
		return "", fmt.Errorf("%w: expected the scheme vapid", ErrVAPID)
	}
	fields := map[string]string{}
	for field := range strings.SplitSeq(parameters, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	if fields["k"] != jose.EncodeBase64URL(subscribed) {
		return "", fmt.Errorf("%w: k is not the key of the subscription", ErrVAPID)
	}
	key, err := publicKey(subscribed)
	if err != nil {
		return "", err
	}
	u, err := jose.Parse(fields["t"], jose.Rules{Typ: "JWT", MaxBytes: recordSize})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrVAPID, err)
	}
	payload, err := u.Verify(key)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrVAPID, err)
	}
	var c claims
	if err := jose.Unmarshal(payload, &c); err != nil {
		return "", fmt.Errorf("%w: %w", ErrVAPID, err)
	}
	audience, err := origin(endpoint)
	if err != nil {
		return "", err
	}
	expires := time.Unix(c.Exp, 0)
	switch {
	case c.Aud != audience:
		return "", fmt.Errorf("%w: aud is for another push service", ErrVAPID)
	case !now.Before(expires) || expires.After(now.Add(maxLife)):
		return "", fmt.Errorf("%w: exp is past, or more than 24 hours away", ErrVAPID)
	}
	return c.Sub, nil
}

func publicKey(point []byte) (*ecdsa.PublicKey, error) {
	if _, err := ecdh.P256().NewPublicKey(point); err != nil || len(point) != keyLength {
		return nil, ErrKey
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, ErrKey
	}
	return key, nil
}
