package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/fetch"
	"lommebok.example/minid"
	"lommebok.example/web"
)

// PrintedLetter is an activation letter in the words of its language.
type PrintedLetter struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Address     []string  `json:"address"`
	Lang        string    `json:"lang"`
	Date        string    `json:"date"`
	Heading     string    `json:"heading"`
	Lead        string    `json:"lead"`
	Steps       []string  `json:"steps"`
	CodeLabel   string    `json:"code_label"`
	Code        string    `json:"code"`
	Link        string    `json:"link"` // for the QR code: the page, with the code in the fragment, which no server sees
	Page        string    `json:"page"` // the same without the code, to be typed
	QR          string    `json:"qr_label"`
	Expires     string    `json:"expires"`
	NotMe       string    `json:"not_me"`
	ReferenceNo string    `json:"reference"`
	At          time.Time `json:"at"`
}

// dateForms are how a date is written.
var dateForms = map[string]string{"nb": "02.01.2006", "nn": "02.01.2006", "en": "2 January 2006"}

// Print writes a letter. base is the address of the service, without final slash.
func Print(t Texts, l minid.Letter, base string) PrintedLetter {
	if _, ok := dateForms[l.Lang]; !ok {
		l.Lang = "nb"
	}
	say := func(key string, args ...any) string { return t.T(l.Lang, key, args...) }
	date := func(at time.Time) string { return at.Format(dateForms[l.Lang]) }
	page := base + "/register"
	return PrintedLetter{
		ID: l.ID, Name: l.Name, Address: l.Address, Lang: l.Lang, Date: date(l.Ordered), At: l.Ordered,
		Heading: say("letter.print.heading"), Lead: say("letter.print.lead"),
		Steps:     []string{say("letter.print.step_open", "page", page), say("letter.print.step_code"), say("letter.print.step_phone", "ends", l.Ends)},
		CodeLabel: say("letter.print.code"), Code: l.Code, Link: page + "#" + l.Code, Page: page, QR: say("letter.print.qr"),
		Expires: say("letter.print.expires", "date", date(l.Expires)), NotMe: say("letter.print.not_me", "page", page),
		ReferenceNo: say("letter.print.reference", "id", l.ID),
	}
}

// LetterGateway hands letters to a service that prints and posts them: POST of a PrintedLetter as JSON to URL, with Token as
// bearer token. Any status from 200 to 299 is taken as posted; the same id may come twice.
type LetterGateway struct {
	URL, Token, Base string
	Client           *fetch.Client
	Texts            Texts
}

// SendLetter hands a letter over. Its error says nothing of the letter.
func (g *LetterGateway) SendLetter(ctx context.Context, l minid.Letter) error {
	body, err := json.Marshal(Print(g.Texts, l, g.Base))
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return hand(ctx, g.Client, g.URL, g.Token, body)
}

// hand posts JSON to a gateway.
func hand(ctx context.Context, client *fetch.Client, url, token string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("notify: the gateway's address is not usable")
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	if answer.Status < 200 || answer.Status > 299 {
		return fmt.Errorf("notify: the gateway answered with status %d", answer.Status)
	}
	return nil
}

// LetterShelf keeps the letters of an outbox.
type LetterShelf interface {
	PutLetter(ctx context.Context, m minid.SealedMessage) error
	// PostedLetters are the newest, newest first.
	PostedLetters(ctx context.Context, most int) ([]minid.SealedMessage, error)
}

// LetterOutbox is a LetterSender that posts nothing: it keeps letters, sealed, and shows them to whoever can reach its pages. It
// is safe where only synthetic people have accounts.
type LetterOutbox struct {
	Shelf LetterShelf
	Seal  *minid.Sealer
	Site  *web.Site
	Base  string // address of the service, without final slash
	Now   func() time.Time
}

const useLetterOutbox = "letter outbox" // binding of the sealed letter

// SendLetter keeps a letter.
func (o *LetterOutbox) SendLetter(ctx context.Context, l minid.Letter) error {
	raw, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return o.Shelf.PutLetter(ctx, minid.SealedMessage{ID: l.ID, Sealed: o.Seal.Seal(raw, useLetterOutbox, l.ID), At: o.Now().UTC()})
}

// Printed are the newest letters, newest first.
func (o *LetterOutbox) Printed(ctx context.Context) ([]PrintedLetter, error) {
	kept, err := o.Shelf.PostedLetters(ctx, shown)
	if err != nil {
		return nil, err
	}
	letters := make([]PrintedLetter, 0, len(kept))
	for _, k := range kept {
		raw, err := o.Seal.Open(k.Sealed, useLetterOutbox, k.ID)
		if err != nil {
			return nil, err
		}
		var l minid.Letter
		if err := json.Unmarshal(raw, &l); err != nil {
			return nil, err
		}
		letters = append(letters, Print(o.Site, l, o.Base))
	}
	return letters, nil
}

// Mount puts the pages on r: the list, as HTML or JSON, and each letter as it is printed.
func (o *LetterOutbox) Mount(r gin.IRouter) {
	r.GET("/dev/outbox/letters", o.list)
	r.GET("/dev/outbox/letters/:id", o.letter)
}

func (o *LetterOutbox) list(c *gin.Context) {
	letters, err := o.Printed(c.Request.Context())
	if err != nil {
		o.Site.Failure(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	if c.NegotiateFormat(gin.MIMEHTML, gin.MIMEJSON) == gin.MIMEJSON {
		c.JSON(http.StatusOK, letters)
		return
	}
	o.Site.Render(c, http.StatusOK, "dev_letters", struct{ Letters []PrintedLetter }{letters})
}

func (o *LetterOutbox) letter(c *gin.Context) {
	letters, err := o.Printed(c.Request.Context())
	if err != nil {
		o.Site.Failure(c, err)
		return
	}
	i := slices.IndexFunc(letters, func(l PrintedLetter) bool { return l.ID == c.Param("id") })
	if i < 0 {
		o.Site.Problem(c, web.Problem{
			Status: http.StatusNotFound, Code: "no_letter", TextKey: "letter.problem.gone", ReturnURL: "/dev/outbox/letters", ReturnTextKey: "dev.letters.title",
		})
		return
	}
	o.Site.Render(c, http.StatusOK, "dev_letter", letters[i])
}
