package notify_test

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/internal/keys"
	"lommebok.example/minid"
	"lommebok.example/minid/notify"
	"lommebok.example/specs/webpush"
)

// pushService is one on this machine, over https: it takes what RFC 8030 section 5 says and RFC 8292 proves, and
// decrypts as the device would.
type pushService struct {
	*httptest.Server
	receiver *webpush.Receiver
	public   []byte
	now      time.Time
	status   int
	notices  []notify.PushNotice
	problems []string
}

func newPushService(t *testing.T) *pushService {
	t.Helper()
	receiver, err := webpush.NewReceiver()
	if err != nil {
		t.Fatal(err)
	}
	p := &pushService{receiver: receiver, now: time.Unix(1_764_000_000, 0), status: http.StatusCreated}
	p.Server = httptest.NewTLSServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *pushService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(why string) {
		p.problems = append(p.problems, why)
		w.WriteHeader(http.StatusBadRequest)
	}
	for name, want := range map[string]string{"Content-Encoding": "aes128gcm", "TTL": "180", "Urgency": "high"} {
		if got := r.Header.Get(name); got != want {
			refuse(name + " " + got)
			return
		}
	}
	contact, err := webpush.VerifyAuthorization(r.Header.Get("Authorization"), p.URL, p.public, p.now)
	if err != nil || contact != "mailto:drift@example.com" {
		refuse("contact " + contact + " " + r.Header.Get("Authorization"))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || strings.Contains(string(body), "Attempt") {
		refuse("body")
		return
	}
	text, err := p.receiver.Decrypt(body)
	var notice notify.PushNotice
	if err != nil || json.Unmarshal(text, &notice) != nil {
		refuse("not for us")
		return
	}
	p.notices = append(p.notices, notice)
	w.WriteHeader(p.status)
}

func (p *pushService) roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(p.Certificate())
	return roots
}

func TestPush(t *testing.T) {
	p := newPushService(t)
	key, err := keys.Signer(t.TempDir(), "push")
	if err != nil {
		t.Fatal(err)
	}
	if p.public, err = webpush.PublicKey(key); err != nil {
		t.Fatal(err)
	}
	sender := &notify.Push{
		Key: key, Contact: "mailto:drift@example.com", Now: func() time.Time { return p.now },
		Client: fetch.New(fetch.Config{Roots: p.roots(), InsecureAllowLoopback: true}),
	}
	to := minid.Subscription{Endpoint: p.URL + "/sub/7", P256DH: p.receiver.P256DH(), Auth: p.receiver.Auth()}
	send := func() error { return sender.Push(t.Context(), to, "Attempt17", 180*time.Second) }
	if err := send(); err != nil || len(p.problems) > 0 {
		t.Fatal(err, p.problems)
	}
	if len(p.notices) != 1 || p.notices[0] != (notify.PushNotice{Kind: "Pålogging", Attempt: "Attempt17"}) {
		t.Errorf("the device reads %+v", p.notices)
	}
	for status, want := range map[int]error{404: minid.ErrPushGone, 410: minid.ErrPushGone, 429: nil, 500: nil, 302: nil} {
		p.status = status
		if err := send(); err == nil || want != nil && !errors.Is(err, want) || strings.Contains(err.Error(), "sub/7") {
			t.Errorf("status %d: %v", status, err)
		}
	}
	// Without the dangerous switch, nothing inside is called.
	p.status, p.notices = 201, nil
	sender.Client = fetch.New(fetch.Config{Roots: p.roots()})
	if err := send(); err == nil || len(p.notices) > 0 {
		t.Errorf("a push service on this machine: %v", err)
	}
}
