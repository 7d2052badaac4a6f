package server

import (
	"fmt"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/jose"
	"lommebok.example/verifier/eidclient"
)

// demoServices are the services that log people in with MinID. Who starts first, the provider or we, makes their keys.
func demoServices(cfg Config) ([]eidclient.Service, error) {
	if cfg.MinIDURL == "" {
		return nil, nil
	}
	if cfg.DemoServicesDir == "" {
		return nil, fmt.Errorf("%w: the folder of the demonstration services is not set", ErrConfig)
	}
	key, err := keys.Signer(cfg.DemoServicesDir, "demo_lanekassen")
	if err != nil {
		return nil, err
	}
	secret, err := keys.Secret(cfg.DemoServicesDir, "demo_skatteetaten", 32)
	if err != nil {
		return nil, err
	}
	return []eidclient.Service{
		{ID: "demo_lanekassen", Key: key}, {ID: "demo_skatteetaten", Secret: jose.EncodeBase64URL(secret)},
	}, nil
}
