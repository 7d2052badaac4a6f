package server

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/internal/keys"
	"lommebok.example/specs/jose"
	"lommebok.example/verifier/apiclient"
	"lommebok.example/verifier/demo"
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

// demonstrations are the services on the API. They reach it at our address, over the network.
func demonstrations(cfg Config, deps Deps, g *ground) *demo.Demo {
	client := fetch.New(fetch.Config{Timeout: 10 * time.Second, MaxBytes: 1 << 20, Roots: deps.Roots, InsecureAllowLoopback: cfg.InsecureAllowLoopback})
	d := &demo.Demo{Base: cfg.URL, Verifiers: map[string]*apiclient.Verifier{}, Site: g.site, Now: deps.Now, Log: deps.Log}
	for _, s := range demo.Services() {
		d.Verifiers[s.ID] = &apiclient.Verifier{URL: cfg.URL, ID: s.Party, Secret: g.asks.secrets[s.Party], HTTP: bounded{client}}
	}
	return d
}

// bounded sends as http.Client does, within the limits of ours.
type bounded struct{ *fetch.Client }

// Do gives an answer whose body has been read whole.
func (b bounded) Do(r *http.Request) (*http.Response, error) {
	a, err := b.Client.Do(r)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body))}, nil
}
