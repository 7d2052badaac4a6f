package keys

import "time"

// DefaultPatience is how long a signature of a token may take.
const DefaultPatience = 1500 * time.Millisecond

// PKCS11Config says where a token is. The PIN stands in a file, which is read each time the token is opened.
type PKCS11Config struct {
	Module   string // file of the PKCS#11 library
	Token    string // label
	PINFile  string
	Patience time.Duration // 0 for DefaultPatience
	Now      func() time.Time
}
