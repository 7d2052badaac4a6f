package phone

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"lommebok.example/wallet-sim/wallet"
	"lommebok.example/web"
)

// shareView is one credential that would be shown.
type shareView struct {
	ID                  string // of its tick
	Query, Name, Issuer string
	Optional, Kept      bool // it may be kept back, and is
	Claims              []tickView
	Besides             []claimView
	Hidden              []string // labels
	Retained            bool
}

// tickView is a claim that is asked for. Tick is its value in the form.
type tickView struct {
	claimView
	ID, Tick       string
	Optional, Kept bool
}

// presentView asks the person.
type presentView struct {
	web.Form
	ID       string
	Verifier wallet.Verifier
	Purpose  string
	Shares   []shareView
	Choice   bool     // something may be kept back
	Missing  []string // why nothing can be shared, for testers

	Transactions []wallet.Transaction // what the person consents to besides
}

// present shows who asks for what. Only an authentic request gets so far, so its name may be shown.
func (f *Face) present(c *gin.Context) {
	r, err := f.Wallet.Request(c.Request.Context(), "openid4vp://?"+c.Request.URL.RawQuery)
	if err != nil {
		f.refused(c, err)
		return
	}
	f.ask(c, http.StatusOK, r, nil)
}

// ask shows the request. With what is kept back, that cannot be kept back together.
func (f *Face) ask(c *gin.Context, status int, r *wallet.Request, back []wallet.Kept) {
	lang := web.Lang(c)
	v := presentView{ID: r.ID, Verifier: r.Verifier, Purpose: r.Verifier.Purpose(lang), Transactions: r.Transactions, Choice: len(optional(r)) > 0}
	for i, s := range r.Shares {
		v.Shares = append(v.Shares, f.viewShare(i, s, lang, back))
	}
	for _, m := range r.Missing {
		if m.CredentialQueryID != "" {
			m.Text = m.CredentialQueryID + ": " + m.Text
		}
		v.Missing = append(v.Missing, m.Text)
	}
	if len(back) > 0 {
		v.Errors = []web.FieldError{{Field: firstKept(v.Shares), Text: f.site.T(lang, "wallet.present.too_little")}}
	}
	f.show(c, status, "wallet_present", v, web.FormActions(r.ResponseURI()))
}

// firstKept is the first tick that is not set.
func firstKept(shares []shareView) string {
	for _, s := range shares {
		if s.Kept {
			return s.ID
		}
		for _, t := range s.Claims {
			if t.Kept {
				return t.ID
			}
		}
	}
	return ""
}

func (f *Face) viewShare(n int, s wallet.Share, lang string, back []wallet.Kept) shareView {
	v := shareView{
		ID: fmt.Sprintf("share-%d", n), Query: s.Query, Name: s.Credential.Name(lang), Issuer: s.Credential.IssuerName(lang), Retained: s.Retained, Optional: s.Optional,
		Kept: slices.Contains(back, wallet.Kept{Query: s.Query}), Besides: f.claimViews(s.Besides, lang),
	}
	shown := f.claimViews(s.Claims, lang)
	for i, claim := range s.Claims {
		one := wallet.Kept{Query: s.Query, Claim: claim.Key()}
		v.Claims = append(v.Claims, tickView{shown[i], fmt.Sprintf("%s-%d", v.ID, i), tick(one), claim.Optional, slices.Contains(back, one)})
	}
	for _, claim := range s.Hidden {
		v.Hidden = append(v.Hidden, f.label(claim, lang))
	}
	return v
}

// tick is the value of a tick in the form: of a credential its Credential Query, of a claim its path behind that.
func tick(k wallet.Kept) string {
	if k.Claim == "" {
		return k.Query
	}
	return k.Query + " " + k.Claim
}

// optional is what the person may keep back.
func optional(r *wallet.Request) []wallet.Kept {
	var all []wallet.Kept
	for _, s := range r.Shares {
		if s.Optional {
			all = append(all, wallet.Kept{Query: s.Query})
		}
		for _, claim := range s.Claims {
			if claim.Optional {
				all = append(all, wallet.Kept{Query: s.Query, Claim: claim.Key()})
			}
		}
	}
	return all
}

// answer shares or declines, and goes on to where the verifier says.
func (f *Face) answer(c *gin.Context) {
	r, err := f.Wallet.Reopen(c.Request.Context(), c.Param("id"))
	if errors.Is(err, wallet.ErrState) {
		f.site.Problem(c, web.Problem{Status: http.StatusGone, Code: "request_over", TextKey: "wallet.problem.over"})
		return
	}
	if err != nil {
		f.refused(c, err)
		return
	}
	var redirect, said string
	if c.PostForm("answer") == "share" {
		shown := c.PostFormArray("show")
		back := slices.DeleteFunc(optional(r), func(k wallet.Kept) bool { return slices.Contains(shown, tick(k)) })
		if err := r.Keep(back); errors.Is(err, wallet.ErrKept) {
			f.ask(c, http.StatusBadRequest, r, back)
			return
		} else if err != nil {
			f.refused(c, err)
			return
		}
		said = "shared"
		redirect, err = f.Wallet.Share(c.Request.Context(), r)
	} else {
		said = "declined"
		redirect, err = f.Wallet.Decline(c.Request.Context(), r)
	}
	f.answered(c, redirect, said, err)
}

func (f *Face) answered(c *gin.Context, redirect, said string, err error) {
	var refusal *wallet.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Redirect != "": // where the verifier says what it found
		f.to(c, refusal.Redirect)
	case err != nil:
		f.refused(c, err)
	case redirect != "":
		f.to(c, redirect)
	default:
		f.to(c, "/?answer="+said)
	}
}

// rememberedView is one answer to a verifier, as the wallet remembers it.
type rememberedView struct {
	Clock, ISO string
	Verifier   wallet.Verifier
	Given      []givenView
}

type givenView struct {
	Name   string
	Claims []string
}

func (f *Face) history(c *gin.Context) {
	all, err := f.Wallet.Store.History()
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	lang := web.Lang(c)
	views := make([]rememberedView, 0, len(all))
	for _, a := range all {
		v := rememberedView{Clock: timeIn(lang, a.At), ISO: a.At.UTC().Format("2006-01-02T15:04:05Z07:00"), Verifier: a.Verifier}
		for _, g := range a.Given {
			one := givenView{Name: g.Name(lang)}
			for _, claim := range g.Claims {
				one.Claims = append(one.Claims, f.label(claim, lang))
			}
			v.Given = append(v.Given, one)
		}
		views = append(views, v)
	}
	f.show(c, http.StatusOK, "wallet_history", views)
}
