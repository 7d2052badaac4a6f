package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"
)

// The headers of a webhook. Scheme and names are those of Standard Webhooks, for which there are libraries in most languages.
const (
	HeaderWebhookID        = "Webhook-Id"
	HeaderWebhookTimestamp = "Webhook-Timestamp" // Unix seconds of this attempt
	HeaderWebhookSignature = "Webhook-Signature" // "v1," and base64 of the HMAC
)

// SignWebhook sets the headers: HMAC-SHA-256, with the key that the party shares with the verifier, of Webhook-Id, a dot,
// Webhook-Timestamp, a dot and the body. An HMAC and no signature by a key of the verifier: the two share a secret anyhow, it is
// checked by three lines of any language's standard library, and nobody else need be convinced.
func SignWebhook(h http.Header, key []byte, id string, at time.Time, body []byte) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	h.Set(HeaderWebhookID, id)
	h.Set(HeaderWebhookTimestamp, timestamp)
	h.Set(HeaderWebhookSignature, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
