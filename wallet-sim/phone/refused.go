package phone

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/wallet"
)

// refusedView is why something did not work: in plain words by its kind, and as a tester needs it.
type refusedView struct {
	Kind    string // wallet.refused.<Kind> is the title, wallet.refused_do.<Kind> what to do
	Refusal *wallet.Refusal
	Page    string // where the other side shows what it saw; "" for nowhere
	Detail  string
	TraceID string
}

// Invalid makes the title begin with the word for error.
func (refusedView) Invalid() bool { return true }

// refused shows why an issuance or a presentation ended. The log gets the step and the code alone: addresses in the
// detail open a request for whoever has them.
func (f *Face) refused(c *gin.Context, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	v := refusedView{Kind: ownKind(err), Detail: err.Error(), TraceID: observe.TraceID(c.Request.Context())}
	if errors.As(err, &v.Refusal) {
		v.Kind, v.Page = theirKind(v.Refusal), webPage(v.Refusal.Page)
	}
	line := []any{"trace_id", v.TraceID, "kind", v.Kind}
	if v.Refusal != nil {
		line = append(line, "step", v.Refusal.Step, "code", v.Refusal.Code)
	}
	f.Log.Info("refused", line...)
	f.show(c, http.StatusBadRequest, "wallet_refused", v)
}

// theirKind is the kind of what a server answered.
func theirKind(r *wallet.Refusal) string {
	gone := r.Status == http.StatusNotFound || r.Status == http.StatusGone
	switch {
	case r.Code == "access_denied":
		return "declined"
	case r.Code == "unmet_authentication_requirements":
		return "level"
	case r.At() == "credential offer" && gone, r.At() == "request object" && gone, r.At() == "token request" && r.Code == "invalid_grant":
		return "over"
	case r.Status == http.StatusTooManyRequests || r.Status >= http.StatusInternalServerError:
		return "down"
	}
	return "server"
}

// ownKinds are the kinds of what the wallet itself does not go on with.
var ownKinds = []struct {
	kind   string
	causes []error
}{
	{"state", []error{wallet.ErrState}},
	{"over", []error{openid4vp.ErrTime}},
	{"verifier", []error{openid4vp.ErrUntrusted}},
	{"issuer", []error{openid4vci.ErrUntrusted, x5c.ErrUntrusted}},
	{"link", []error{wallet.ErrInput, openid4vci.ErrLink, openid4vci.ErrOffer, openid4vci.ErrIssuer, openid4vp.ErrLink}},
}

func ownKind(err error) string {
	for _, own := range ownKinds {
		if slices.ContainsFunc(own.causes, func(cause error) bool { return errors.Is(err, cause) }) {
			return own.kind
		}
	}
	var network net.Error
	if errors.As(err, &network) {
		return "unreachable"
	}
	return "wallet"
}

// webPage is an address that a browser may be led to, or "".
func webPage(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		return address
	}
	return ""
}
