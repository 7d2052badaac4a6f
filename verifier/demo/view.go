package demo

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"lommebok.example/verifier/apiclient"
	"lommebok.example/web"
)

// view is the data of verifier_demo, and of verifier_demo_waiting with more.
type view struct {
	Service string // id, part of the keys of its texts
	Asks    []string
}

// waitingView is the data of verifier_demo_waiting.
type waitingView struct {
	view
	State string
	Links apiclient.Links
	Code  template.HTML // "" when the address does not fit
	Limit web.Limit
}

func (d *Demo) waiting(s *Service, asked *apiclient.Asked) waitingView {
	v := waitingView{view: view{s.ID, s.asks()}, State: asked.State}
	if asked.Links != nil {
		v.Links = *asked.Links
		v.Code, _ = web.QR(v.Links.CrossDevice) // the address is there as text
	}
	v.Limit = web.Limit{TimeKey: "verifier.time", Again: "/demo/" + s.ID}.Until(d.Now(), asked.Expires)
	return v
}

// asks are the claims as a person reads them: the same by another path once.
func (s *Service) asks() []string {
	return slices.DeleteFunc(slices.Clone(s.Asks), func(name string) bool { return name == "birth_date" })
}

// answerView is the data of verifier_demo_answer: all that the service learned, and nothing that it did not.
type answerView struct {
	Service     string
	State       string
	Accepted    bool
	Claims      []claimView
	Failed      []string // the rules that did not hold, each once
	WalletError string
}

// claimView is a claim. Name is "" for one that the service did not ask for.
type claimView struct{ Name, Path, Value string }

func learned(s *Service, r *apiclient.Result) answerView {
	v := answerView{Service: s.ID, State: r.State, Accepted: r.Accepted, WalletError: r.WalletError}
	for _, reason := range r.Reasons {
		name := reason.Name
		if reason.Code == "suspended" {
			name = reason.Code
		}
		if !slices.Contains(v.Failed, name) {
			v.Failed = append(v.Failed, name)
		}
	}
	for _, credential := range r.Verdict.Credentials {
		for path, value := range credential.Claims {
			one := claimView{Path: path, Value: fmt.Sprint(value)}
			if name := path[strings.LastIndexByte(path, '.')+1:]; slices.Contains(s.Asks, name) {
				one.Name = name
			}
			v.Claims = append(v.Claims, one)
		}
	}
	slices.SortFunc(v.Claims, func(a, b claimView) int {
		if d := slices.Index(s.Asks, a.Name) - slices.Index(s.Asks, b.Name); d != 0 {
			return d
		}
		return strings.Compare(a.Path, b.Path)
	})
	return v
}
