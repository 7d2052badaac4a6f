package server

import (
	"crypto/ecdsa"
	"fmt"
	"slices"

	"lommebok.example/internal/keys"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oidc"
)

// withDemoServices gives the services of the configuration and, when there is an address for them, the two
// demonstrations. Each shows another way to authenticate and to be logged out. Their keys are made by whoever starts first,
// the issuer or their owner, and found in the same folder by the other.
func withDemoServices(cfg Config) ([]authserver.Service, error) {
	if cfg.DemoServicesURL == "" {
		return cfg.Services, nil
	}
	if cfg.DemoServicesDir == "" || !cfg.InsecureTestPeople {
		return nil, fmt.Errorf("%w: demonstration services need a folder, and test people to log in", ErrConfig)
	}
	lanekassen, skatteetaten := lanekassen(cfg.DemoServicesURL), skatteetaten(cfg.DemoServicesURL)
	key, err := keys.Signer(cfg.DemoServicesDir, lanekassen.ID)
	if err != nil {
		return nil, err
	}
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: the key of %s is no ECDSA key", ErrConfig, lanekassen.ID)
	}
	lanekassen.Keys = jose.JWKS{Keys: []jose.JWK{jose.PublicJWK(pub)}}
	secret, err := keys.Secret(cfg.DemoServicesDir, skatteetaten.ID, 32)
	if err != nil {
		return nil, err
	}
	skatteetaten.Secret = authserver.HashOf(jose.EncodeBase64URL(secret))
	return append(slices.Clone(cfg.Services), lanekassen, skatteetaten), nil
}

func lanekassen(base string) authserver.Service {
	base += "/eid/demo_lanekassen"
	return authserver.Service{
		ID: "demo_lanekassen", Level: minid.LevelSubstantial, Auth: oidc.AuthPrivateKeyJWT,
		Name: authserver.Words{
			NB: "Lånekassen (demonstrasjon)", NN: "Lånekassen (demonstrasjon)", EN: "Lånekassen, student loans (demonstration)",
		},
		RedirectURIs: []string{base + "/callback"}, PostLogoutRedirectURIs: []string{base + "/loggedout"},
		BackchannelLogoutURI: base + "/backchannel", BackchannelSession: true,
	}
}

func skatteetaten(base string) authserver.Service {
	base += "/eid/demo_skatteetaten"
	return authserver.Service{
		ID: "demo_skatteetaten", Level: minid.LevelSubstantial, Auth: oidc.AuthSecretBasic,
		Name: authserver.Words{
			NB: "Skatteetaten (demonstrasjon)", NN: "Skatteetaten (demonstrasjon)", EN: "Skatteetaten, the tax administration (demonstration)",
		},
		RedirectURIs: []string{base + "/callback"}, PostLogoutRedirectURIs: []string{base + "/loggedout"},
		FrontchannelLogoutURI: base + "/frontchannel", FrontchannelSession: true,
	}
}
