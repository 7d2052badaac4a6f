package phone

import (
	"context"
	"errors"
	"net/http"
	"slices"
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
	History   []answeredView
	Offline   bool // MinID does not answer, or no longer knows the app
}

// waitingView is a login that waits for an answer.
type waitingView struct{ ID, Service, Time string }

// answeredView is an answer that was given.
type answeredView struct {
	Service, Time string
	Answer        Answer
}

// phoneView is the page of the telephone. What of it changes is said by /phone/events.
type phoneView struct {
	People  []personView
	Devices []deviceView
	Seconds int    // until the codes change
	Said    string // outcome of the last form
}

// Waits tells whether somebody may be typing a number: without scripts the page is then not read anew, which would take it away.
func (v phoneView) Waits() bool {
	return slices.ContainsFunc(v.Devices, func(d deviceView) bool { return d.Waiting != nil })
}

func (f *Face) phone(c *gin.Context) {
	people, err := ReadPeople(f.People)
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	devices, err := f.deviceViews(c.Request.Context(), web.Lang(c))
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	now := f.Now()
	v := phoneView{Devices: devices, Seconds: secondsLeft(now), Said: c.Query("said")}
	for _, p := range people {
		v.People = append(v.People, personView{p.Name, p.PID, p.Password, p.Basis, p.Code(now), p.AppCode})
	}
	f.show(c, http.StatusOK, "wallet_phone", v)
}

func (f *Face) left(lang string, seconds int) string {
	if seconds == 1 {
		return f.site.T(lang, "wallet.phone.left.one", "n", seconds)
	}
	return f.site.T(lang, "wallet.phone.left.many", "n", seconds)
}

func (f *Face) deviceViews(ctx context.Context, lang string) ([]deviceView, error) {
	all, err := f.Devices.List()
	if err != nil {
		return nil, err
	}
	views := make([]deviceView, 0, len(all))
	for _, one := range all {
		v := deviceView{ID: one.ID, Owner: one.Owner}
		answers, err := f.Devices.Answers(one)
		if err != nil {
			return nil, err
		}
		for _, a := range answers {
			v.History = append(v.History, answeredView{a.Service, timeIn(lang, a.At), a.Answer})
		}
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
		v.Errors = []web.FieldError{{Field: "number-" + one.ID, Text: f.site.T(web.Lang(c), wrong)}}
	}
	f.show(c, status, "wallet_approval", v)
}

func (f *Face) noAttempt(c *gin.Context) {
	f.site.Problem(c, web.Problem{
		Status: http.StatusGone, Code: "no_login_waits", TextKey: "wallet.problem.attempt",
		ReturnURL: "/phone", ReturnTextKey: "wallet.phone.title",
	})
}

// approve answers the login. A number that is not two digits is not sent: a wrong one would end the login. What is no
// answer is a rejection.
func (f *Face) approve(c *gin.Context) {
	answer, number := Answer(c.PostForm("action")), strings.TrimSpace(c.PostForm("number"))
	if answer != Approve && answer != NotMe {
		answer = Reject
	}
	if _, err := strconv.Atoi(number); answer == Approve && (err != nil || len(number) != 2) {
		f.showApproval(c, http.StatusBadRequest, "wallet.approval.number_form")
		return
	}
	one, err := f.Devices.get(c.Param("device"))
	if err != nil {
		f.noAttempt(c)
		return
	}
	_, err = f.Devices.Answer(c.Request.Context(), one, c.PostForm("attempt"), answer, number)
	var refused *oauth2.Error
	switch {
	case errors.As(err, &refused) && refused.Code == app.WrongNumber:
		f.to(c, "/phone?said=wrong")
	case errors.Is(err, ErrNoAttempt), errors.As(err, &refused):
		f.noAttempt(c)
	case err != nil:
		f.site.Failure(c, err)
	default:
		f.to(c, "/phone?said="+string(answer))
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
	f.show(c, status, "wallet_pair", v)
}

// pair asks whose the code is, and shows it before the app is paired.
func (f *Face) pair(c *gin.Context) {
	if strings.TrimSpace(c.PostForm("code")) == "" {
		f.showPairing(c, http.StatusBadRequest, "wallet.pair.missing")
		return
	}
	one, person, err := f.Devices.Look(c.Request.Context(), f.Issuer, c.PostForm("owner"), c.PostForm("code"))
	var refused *oauth2.Error
	switch {
	case errors.As(err, &refused):
		f.showPairing(c, http.StatusBadRequest, "wallet.pair.refused")
	case err != nil:
		f.site.Failure(c, err)
	default:
		f.show(c, http.StatusOK, "wallet_pair_confirm", struct {
			Device, Owner, Code, Person, Issuer string
		}{one.ID, one.Owner, c.PostForm("code"), person, f.Issuer})
	}
}

// confirmPairing pairs, or forgets the key. The button that says no stands first.
func (f *Face) confirmPairing(c *gin.Context) {
	one := &Device{ID: c.PostForm("device"), Owner: c.PostForm("owner"), Base: f.Issuer}
	if c.PostForm("action") != "pair" {
		if err := f.Devices.Forget(one.ID); err != nil && !errors.Is(err, ErrNoDevice) {
			f.site.Failure(c, err)
			return
		}
		f.to(c, "/phone")
		return
	}
	_, err := f.Devices.Confirm(c.Request.Context(), one, c.PostForm("code"))
	var refused *oauth2.Error
	switch {
	case errors.As(err, &refused), errors.Is(err, ErrNoDevice):
		f.showPairing(c, http.StatusBadRequest, "wallet.pair.refused")
	case err != nil:
		f.site.Failure(c, err)
	default:
		f.to(c, "/phone?said=paired")
	}
}
