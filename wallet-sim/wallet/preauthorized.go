package wallet

import (
	"context"
	"fmt"
	"net/url"

	"lommebok.example/specs/openid4vci"
)

// ErrTxCode: the offer takes a transaction code, and there was none. Nothing was sent.
var ErrTxCode = fmt.Errorf("wallet: the offer takes a transaction code (OpenID4VCI 1.0 section 6.1)")

// Redeem gets what an offer with a pre-authorized code is of (OpenID4VCI 1.0 section 3.5). The transaction code goes to the server that
// the plan names: who gives it must have seen which (section 13.6.2). ErrTxCode when it is missing; one that is not asked for is not sent.
func (w *Wallet) Redeem(ctx context.Context, p *Plan, txCode string) ([]*Credential, error) {
	grant := p.PreAuthorized
	if grant == nil {
		return nil, fmt.Errorf("%w: the offer has no pre-authorized code", ErrUnsupported)
	}
	form := url.Values{
		"grant_type": {openid4vci.GrantPreAuthorizedCode}, "pre-authorized_code": {grant.PreAuthorizedCode}, "client_id": {w.ClientID},
	}
	if grant.TxCode != nil {
		if txCode == "" {
			return nil, fmt.Errorf("%w: asked for by %s", ErrTxCode, p.Server.TokenEndpoint)
		}
		form.Set("tx_code", txCode)
	}
	f, err := w.newFlow(ctx, p)
	if err != nil {
		return nil, err
	}
	return w.collect(ctx, f, form)
}
