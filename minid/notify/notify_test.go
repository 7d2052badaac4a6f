package notify_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
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
	"lommebok.example/web"
)

var message = minid.Message{
	Channel: minid.ChannelSMS, To: "+4799990001", Kind: minid.MessageLogin, Lang: "nn", Code: "123456", Service: "Lånekassen", Life: 5 * time.Minute,
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func site(t *testing.T) *web.Site {
	t.Helper()
	s, err := web.New(web.Config{Service: "issuer", Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	return s
}

func TestWordsOfEveryKindInEveryLanguage(t *testing.T) {
	s := site(t)
	for _, kind := range []minid.MessageKind{
		minid.MessageLogin, minid.MessagePhone, minid.MessageReset, minid.MessagePhoneChanged, minid.MessagePasswordChanged,
		minid.MessageFactorAdded, minid.MessageFactorRemoved, minid.MessageProofed,
		minid.MessageEmail, minid.MessageLetter, minid.MessageActivate,
		minid.MessageEmailChanged, minid.MessageLetterOrdered, minid.MessageActivated, minid.MessageLocked, minid.MessageClosed,
	} {
		for _, lang := range []string{"nb", "nn", "en"} {
			m := message
			m.Kind, m.Lang, m.Factor = kind, lang, minid.FactorTOTP
			subject, text := notify.Words(s, m)
			if subject == "" || text == "" || strings.ContainsAny(subject+text, "{}") || strings.Contains(text, "message.text") {
				t.Errorf("%s in %s: %q, %q", kind, lang, subject, text)
			}
		}
	}
	if _, text := notify.Words(s, message); !strings.Contains(text, "Lånekassen er 123456. Ho verkar i 5 minutt") {
		t.Errorf("nynorsk: %s", text)
	}
}

func TestGateway(t *testing.T) {
	var got map[string]string
	var auth string
	status := http.StatusAccepted
	g := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		auth = r.Header.Get("Authorization")
		raw, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(raw, &got) != nil {
			t.Errorf("body %q %v", raw, err)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(g.Close)
	sender := notify.Channels{SMS: &notify.Gateway{
		URL: g.URL, Token: "hemmelig", Client: fetch.New(fetch.Config{InsecureAllowLoopback: true}), Texts: site(t),
	}}
	must(t, sender.Send(t.Context(), message))
	if got["to"] != message.To || !strings.Contains(got["text"], "123456") || auth != "Bearer hemmelig" {
		t.Errorf("sent %v with %q", got, auth)
	}
	for _, status = range []int{http.StatusFound, http.StatusBadRequest, http.StatusInternalServerError} {
		err := sender.Send(t.Context(), message)
		if err == nil || strings.Contains(err.Error(), "123456") || strings.Contains(err.Error(), message.To) {
			t.Errorf("status %d: %v", status, err)
		}
	}
	mail := message
	mail.Channel = minid.ChannelEmail
	if sender.Send(t.Context(), mail) == nil {
		t.Error("a channel that is not there sent")
	}
}

func TestOutboxIsSealedAndShown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		st, err := store.New(t.Context(), db)
		must(t, err)
		seal, err := minid.NewSealer(bytes.Repeat([]byte{2}, 32))
		must(t, err)
		o := &notify.Outbox{Shelf: st, Seal: seal, Site: site(t), Now: func() time.Time { return time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC) }}
		must(t, o.Send(t.Context(), message))
		kept, err := st.Messages(t.Context(), 5)
		must(t, err)
		if len(kept) != 1 || bytes.Contains(kept[0].Sealed, []byte("123456")) || bytes.Contains(kept[0].Sealed, []byte("99990001")) {
			t.Errorf("kept in plain: %v", kept)
		}
		gin.SetMode(gin.TestMode)
		r := gin.New()
		o.Site.Mount(r)
		o.Mount(r)
		for accept, want := range map[string]string{"text/html": "er 123456.", "application/json": `"code":"123456"`} {
			w := httptest.NewRecorder()
			req := httptest.NewRequest(http.MethodGet, "/dev/outbox", nil)
			req.Header.Set("Accept", accept)
			r.ServeHTTP(w, req)
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %s", accept, w.Code, w.Body)
			}
		}
		must(t, st.DeleteExpired(t.Context(), minid.Expiry{Message: o.Now()}))
		if kept, err = st.Messages(t.Context(), 5); err != nil || len(kept) != 0 {
			t.Errorf("after the sweep: %v %v", kept, err)
		}
	})
}
