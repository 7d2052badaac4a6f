package oauth2

// Grant types.
const (
	GrantAuthorizationCode = "authorization_code" // RFC 6749 section 4.1.3
	GrantRefreshToken      = "refresh_token"      // RFC 6749 section 6
	GrantClientCredentials = "client_credentials" // RFC 6749 section 4.4
)

// Token types.
const (
	TokenTypeDPoP   = "DPoP"   // RFC 9449 section 5
	TokenTypeBearer = "Bearer" // RFC 6750 section 4
)

// PARResponse is the answer of the pushed authorization request endpoint, status
// 201 (RFC 9126 section 2.2). ExpiresIn is in seconds.
type PARResponse struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"`
}

// TokenResponse is the answer of the token endpoint, status 200 (RFC 6749 section
// 5.1). ExpiresIn is in seconds. AuthorizationDetails oblige the wallet to ask by
// credential_identifier (OpenID4VCI 1.0 section 6.2).
type TokenResponse struct {
	AccessToken          string                `json:"access_token"`
	TokenType            string                `json:"token_type"`
	ExpiresIn            int64                 `json:"expires_in,omitempty"`
	RefreshToken         string                `json:"refresh_token,omitempty"`
	Scope                string                `json:"scope,omitempty"`
	AuthorizationDetails []AuthorizationDetail `json:"authorization_details,omitempty"`
	IDToken              string                `json:"id_token,omitempty"` // OpenID Connect Core 1.0 section 3.1.3.3
}
