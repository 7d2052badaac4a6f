package presentation

import (
	"context"

	"lommebok.example/internal/observe"
	record "lommebok.example/transaction"
)

// The kinds of links by which what is recorded (package transaction) is tied together. What a wallet on the same device answers is a
// record of its own until the response_code has come back in the browser that asked. Nothing else ties it, not even to what else came
// by the same link: who lured somebody to the link can fetch and post by it too, and would read at the addresses that they got what
// that person's wallet said (HAIP 1.0 section 5.1).
const (
	LinkAsked      = "presentation"
	LinkSameDevice = "same_device"
	LinkRequest    = "presentation_request" // what stands in the address of a request
)

// linkAsker ties the request of whoever asks to the transaction, and names the page that they can read.
func (s *Service) linkAsker(ctx context.Context, transaction, browser string) {
	observe.Linked(ctx, LinkAsked, transaction)
	if page := s.recordOf(transaction, browser); page != "" {
		observe.Linked(ctx, record.LinkPage, page)
	}
}

// linkWallet ties what a wallet does to what whoever asked can read: all but what one on the same device answers.
func linkWallet(ctx context.Context, r *Request) { observe.Linked(ctx, LinkAsked, r.TransactionID) }

// linkTaken keeps the answer that was taken of a wallet on the same device for linkReturn.
func linkTaken(ctx context.Context, r *Request) { observe.Linked(ctx, LinkSameDevice, r.TransactionID) }

// linkReturn makes one of the two records, since the response_code has come back.
func linkReturn(ctx context.Context, transaction string) {
	observe.Linked(ctx, LinkAsked, transaction)
	observe.Linked(ctx, LinkSameDevice, transaction)
}

// recordOf is the address of the page, for who has the browser's secret; "" where nothing is recorded.
func (s *Service) recordOf(transaction, browser string) string {
	if s.Record == nil {
		return ""
	}
	return s.Record(transaction + " " + browser)
}

// findings are the checks of a verdict for the record.
func (v *Verdict) findings() []observe.Finding {
	var all []observe.Finding
	add := func(of string, checks []Check) {
		for _, c := range checks {
			all = append(all, observe.Finding{Of: of, Rule: c.Name, OK: c.OK, Code: c.Code, Expected: c.Expected, Came: c.Got, Section: c.Section})
		}
	}
	add("", v.Checks)
	for _, c := range v.Credentials {
		add(c.Query, c.Checks)
	}
	return all
}
