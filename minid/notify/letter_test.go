package notify_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/internal/fetch"
	"lommebok.example/minid"
	"lommebok.example/minid/notify"
	"lommebok.example/minid/store"
)

var letter = minid.Letter{
	ID: "0123456789abcdef0123456789abcdef", Name: "Tålmodig Havn", Address: []string{"Furuveien 1", "9999 Florø"}, Code: "ABCD-EFGH-JKMN",
	Ends: "77", Lang: "nn", Ordered: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), Expires: time.Date(2027, 1, 22, 9, 0, 0, 0, time.UTC),
}

func TestLetterInEveryLanguage(t *testing.T) {
	for lang, words := range map[string][]string{
		"nb": {"må brukes før 22.01.2027", "slutter på 77"}, "nn": {"må brukast før 22.01.2027", "sluttar på 77"},
		"en": {"must be used before 22 January 2027", "ending in 77"}, "se": {"må brukes før 22.01.2027"},
	} {
		l := letter
		l.Lang = lang
		p := notify.Print(site(t), l, "https://minid.example")
		raw, err := json.Marshal(p)
		must(t, err)
		for _, word := range append(words, "https://minid.example/register#ABCD-EFGH-JKMN") {
			if !strings.Contains(string(raw), word) {
				t.Errorf("%s lacks %q: %s", lang, word, raw)
			}
		}
		for _, text := range append([]string{p.Heading, p.Lead, p.CodeLabel, p.Expires, p.NotMe, p.ReferenceNo, p.QR, p.Date}, p.Steps...) {
			if text == "" || strings.ContainsAny(text, "{}") || strings.HasPrefix(text, "letter.") {
				t.Errorf("%s: %q", lang, text)
			}
		}
	}
}

func TestGatewayForLetters(t *testing.T) {
	var got notify.PrintedLetter
	status := http.StatusAccepted
	g := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.Header.Get("Authorization") != "Bearer hemmelig" {
			t.Errorf("%v, %q", err, r.Header.Get("Authorization"))
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(g.Close)
	sender := &notify.LetterGateway{
		URL: g.URL, Token: "hemmelig", Base: "https://minid.example", Client: fetch.New(fetch.Config{InsecureAllowLoopback: true}), Texts: site(t),
	}
	must(t, sender.SendLetter(t.Context(), letter))
	if got.Name != letter.Name || got.Code != letter.Code || len(got.Address) != 2 {
		t.Errorf("sent %+v", got)
	}
	for _, status = range []int{http.StatusFound, http.StatusInternalServerError} {
		err := sender.SendLetter(t.Context(), letter)
		if err == nil || strings.Contains(err.Error(), letter.Code) || strings.Contains(err.Error(), "Havn") {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

func TestLetterOutboxIsSealedAndShown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		st, err := store.New(t.Context(), db)
		must(t, err)
		seal, err := minid.NewSealer(bytes.Repeat([]byte{2}, 32))
		must(t, err)
		o := &notify.LetterOutbox{Shelf: st, Seal: seal, Site: site(t), Base: "https://minid.example", Now: func() time.Time { return letter.Ordered }}
		must(t, o.SendLetter(t.Context(), letter))
		must(t, o.SendLetter(t.Context(), letter)) // a sweep sends it again
		kept, err := st.PostedLetters(t.Context(), 5)
		must(t, err)
		if len(kept) != 1 || bytes.Contains(kept[0].Sealed, []byte(letter.Code)) {
			t.Errorf("kept %v", kept)
		}
		gin.SetMode(gin.TestMode)
		r := gin.New()
		o.Site.Mount(r)
		o.Mount(r)
		for path, want := range map[string]string{
			"/dev/outbox/letters": "Tålmodig Havn", "/dev/outbox/letters/" + letter.ID: `lang="nn"`, "/dev/outbox/letters/nothing": "no_letter",
		} {
			w := httptest.NewRecorder()
			req := httptest.NewRequest(http.MethodGet, path, nil)
			req.Header.Set("Accept", "text/html")
			r.ServeHTTP(w, req)
			if !strings.Contains(w.Body.String(), want) || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
		must(t, st.DeleteExpired(t.Context(), minid.Expiry{Message: letter.Ordered}))
		if kept, err = st.PostedLetters(t.Context(), 5); err != nil || len(kept) != 0 {
			t.Errorf("after the sweep: %v %v", kept, err)
		}
	})
}
