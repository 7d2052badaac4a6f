package authserver_test

import (
	"errors"
	"strings"
	"testing"

	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
)

const servicesFile = `services:
  - client_id: tax
    name: {nb: Skatt, nn: Skatt, en: Tax}
    redirect_uris: ["https://tax.example/cb"]
    post_logout_redirect_uris: ["https://tax.example/out"]
    frontchannel_logout_uri: https://tax.example/front
    frontchannel_logout_session_required: true
    token_endpoint_auth_method: client_secret_basic
    client_secret_sha256: n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg
    least_level: substantial
`

func TestServicesFile(t *testing.T) {
	services, err := authserver.ParseServices([]byte(servicesFile))
	if err != nil || len(services) != 1 || services[0].Level != minid.LevelSubstantial || services[0].Secret != authserver.HashOf("test") || services[0].Name.NN != "Skatt" {
		t.Fatalf("%+v, %v", services, err)
	}
	asJSON := `{"services":[{"client_id":"loans","name":{"nb":"L","nn":"L","en":"L"},"redirect_uris":["http://localhost:1/cb"],"least_level":"high",
		"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[{"kty":"EC","crv":"P-256","kid":"1",
		"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}}]}`
	if services, err := authserver.ParseServices([]byte(asJSON)); err != nil || len(services[0].Keys.Keys) != 1 {
		t.Fatalf("%+v, %v", services, err)
	}
	for name, change := range map[string][2]string{
		"unknown member":      {"least_level:", "lowest_level: low\n    least_level:"},
		"no level":            {"    least_level: substantial\n", ""},
		"level none":          {"substantial", "none"},
		"name missing":        {", en: Tax", ""},
		"no redirect_uris":    {`["https://tax.example/cb"]`, "[]"},
		"http":                {"https://tax.example/cb", "http://tax.example/cb"},
		"an app's scheme":     {"https://tax.example/cb", "com.example.tax:/cb"},
		"fragment":            {"https://tax.example/out", "https://tax.example/out#x"},
		"front channel http":  {"https://tax.example/front", "http://tax.example/front"},
		"session of none":     {"    frontchannel_logout_uri: https://tax.example/front\n", ""},
		"no method":           {"client_secret_basic", "none"},
		"key without keys":    {"client_secret_basic", "private_key_jwt"},
		"secret in the clear": {"n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg", "secret"},
		"no secret":           {"    client_secret_sha256: n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg\n", ""},
	} {
		if _, err := authserver.ParseServices([]byte(strings.Replace(servicesFile, change[0], change[1], 1))); !errors.Is(err, authserver.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	private := strings.Replace(asJSON, `"kid":"1"`, `"d":"AQ"`, 1)
	if _, err := authserver.ParseServices([]byte(private)); !errors.Is(err, authserver.ErrConfig) {
		t.Errorf("a private key: %v", err)
	}
}

func FuzzServices(f *testing.F) {
	f.Add([]byte(servicesFile))
	f.Add([]byte(`{"services":[{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		services, err := authserver.ParseServices(raw)
		for _, s := range services {
			if err == nil && (s.ID == "" || s.Level < minid.LevelLow || len(s.RedirectURIs) == 0) {
				t.Errorf("taken: %+v", s)
			}
		}
	})
}
