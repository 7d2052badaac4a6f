package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a webhook. Scheme and names are those of Standard Webhooks, for which there are libraries in most languages.
const (
	HeaderWebhookID        = "Webhook-Id"
	HeaderWebhookTimestamp = "Webhook-Timestamp" // Unix seconds of this attempt
	HeaderWebhookSignature = "Webhook-Signature" // "v1," and base64 of the HMAC
)

// webhookSkew is how old or how far ahead a webhook may be: within that its Webhook-Id must be remembered.
const webhookSkew = 5 * time.Minute

// SignWebhook sets the headers: HMAC-SHA-256, with the key that the party shares with the verifier, of Webhook-Id, a dot,
// Webhook-Timestamp, a dot and the body. An HMAC and no signature by a key of the verifier: the two share a secret anyhow, it is
// checked by three lines of any language's standard library, and nobody else need be convinced.
func SignWebhook(h http.Header, key []byte, id string, at time.Time, body []byte) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	h.Set(HeaderWebhookID, id)
	h.Set(HeaderWebhookTimestamp, timestamp)
	h.Set(HeaderWebhookSignature, "v1,"+base64.StdEncoding.EncodeToString(webhookMAC(key, id, timestamp, body)))
}

func webhookMAC(key []byte, id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// ErrWebhook means that a webhook is not from the verifier, or is not from now.
var ErrWebhook = errors.New("api: not a webhook of the verifier from now")

// CheckWebhook is what a party does with a webhook before it believes it.
func CheckWebhook(h http.Header, key []byte, at time.Time, body []byte) error {
	id, timestamp := h.Get(HeaderWebhookID), h.Get(HeaderWebhookTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || at.Sub(time.Unix(seconds, 0)).Abs() > webhookSkew {
		return ErrWebhook
	}
	want := webhookMAC(key, id, timestamp, body)
	for signature := range strings.FieldsSeq(h.Get(HeaderWebhookSignature)) {
		version, text, _ := strings.Cut(signature, ",")
		got, err := base64.StdEncoding.DecodeString(text)
		if err == nil && version == "v1" && hmac.Equal(got, want) {
			return nil
		}
	}
	return ErrWebhook
}
