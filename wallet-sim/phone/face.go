package phone

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/wallet-sim/journal"
	"lommebok.example/wallet-sim/wallet"
	"lommebok.example/web"
)

// Face is the wallet and the telephone as pages. All fields must be set but Verifier, People and Provider.
type Face struct {
	URL      string // its own address: scheme and host
	Issuer   string // where to get credentials, and where the MinID is that the app is paired with
	Verifier string // where to try them
	People   string // file with the test people
	Wallet   *wallet.Wallet
	Journal  journal.Journal // what the wallet records
	Devices  *Devices
	Provider http.Handler // the wallet provider's status lists, below /wallet-provider; nil for none
	Now      func() time.Time
	Log      *slog.Logger

	site     *web.Site
	host     string
	refusals refusals
	reads    sync.Mutex // one picture at a time: it may take much memory
	stopped  chan struct{}
	closing  sync.Once
}

// Handler mounts the pages.
func (f *Face) Handler() (http.Handler, error) {
	u, err := url.Parse(f.URL)
	if err != nil || u.Host == "" {
		return nil, errors.New("phone: the simulator's own address must be scheme and host, such as http://localhost:8082")
	}
	f.host, f.stopped = u.Host, make(chan struct{})
	if f.site, err = web.New(web.Config{Service: "wallet", Secure: u.Scheme == "https", Log: f.Log}); err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	if err := r.SetTrustedProxies(nil); err != nil {
		return nil, err
	}
	r.Use(observe.Middleware(f.Log, f.Now))
	f.site.Mount(r)
	r.GET("/health", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) })
	if f.Provider != nil {
		r.GET("/wallet-provider/*list", gin.WrapH(http.StripPrefix("/wallet-provider", f.Provider)))
	}
	r.Group("", f.ownHost, f.site.OwnPosts(maxPicture)).POST("/receive", f.receive)
	f.mountWallet(r.Group("", f.ownHost, f.site.OwnForms()))
	f.mountMinID(r.Group("/phone", f.ownHost, f.site.OwnForms()))
	return r, nil
}

// callbackPath is where the browser comes back from a sign-in, with what can be used once.
const callbackPath = "/callback"

func (f *Face) mountWallet(pages gin.IRouter) {
	pages.GET("/", f.index)
	pages.GET("/cards.css", f.cards)
	pages.GET("/credentials/:id", f.credential)
	pages.GET("/credentials/:id/delete", f.deletion)
	pages.POST("/credentials/:id/delete", f.delete)
	pages.GET("/receive", f.receiving)
	pages.GET("/offer", f.offer)
	pages.POST("/offer", f.accept)
	pages.POST("/pending/:id", f.pickUp)
	pages.GET(callbackPath, f.callback)
	pages.GET("/refused/:id", f.refusal)
	pages.GET("/present", f.present)
	pages.POST("/present/:id", f.answer)
	pages.GET("/history", f.history)
	pages.GET("/timeline", f.timelinePage)
	pages.GET("/timeline/events", f.timelineEvents)
	pages.GET("/timeline.har", f.archive)
}

func (f *Face) mountMinID(pages gin.IRouter) {
	pages.GET("", f.phone)
	pages.GET("/events", f.events)
	pages.GET("/pair", f.pairing)
	pages.POST("/pair", f.pair)
	pages.POST("/pair/confirm", f.confirmPairing)
	pages.GET("/approvals/:device", f.approval)
	pages.POST("/approvals/:device", f.approve)
}

// ownHost refuses requests for another name: a page elsewhere could make its own name lead to this machine, and then read
// what is in the wallet.
func (f *Face) ownHost(c *gin.Context) {
	if c.Request.Host != f.host {
		f.site.Problem(c, web.Problem{Status: http.StatusMisdirectedRequest, Code: "another_host", TextKey: "wallet.problem.host"})
	}
}
