package phone

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/web"
)

// frame is a page of the telephone with what stands around it: the apps, and the timeline beside it where there is room.
type frame struct {
	App      string // whose tab is marked: wallet, minid or timeline
	View     any
	Timeline timelineView
	Follow   bool // the timeline has a stream of its own; on the page of MinID that of the page serves it too
}

// Invalid is that of the page.
func (f frame) Invalid() bool {
	form, ok := f.View.(interface{ Invalid() bool })
	return ok && form.Invalid()
}

// apps says whose the pages are that are not the wallet's.
var apps = map[string]string{
	"wallet_phone": "minid", "wallet_pair": "minid", "wallet_pair_confirm": "minid", "wallet_approval": "minid", "wallet_timeline": "timeline",
}

// show writes a page of the telephone.
func (f *Face) show(c *gin.Context, status int, page string, view any, options ...web.Option) {
	rows := besideRows
	if page == "wallet_timeline" {
		rows = pageRows
	}
	timeline, err := f.timeline(rows)
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	app := apps[page]
	if app == "" {
		app = "wallet"
	}
	f.site.Render(c, status, page, frame{app, view, timeline, page != "wallet_phone"}, options...)
}

// cards gives the colours of the credentials as a stylesheet: the Content-Security-Policy allows none in the page.
func (f *Face) cards(c *gin.Context) {
	all, err := f.Wallet.Store.List()
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	var css strings.Builder
	for _, one := range all {
		if look := one.Look(web.Lang(c)); look.Background != "" {
			fmt.Fprintf(&css, ".lb-pass[data-card=\"%s\"] { background: %s; color: %s; }\n", one.ID, look.Background, look.Text)
		}
	}
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, "text/css; charset=utf-8", []byte(css.String()))
}
