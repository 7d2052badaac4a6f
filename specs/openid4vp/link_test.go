package openid4vp

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestSection510LinkReadsBack(t *testing.T) {
	const id, uri = "x509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk", "https://verifier.example/request/a+b?x=1&y=2"
	for _, scheme := range []string{Scheme, SchemeHAIP, "https://wallet.example/open", "https://wallet.example/open?lang=nb"} {
		link := RequestURI(scheme, id, uri)
		if !strings.HasPrefix(link, scheme) || strings.Contains(link, "+") {
			t.Errorf("got %s", link)
		}
		got, err := ParseRequestURI(link, Rules{})
		if want := (RequestLink{ClientID: id, RequestURI: uri, Method: MethodGet}); err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: %+v, %v", link, got, err)
		}
	}
}

func TestSection51LinkRules(t *testing.T) {
	const good = "openid4vp://?client_id=x509_hash%3Aabc&request_uri=https%3A%2F%2Fv.example%2Fr"
	cases := []struct {
		name, link, code string // code "" : accepted
	}{
		{"get", good + "&request_uri_method=get", ""},
		{"post", good + "&request_uri_method=post", ""},
		{"other parameters are ignored", good + "&nonce=1&nonce=2&client_metadata=x", ""},
		{"method in another case", good + "&request_uri_method=POST", InvalidRequestURIMethod},
		{"method empty", good + "&request_uri_method=", InvalidRequestURIMethod},
		{"method twice", good + "&request_uri_method=get&request_uri_method=post", InvalidRequestURIMethod},
		{"no scheme", good[len("openid4vp://"):], InvalidRequest},
		{"no client_id", "openid4vp://?request_uri=https%3A%2F%2Fv.example%2Fr", InvalidRequest},
		{"client_id empty", "openid4vp://?client_id=&request_uri=https%3A%2F%2Fv.example%2Fr", InvalidRequest},
		{"client_id twice", good + "&client_id=x", InvalidRequest},
		{"no request_uri", "openid4vp://?client_id=x", InvalidRequest},
		{"request_uri twice", good + "&request_uri=https%3A%2F%2Fx.example", InvalidRequest},
		{"request_uri by http", strings.Replace(good, "https", "http", 1), InvalidRequest},
		{"request_uri to a file", strings.Replace(good, "https", "file", 1), InvalidRequest},
		{"request_uri with a user", strings.Replace(good, "v.example", "u%40v.example", 1), InvalidRequest},
		{"by value", "openid4vp://?client_id=x&request=a.b.c", InvalidRequest},
		{"by value too", good + "&request=a.b.c", InvalidRequest},
		{"unsigned", "openid4vp://?client_id=x&response_type=vp_token&nonce=n", InvalidRequest},
		{"bad escape", good + "&x=%zz", InvalidRequest},
		{"too long", good + "&x=" + strings.Repeat("a", maxLink), InvalidRequest},
		{"control character", "open\x00id4vp://?client_id=x", InvalidRequest},
		{"empty", "", InvalidRequest},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l, err := ParseRequestURI(c.link, Rules{})
			if c.code == "" {
				if err != nil || l.ClientID != "x509_hash:abc" || l.RequestURI != "https://v.example/r" {
					t.Fatalf("%+v, %v", l, err)
				}
				return
			}
			checkRefusal(t, err, c.code, ErrLink)
			if l != nil {
				t.Fatalf("got %+v", l)
			}
		})
	}
	if l, err := ParseRequestURI(good+"&request_uri_method=post", Rules{}); err != nil || l.Method != MethodPost {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := ParseRequestURI(strings.Replace(good, "https", "http", 1), Rules{InsecureAllowHTTP: true}); err != nil {
		t.Error(err)
	}
}

func TestSection59Prefix(t *testing.T) {
	for _, c := range []struct{ id, prefix, original string }{
		{"x509_hash:abc", "x509_hash", "abc"},
		{"redirect_uri:https://v.example/cb", "redirect_uri", "https://v.example/cb"},
		{"client", "", "client"},
		{":x", "", "x"},
		{"", "", ""},
	} {
		if prefix, original := Prefix(c.id); prefix != c.prefix || original != c.original {
			t.Errorf("%q: got %q, %q", c.id, prefix, original)
		}
	}
}

func FuzzParseRequestURI(f *testing.F) {
	f.Add("openid4vp://?client_id=x509_hash%3Aabc&request_uri=https%3A%2F%2Fv.example%2Fr&request_uri_method=post")
	f.Add("https://w.example?client_id=x&request=y")
	f.Fuzz(func(t *testing.T, link string) {
		l, err := ParseRequestURI(link, Rules{})
		if err != nil {
			return
		}
		u, err := url.Parse(l.RequestURI)
		if err != nil || u.Scheme != "https" {
			t.Fatalf("got %+v", l)
		}
		again := RequestURI(Scheme, l.ClientID, l.RequestURI)
		if len(again) > maxLink {
			return
		}
		back, err := ParseRequestURI(again, Rules{})
		if err != nil || back.ClientID != l.ClientID || back.RequestURI != l.RequestURI {
			t.Fatalf("%+v, %v", back, err)
		}
	})
}
