package transaction

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// HAR is an HTTP Archive of version 1.2. Bodies are as they were masked, and marked so by a comment.
type HAR struct {
	Log harLog `json:"log"`
}

type harLog struct {
	Version string     `json:"version"`
	Creator harCreator `json:"creator"`
	Entries []harEntry `json:"entries"`
	Comment string     `json:"comment"`
}

type harCreator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type harEntry struct {
	Started  string      `json:"startedDateTime"`
	Time     float64     `json:"time"` // milliseconds, as in timings
	Request  harRequest  `json:"request"`
	Response harResponse `json:"response"`
	Cache    struct{}    `json:"cache"`
	Timings  harTimings  `json:"timings"`
	Comment  string      `json:"comment,omitempty"`
}

type harTimings struct {
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type harRequest struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`
	Version     string    `json:"httpVersion"`
	Cookies     []harPair `json:"cookies"`
	Headers     []harPair `json:"headers"`
	Query       []harPair `json:"queryString"`
	Post        *harPost  `json:"postData,omitempty"`
	HeadersSize int       `json:"headersSize"`
	BodySize    int       `json:"bodySize"`
}

type harPost struct {
	Media   string    `json:"mimeType"`
	Params  []harPair `json:"params"`
	Text    string    `json:"text"`
	Comment string    `json:"comment"`
}

type harResponse struct {
	Status      int        `json:"status"`
	StatusText  string     `json:"statusText"`
	Version     string     `json:"httpVersion"`
	Cookies     []harPair  `json:"cookies"`
	Headers     []harPair  `json:"headers"`
	Content     harContent `json:"content"`
	RedirectURL string     `json:"redirectURL"`
	HeadersSize int        `json:"headersSize"`
	BodySize    int        `json:"bodySize"`
}

type harContent struct {
	Size    int    `json:"size"`
	Media   string `json:"mimeType"`
	Text    string `json:"text,omitempty"`
	Comment string `json:"comment,omitempty"`
}

const (
	harMasked  = "decoded and masked: this is not what was sent byte by byte"
	harVersion = "HTTP/1.1" // that of the connection is not recorded; a proxy may have changed it anyhow
	unknown    = -1         // of a size that was not measured
)

// Archive writes entries of the service at base as HAR.
func Archive(base string, entries []Entry) HAR {
	h := HAR{Log: harLog{Version: "1.2", Creator: harCreator{"Lommebok", "1"}, Entries: []harEntry{}, Comment: harMasked}}
	for _, e := range entries {
		took := float64(e.Micros) / 1000
		one := harEntry{
			Started: e.At.Format(time.RFC3339Nano), Time: took, Timings: harTimings{Wait: took},
			Request: e.Request.har(base), Response: e.Response.har(), Comment: e.Step + ", " + e.Section,
		}
		if e.Refusal != nil {
			one.Comment += ": refused, " + e.Refusal.Code
		}
		h.Log.Entries = append(h.Log.Entries, one)
	}
	return h
}

func (q Request) har(base string) harRequest {
	r := harRequest{
		Method: q.Method, URL: base + q.Path, Version: harVersion, Cookies: []harPair{}, Headers: pairs(q.Headers), Query: pairs(q.Query),
		HeadersSize: unknown, BodySize: q.Bytes,
	}
	query := url.Values{}
	for _, f := range q.Query {
		query.Add(f.Name, f.Value)
	}
	if len(query) > 0 {
		r.URL += "?" + query.Encode()
	}
	for _, p := range q.Parts {
		if p.Name == "body" {
			media, _, _ := strings.Cut(p.Media, ";")
			r.Post = &harPost{Media: media, Params: []harPair{}, Text: p.Text, Comment: harMasked}
			continue
		}
		r.Headers = append(r.Headers, harPair{p.Name, p.Text})
	}
	return r
}

func (s Response) har() harResponse {
	r := harResponse{
		Status: s.Status, StatusText: http.StatusText(s.Status), Version: harVersion, Cookies: []harPair{}, Headers: pairs(s.Headers),
		Content: harContent{Size: s.Bytes}, HeadersSize: unknown, BodySize: s.Bytes,
	}
	for _, f := range s.Headers {
		switch f.Name {
		case "Content-Type":
			r.Content.Media = f.Value
		case "Location":
			r.RedirectURL = f.Value
		}
	}
	for _, p := range s.Parts { // the body, if any
		r.Content.Text, r.Content.Comment = p.Text, harMasked
	}
	return r
}

func pairs(list []Field) []harPair {
	out := make([]harPair, 0, len(list))
	for _, f := range list {
		out = append(out, harPair(f))
	}
	return out
}
