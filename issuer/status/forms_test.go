package status

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

func (b *bench) ask(path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	b.handler.ServeHTTP(rec, r)
	return rec
}

// RFC 9110 section 13.1.2: who has the list is not sent it again; each form has a tag of its own, and another when the list changes.
func TestEntityTags(t *testing.T) {
	b := newBench(t)
	tags := map[string]bool{}
	for name, headers := range map[string][]string{
		"jwt": nil, "cwt": {"Accept", statuslist.MediaTypeCWT}, "gzip": {"Accept-Encoding", "gzip"},
	} {
		first := b.ask("/statuslists/L1", headers...)
		tag := first.Header().Get("ETag")
		if tag == "" || tags[tag] {
			t.Errorf("%s: ETag %q, none or that of another form", name, tag)
		}
		tags[tag] = true
		for _, has := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
			again := b.ask("/statuslists/L1", append([]string{"If-None-Match", has}, headers...)...)
			if again.Code != http.StatusNotModified || again.Body.Len() != 0 || again.Header().Get("ETag") != tag {
				t.Errorf("%s, If-None-Match %s: %d", name, has, again.Code)
			}
		}
		if other := b.ask("/statuslists/L1", append([]string{"If-None-Match", `"other"`}, headers...)...); other.Code != http.StatusOK {
			t.Errorf("%s, another tag: %d", name, other.Code)
		}
		b.invalid, b.list.Version = append(b.invalid, uint64(len(tags))), b.list.Version+1
		if changed := b.ask("/statuslists/L1", append([]string{"If-None-Match", tag}, headers...)...); changed.Code != http.StatusOK {
			t.Errorf("%s, after a change: %d", name, changed.Code)
		}
	}
}

// Section 8.2: the JWT may be zipped on its way, the CWT never.
func TestContentEncoding(t *testing.T) {
	b := newBench(t)
	plain := b.ask("/statuslists/L1", "Accept-Encoding", "br, identity")
	if plain.Header().Get("Content-Encoding") != "" {
		t.Error("encoded for who does not take it")
	}
	for _, accept := range []string{"gzip", "br, gzip;q=0.5"} {
		packed := b.ask("/statuslists/L1", "Accept-Encoding", accept)
		r, err := gzip.NewReader(packed.Body)
		check(t, err)
		text, err := io.ReadAll(r)
		check(t, err)
		if packed.Header().Get("Content-Encoding") != "gzip" || !bytes.Equal(text, plain.Body.Bytes()) {
			t.Errorf("Accept-Encoding %s: %v", accept, packed.Header())
		}
	}
	for _, headers := range [][]string{{"Accept-Encoding", "gzip;q=0"}, {"Accept-Encoding", "gzip", "Accept", statuslist.MediaTypeCWT}} {
		if rec := b.ask("/statuslists/L1", headers...); rec.Header().Get("Content-Encoding") != "" {
			t.Errorf("%v: %v", headers, rec.Header())
		}
	}
}

// Section 9: all lists, in their token and by their address.
func TestAggregation(t *testing.T) {
	b := newBench(t)
	rec := b.ask("/statuslists")
	all, err := statuslist.ParseAggregation(rec.Body.Bytes())
	check(t, err)
	if rec.Header().Get("Content-Type") != "application/json; charset=utf-8" && rec.Header().Get("Content-Type") != "application/json" ||
		rec.Header().Get("Access-Control-Allow-Origin") != "*" || len(all.StatusLists) != 2 || all.StatusLists[1] != issuerURL+"/statuslists/L1" {
		t.Errorf("%v %+v", rec.Header(), all)
	}
	for _, accept := range []string{"", statuslist.MediaTypeCWT} {
		if token := b.token(t, b.get("/statuslists/L1", accept)); token.List.AggregationURI != issuerURL+"/statuslists" {
			t.Errorf("aggregation_uri %q", token.List.AggregationURI)
		}
	}
}

// Section 8.4: a list as it was says when it was so.
func TestTime(t *testing.T) {
	b := newBench(t)
	from, until := b.at.Add(-3*time.Hour), b.at.Add(-time.Hour)
	b.past = Past{List: b.list, Entries: []Entry{{7, statuslist.Invalid}}, From: from, Until: until}
	then := b.at.Add(-2 * time.Hour)
	rec := b.ask("/statuslists/L1?time=" + strconv.FormatInt(then.Unix(), 10))
	token, err := statuslist.ParseJWT(rec.Body.String())
	check(t, err)
	check(t, token.Check(issuerURL+"/statuslists/L1", then))
	_, err = b.anchors.Verify(token.Chain, x5c.StatusSigner, b.at)
	check(t, err)
	if is, err := token.List.Get(7); err != nil || is != statuslist.Invalid || !token.IssuedAt.Equal(from) || !token.Expires.Equal(until) || !b.asked.Equal(then) {
		t.Errorf("%d, %s to %s, asked %s, %v", is, token.IssuedAt, token.Expires, b.asked, err)
	}
	if token.Check(issuerURL+"/statuslists/L1", b.at) == nil {
		t.Error("the list of then is good now")
	}
	for _, tt := range []struct {
		time   string
		status int
	}{{"", 400}, {"x", 400}, {"1.5", 400}, {"-1", 400}, {"99999999999999999999", 400}, {strconv.FormatInt(b.at.Unix()+10, 10), 404}} {
		rec := b.ask("/statuslists/L1?time=" + tt.time)
		var e struct {
			Code, Description string
		}
		check(t, json.Unmarshal(rec.Body.Bytes(), &e))
		if rec.Code != tt.status {
			t.Errorf("time=%s: %d %s", tt.time, rec.Code, rec.Body)
		}
	}
}

// Sections 13.2 and 13.3: decoys follow from the seed, change with the list, and never come back.
func TestDecoys(t *testing.T) {
	list := List{ID: "L1", Bits: 2, Size: 1 << 12, Version: 1, Seed: bytes.Repeat([]byte{9}, 32)}
	set := func(version int64) map[uint64]bool {
		list.Version = version
		bits := statuslist.New(list.Bits, list.Size)
		check(t, list.set(bits))
		all := map[uint64]bool{}
		for i := range bits.Len() {
			if is, err := bits.Get(i); err == nil && is != statuslist.Valid {
				all[i] = true
			}
		}
		return all
	}
	if n := len(list.Decoys()); n != 64 {
		t.Errorf("%d decoys", n)
	}
	before := set(1)
	if len(before) != 0 {
		t.Errorf("%d at first", len(before))
	}
	for version := int64(2); version < 200; version++ {
		now := set(version)
		if added := len(now) - len(before); added < 0 || added > 2 {
			t.Fatalf("version %d: %d more", version, added)
		}
		for i := range before {
			if !now[i] {
				t.Fatalf("version %d: decoy %d is valid again", version, i)
			}
		}
		before = now
	}
	if len(before) != 64 {
		t.Errorf("%d in the end", len(before))
	}
	list.Seed = nil
	if len(list.Decoys()) != 0 || len(set(50)) != 0 {
		t.Error("decoys without a seed")
	}
}
