package login

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// Operator is the page on how people log in: how many, by day and factor, and nothing of who;
// beside it are the service's metrics, for Prometheus. Both are shown to whoever has
// Token, as password of HTTP Basic (RFC 7617) or as bearer token, or to anybody where InsecureOpen is set, which is safe
// where only synthetic people have accounts. With neither it is not there.
type Operator struct {
	Core         *minid.Core
	Site         *web.Site
	Token        string
	InsecureOpen bool
	Metrics      http.Handler // nil for none
}

// Mount puts GET /operator/logins and /operator/metrics on r, when there is somebody to show them to.
func (o *Operator) Mount(r gin.IRouter) {
	if o.Token != "" || o.InsecureOpen {
		r.GET("/operator/logins", o.guarded, o.logins)
		if o.Metrics != nil {
			r.GET("/operator/metrics", o.guarded, gin.WrapH(o.Metrics))
		}
	}
}

const daysShown = 30

// share is one factor's part of the logins in the time that is shown.
type share struct {
	Factor  minid.Factor
	Logins  int
	Percent int
	From    int // where its part of the bar begins
}

type loginDay struct {
	Day    string
	Logins []int // by factor, in the order of the shares
	Total  int
}

type loginsView struct {
	Shares []share
	Days   []loginDay
	Total  int
	Span   int
}

// guarded lets the operator through.
func (o *Operator) guarded(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	if !o.InsecureOpen && !o.allowed(c.Request) {
		c.Header("WWW-Authenticate", `Basic realm="operator", charset="UTF-8"`)
		o.Site.Problem(c, web.Problem{Status: http.StatusUnauthorized, Code: "operator", TextKey: "operator.problem.token"})
	}
}

func (o *Operator) logins(c *gin.Context) {
	counts, err := o.Core.LoginCounts(c.Request.Context(), (daysShown-1)*24*time.Hour)
	if err != nil {
		o.Site.Failure(c, err)
		return
	}
	o.Site.Render(c, http.StatusOK, "operator_logins", summarise(counts))
}

// allowed compares hashes, so that time tells nothing of the token's length.
func (o *Operator) allowed(r *http.Request) bool {
	_, given, ok := r.BasicAuth()
	if !ok {
		if _, err := fmt.Sscanf(r.Header.Get("Authorization"), "Bearer %s", &given); err != nil {
			return false
		}
	}
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(o.Token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

var counted = []minid.Factor{minid.FactorApp, minid.FactorTOTP, minid.FactorSMS, minid.FactorRecovery, minid.FactorPassword}

// summarise makes shares of counts, which come newest first. Percents are rounded down, and the largest takes the rest.
func summarise(counts []minid.LoginCount) loginsView {
	v := loginsView{Span: daysShown}
	for i, f := range counted {
		v.Shares = append(v.Shares, share{Factor: f})
		for _, n := range counts {
			if n.Factor != f {
				continue
			}
			v.Shares[i].Logins += n.Logins
			v.Total += n.Logins
		}
	}
	for _, n := range counts {
		if len(v.Days) == 0 || v.Days[len(v.Days)-1].Day != n.Day {
			v.Days = append(v.Days, loginDay{Day: n.Day, Logins: make([]int, len(counted))})
		}
		day := &v.Days[len(v.Days)-1]
		for i, f := range counted {
			if n.Factor == f {
				day.Logins[i] += n.Logins
				day.Total += n.Logins
			}
		}
	}
	v.percents()
	return v
}

func (v *loginsView) percents() {
	if v.Total == 0 {
		return
	}
	rest, largest := 100, 0
	for i := range v.Shares {
		v.Shares[i].Percent = v.Shares[i].Logins * 100 / v.Total
		rest -= v.Shares[i].Percent
		if v.Shares[i].Logins > v.Shares[largest].Logins {
			largest = i
		}
	}
	v.Shares[largest].Percent += rest
	from := 0
	for i := range v.Shares {
		v.Shares[i].From = from
		from += v.Shares[i].Percent
	}
}
