package trust

import (
	"fmt"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/x5c"
)

// SignFolder makes a trust list of a folder as Folder has it, signed with the key that is kept in another one. Key and
// certificate are made at the first call; trust-list.pem there is what a verifier pins. The list is over after life, and
// the next one is due at half of it.
func SignFolder(anchors, signer string, at time.Time, life time.Duration) (string, error) {
	names, _, err := listing(anchors)
	if err != nil {
		return "", err
	}
	l := List{Issued: at, NextUpdate: at.Add(life / 2), Until: at.Add(life)}
	for _, name := range names {
		all, err := readAuthority(anchors, name)
		if err != nil {
			return "", fmt.Errorf("%s.pem: %w", name, err)
		}
		l.Anchors = append(l.Anchors, all...)
	}
	if len(l.Anchors) == 0 {
		return "", fmt.Errorf("%w: no *.pem in %s", ErrList, anchors)
	}
	key, err := keys.Signer(signer, "trust-list")
	if err != nil {
		return "", err
	}
	cert, err := keys.Certificate(signer, "trust-list", key, at, at.Add(life))
	if err != nil {
		return "", err
	}
	if cert == nil {
		subject := x5c.Subject{Country: "NO", CommonName: "Trust list", URI: "urn:lommebok:trust-list"}
		if cert, err = x5c.NewRoot(key, subject, at.UTC().Truncate(time.Hour), signerLife); err != nil {
			return "", err
		}
		if err := keys.KeepCertificate(signer, "trust-list", cert); err != nil {
			return "", err
		}
	}
	return SignList(key, l)
}

// signerLife is how long the certificate of a list's signer holds.
const signerLife = 5 * 365 * 24 * time.Hour
