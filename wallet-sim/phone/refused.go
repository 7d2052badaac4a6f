package phone

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"

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
	Again   string // where to try again; "" for nowhere
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
	if c.Request.Method == http.MethodGet && c.FullPath() != callbackPath {
		if v.Kind == "unreachable" || v.Kind == "down" {
			v.Again = c.Request.URL.RequestURI()
		}
		f.show(c, http.StatusBadRequest, "wallet_refused", v)
		return
	}
	f.to(c, "/refused/"+f.refusals.keep(v))
}

// keptRefusals is how many pages of what cannot be asked for again are kept.
const keptRefusals = 20

// refusals are the latest of what was refused where the address cannot be asked for again, by random names: such a page can be read
// anew, and in another language.
type refusals struct {
	mu   sync.Mutex
	ids  []string
	kept map[string]refusedView
}

func (r *refusals) keep(v refusedView) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ids) == keptRefusals {
		delete(r.kept, r.ids[0])
		r.ids = r.ids[1:]
	}
	if r.kept == nil {
		r.kept = map[string]refusedView{}
	}
	id := rand.Text()
	r.ids, r.kept[id] = append(r.ids, id), v
	return id
}

func (r *refusals) get(id string) (refusedView, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.kept[id]
	return v, ok
}

// refusal shows once more what was refused. Who comes too late begins anew.
func (f *Face) refusal(c *gin.Context) {
	v, ok := f.refusals.get(c.Param("id"))
	if !ok {
		f.to(c, "/")
		return
	}
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
