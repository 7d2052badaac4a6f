package phone

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid/app"
	"lommebok.example/specs/oauth2"
	"lommebok.example/web"
)

// personView is a test person with the code of now.
type personView struct{ Name, PID, Password, Basis, Code, AppCode string }

// deviceView is a paired MinID app and what waits for it.
type deviceView struct {
	ID, Owner string
	Waiting   *waitingView
	Offline   bool // MinID does not answer, or no longer knows the app
}

// waitingView is a login that waits for an answer.
type waitingView struct{ ID, Service, Time string }

// phoneView is the page of the telephone. Poll names what it shows, so that it is read again only when there is news.
type phoneView struct {
	People  []personView
	Devices []deviceView
	Seconds int // until the codes change
	Poll    string
	Said    string // outcome of the last form
}

func (f *Face) phone(c *gin.Context) {
	people, err := ReadPeople(f.People)
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	devices, err := f.deviceViews(c.Request.Context())
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	now := f.Now()
	v := phoneView{Devices: devices, Seconds: secondsLeft(now), Poll: f.stamp(now, devices), Said: c.Query("said")}
	for _, p := range people {
		v.People = append(v.People, personView{p.Name, p.PID, p.Password, p.Basis, p.Code(now), p.AppCode})
	}
	f.site.Render(c, http.StatusOK, "wallet_phone", v)
}

// stamp is the address to ask for news: it holds what the page shows.
func (f *Face) stamp(now time.Time, devices []deviceView) string {
	waiting := make([]string, 0, len(devices))
	for _, d := range devices {
		if d.Waiting != nil {
			waiting = append(waiting, d.Waiting.ID)
		}
	}
	return "/phone/state?period=" + strconv.FormatInt(now.Unix()/int64(codePeriod/time.Second), 10) + "&waiting=" + strings.Join(waiting, ",")
}

// phoneState tells the script whether the page is out of date.
func (f *Face) phoneState(c *gin.Context) {
	devices, err := f.deviceViews(c.Request.Context())
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	now := f.Now()
	if f.stamp(now, devices) != c.Request.URL.RequestURI() {
		f.site.Poll(c, web.PollAnswer{Done: true})
		return
	}
	f.site.Poll(c, web.PollAnswer{Text: f.site.T(web.Lang(c), "wallet.phone.live"), Note: f.left(web.Lang(c), secondsLeft(now))})
}

func (f *Face) left(lang string, seconds int) string {
	if seconds == 1 {
		return f.site.T(lang, "wallet.phone.left.one", "n", seconds)
	}
	return f.site.T(lang, "wallet.phone.left.many", "n", seconds)
}

func (f *Face) deviceViews(ctx context.Context) ([]deviceView, error) {
	all, err := f.Devices.List()
	if err != nil {
		return nil, err
	}
	views := make([]deviceView, 0, len(all))
	for _, one := range all {
		v := deviceView{ID: one.ID, Owner: one.Owner}
		pending, err := f.Devices.Pending(ctx, one)
		v.Offline = err != nil
		if len(pending) > 0 {
			v.Waiting = viewWaiting(pending[0])
		}
		views = append(views, v)
	}
	return views, nil
}

func viewWaiting(a app.PendingAttempt) *waitingView {
	v := &waitingView{ID: a.ID, Service: a.Service}
	if at, err := time.Parse(time.RFC3339, a.CreatedAt); err == nil {
		v.Time = at.Local().Format("15:04")
	}
	return v
}

// approvalView is the page of one login.
type approvalView struct {
	web.Form
	Device  string
	Owner   string
	Waiting *waitingView
}

func (f *Face) approval(c *gin.Context) { f.showApproval(c, http.StatusOK, "") }

func (f *Face) showApproval(c *gin.Context, status int, wrong string) {
	one, err := f.Devices.get(c.Param("device"))
	if err != nil {
		f.noAttempt(c)
		return
	}
	pending, err := f.Devices.Pending(c.Request.Context(), one)
	if err != nil || len(pending) == 0 {
		f.noAttempt(c)
		return
	}
	v := approvalView{Device: one.ID, Owner: one.Owner, Waiting: viewWaiting(pending[0])}
	if wrong != "" {
		v.Errors = []web.FieldError{{Field: "number", Text: f.site.T(web.Lang(c), wrong)}}
	}
	f.site.Render(c, status, "wallet_approval", v)
}

func (f *Face) noAttempt(c *gin.Context) {
	f.site.Problem(c, web.Problem{
		Status: http.StatusGone, Code: "no_login_waits", TextKey: "wallet.problem.attempt",
		ReturnURL: "/phone", ReturnTextKey: "wallet.phone.title",
	})
}

// approve answers the login. A number that is not two digits is not sent: a wrong one would end the login.
func (f *Face) approve(c *gin.Context) {
	yes, number := c.PostForm("action") == "approve", strings.TrimSpace(c.PostForm("number"))
	if _, err := strconv.Atoi(number); yes && (err != nil || len(number) != 2) {
		f.showApproval(c, http.StatusBadRequest, "wallet.approval.number_form")
		return
	}
	one, err := f.Devices.get(c.Param("device"))
	if err != nil {
		f.noAttempt(c)
		return
	}
	_, err = f.Devices.Answer(c.Request.Context(), one, c.PostForm("attempt"), number, yes)
	var refused *oauth2.Error
	switch {
	case errors.As(err, &refused) && refused.Code == app.WrongNumber:
		f.to(c, "/phone?said=wrong")
	case errors.Is(err, ErrNoAttempt), errors.As(err, &refused):
		f.noAttempt(c)
	case err != nil:
		f.site.Failure(c, err)
	case yes:
		f.to(c, "/phone?said=approved")
	default:
		f.to(c, "/phone?said=rejected")
	}
}

// pairView is the page on which the app is paired.
type pairView struct {
	web.Form
	Owners []string
	Issuer string
}

func (f *Face) pairing(c *gin.Context) { f.showPairing(c, http.StatusOK, "") }

func (f *Face) showPairing(c *gin.Context, status int, wrong string) {
	people, err := ReadPeople(f.People)
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	v := pairView{Issuer: f.Issuer}
	for _, p := range people {
		v.Owners = append(v.Owners, p.Name)
	}
	if wrong != "" {
		v.Errors = []web.FieldError{{Field: "code", Text: f.site.T(web.Lang(c), wrong)}}
	}
	f.site.Render(c, status, "wallet_pair", v)
}

func (f *Face) pair(c *gin.Context) {
	if strings.TrimSpace(c.PostForm("code")) == "" {
		f.showPairing(c, http.StatusBadRequest, "wallet.pair.missing")
		return
	}
	_, err := f.Devices.Pair(c.Request.Context(), f.Issuer, c.PostForm("owner"), c.PostForm("code"))
	var refused *oauth2.Error
	switch {
	case errors.As(err, &refused):
		f.showPairing(c, http.StatusBadRequest, "wallet.pair.refused")
	case err != nil:
		f.site.Failure(c, err)
	default:
		f.to(c, "/phone?said=paired")
	}
}
