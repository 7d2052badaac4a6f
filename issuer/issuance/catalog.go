package issuance

import (
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/minid/authserver"
)

// Catalog tells the authorization server what can be asked for.
type Catalog struct{ Types *credentials.Set }

// handover is what is left of max_auth_age when the person has consented: the time for code, token, nonce and the
// credential request, so that who is let through with a sign-in that is almost too old is not refused at the end.
const handover = 2 * time.Minute

func resource(t *credentials.Type) authserver.Resource {
	age := t.MaxAuthAge
	if age > 2*handover {
		age -= handover
	}
	return authserver.Resource{
		ConfigurationID: t.ID, Scope: t.Scope, Level: t.Level, MaxAuthAge: age, PreAuthorized: t.PreAuthorized(), TxCode: t.TxCode,
		Reissue: t.ReissueWithin,
	}
}

// ByScope implements authserver.Catalog.
func (c Catalog) ByScope(scope string) (authserver.Resource, bool) {
	t, ok := c.Types.ByScope(scope)
	if !ok {
		return authserver.Resource{}, false
	}
	return resource(t), true
}

// ByConfiguration implements authserver.Catalog.
func (c Catalog) ByConfiguration(id string) (authserver.Resource, bool) {
	t, ok := c.Types.ByID(id)
	if !ok {
		return authserver.Resource{}, false
	}
	return resource(t), true
}

// Scopes implements authserver.Catalog.
func (c Catalog) Scopes() []string {
	var scopes []string
	for _, t := range c.Types.All() {
		scopes = append(scopes, t.Scope)
	}
	return scopes
}

// Consent implements authserver.Catalog.
func (c Catalog) Consent(id, lang string) (authserver.ConsentText, bool) {
	t, ok := c.Types.ByID(id)
	if !ok {
		return authserver.ConsentText{}, false
	}
	text := authserver.ConsentText{
		Name: t.Display.Name.In(lang), Description: t.Display.Description.In(lang), Validity: t.Validity,
	}
	for _, claim := range t.Claims {
		if !claim.OfFormat() {
			text.Claims = append(text.Claims, claim.Label.In(lang))
		}
	}
	return text, true
}
