package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"lommebok.example/specs/jose"
)

// lote is as much of a list by ETSI TS 119 602 as counts here.
type lote struct {
	Scheme struct {
		Type       string    `json:"LoTEType"`
		Issued     time.Time `json:"ListIssueDateTime"`
		NextUpdate time.Time `json:"NextUpdate"`
	} `json:"ListAndSchemeInformation"`
	Entities []struct {
		About struct {
			Names []struct {
				Value string `json:"value"`
			} `json:"TEName"`
		} `json:"TrustedEntityInformation"`
		Services []struct {
			About loteService `json:"ServiceInformation"`
		} `json:"TrustedEntityServices"`
	} `json:"TrustedEntitiesList"`
}

type loteService struct {
	Type     string `json:"ServiceTypeIdentifier"`
	Status   string `json:"ServiceStatus"`
	Identity struct {
		Certificates []struct {
			Value string `json:"val"`
		} `json:"X509Certificates"`
	} `json:"ServiceDigitalIdentity"`
}

// parseLoTE reads the JSON binding of ETSI TS 119 602, as far as it is known from others (specs/README.md).
func parseLoTE(payload []byte, types []string) (*List, error) {
	var claims struct {
		LoTE json.RawMessage `json:"LoTE"`
	}
	if err := jose.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	if claims.LoTE == nil {
		claims.LoTE = payload // some publish the list without the member around it
	}
	var t lote
	if err := jose.Unmarshal(claims.LoTE, &t); err != nil {
		return nil, err
	}
	if t.Scheme.Issued.IsZero() || !t.Scheme.NextUpdate.After(t.Scheme.Issued) || t.Entities == nil {
		return nil, errors.New("expected ListIssueDateTime, NextUpdate after it, and TrustedEntitiesList (ETSI TS 119 602)")
	}
	l := &List{Type: t.Scheme.Type, Issued: t.Scheme.Issued.UTC(), NextUpdate: t.Scheme.NextUpdate.UTC(), Until: t.Scheme.NextUpdate.UTC()}
	for _, entity := range t.Entities {
		name := "an entity without a name"
		if len(entity.About.Names) > 0 {
			name = entity.About.Names[0].Value
		}
		for _, service := range entity.Services {
			anchors, err := service.About.anchors(name, types)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			l.Anchors = append(l.Anchors, anchors...)
		}
	}
	return l, nil
}

const serviceTypes = "http://uri.etsi.org/19602/SvcType/"

// attesting are the services whose authorities stand behind credentials; true for those that tell the status of them alone. Those of
// wallets (WalletSolution) and of relying parties (WRPAC, WRPRC) end in /Issuance too, and attest nothing.
var attesting = map[string]bool{
	serviceTypes + "PID/Issuance": false, serviceTypes + "PID/Revocation": true,
	serviceTypes + "PubEAA/Issuance": false, serviceTypes + "PubEAA/Revocation": true,
	serviceTypes + "EAA/Issuance": false, serviceTypes + "EAA/Revocation": true,
}

// inForce tells whether a service counts; the lists of PID providers carry no status.
func (s loteService) inForce() bool {
	return s.Status == "" || strings.HasSuffix(s.Status, "/notified") || strings.HasSuffix(s.Status, "/granted")
}

func (s loteService) anchors(name string, types []string) ([]Anchor, error) {
	statusOnly, attests := attesting[s.Type]
	if !attests || !s.inForce() {
		return nil, nil
	}
	var all []Anchor
	for _, c := range s.Identity.Certificates {
		cert, err := parseCertificate(c.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, Anchor{Name: name, Certificate: cert, Types: types, StatusOnly: statusOnly})
	}
	return all, nil
}
