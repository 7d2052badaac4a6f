package wallet

import (
	"context"
	"encoding/json"
	"net/http"

	"lommebok.example/specs/openid4vci"
)

// tellStored tells the issuer that the credential is stored, and notes how that went. The error is of the noting.
func (w *Wallet) tellStored(ctx context.Context, p *prover, f *Flow, token string, c *Credential, notificationID string) error {
	if notificationID == "" || f.Plan.Issuer.NotificationEndpoint == "" {
		return nil
	}
	if err := w.notify(ctx, p, f, token, notificationID, openid4vci.CredentialAccepted); err != nil {
		c.NotNotified = err.Error()
	} else {
		c.Notified = openid4vci.CredentialAccepted
	}
	return w.Store.write(credentialsDir, c.ID, c)
}

// notify tells the issuer what became of the credentials of one answer (OpenID4VCI 1.0 section 11). An issuer without a
// notification endpoint, or an answer without notification_id, is told nothing. That the user deletes a credential later is never
// told (ARF PAD_03).
func (w *Wallet) notify(ctx context.Context, p *prover, f *Flow, token, notificationID, event string) error {
	address := f.Plan.Issuer.NotificationEndpoint
	if address == "" || notificationID == "" {
		return nil
	}
	body, err := json.Marshal(openid4vci.NotificationRequest{NotificationID: notificationID, Event: event})
	if err != nil {
		return err
	}
	c := call{
		step: "notification (OpenID4VCI 1.0 section 11.1)", method: http.MethodPost, url: address, contentType: "application/json",
		accept: "application/json", body: body, token: token, sent: []string{"event=" + event},
	}
	a, err := p.do(ctx, c)
	if err != nil {
		return err
	}
	if a.Status < http.StatusOK || a.Status >= http.StatusMultipleChoices {
		return refusalOf(c, a)
	}
	return nil
}
