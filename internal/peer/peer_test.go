package peer

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A05: who is not named as a proxy is not believed, whatever it writes.
func TestOf(t *testing.T) {
	tests := []struct {
		name, proxies, peer string
		header              http.Header
		want                string
	}{
		{"nobody is trusted", "", "192.0.2.1:5", http.Header{"X-Forwarded-For": {"198.51.100.1"}}, "192.0.2.1"},
		{"another is trusted", "192.0.2.9", "192.0.2.1:5", http.Header{"X-Forwarded-For": {"198.51.100.1"}}, "192.0.2.1"},
		{"a trusted proxy", "192.0.2.1", "192.0.2.1:5", http.Header{"X-Forwarded-For": {"198.51.100.1"}}, "198.51.100.1"},
		{"a trusted network", "192.0.2.0/24", "192.0.2.1:5", http.Header{"X-Forwarded-For": {"198.51.100.1"}}, "198.51.100.1"},
		{"the caller's own entries come first", "192.0.2.1", "192.0.2.1:5", http.Header{"X-Forwarded-For": {"203.0.113.5, 198.51.100.1"}}, "198.51.100.1"},
		{"the proxy adds a line of its own", "192.0.2.1", "192.0.2.1:5", http.Header{"X-Forwarded-For": {"203.0.113.5", "198.51.100.1"}}, "198.51.100.1"},
		{"two proxies", "192.0.2.1,192.0.2.2", "192.0.2.1:5", http.Header{"X-Forwarded-For": {"203.0.113.5, 198.51.100.1, 192.0.2.2"}}, "198.51.100.1"},
		{"the proxy speaks for itself", "192.0.2.1", "192.0.2.1:5", nil, "192.0.2.1"},
		{"the proxy writes what is no address", "192.0.2.1", "192.0.2.1:5", http.Header{"X-Forwarded-For": {"198.51.100.1, unknown"}}, "192.0.2.1"},
		{"Forwarded is not read", "192.0.2.1", "192.0.2.1:5", http.Header{"Forwarded": {"for=198.51.100.1"}}, "192.0.2.1"},
		{"X-Real-IP is not read", "192.0.2.1", "192.0.2.1:5", http.Header{"X-Real-Ip": {"198.51.100.1"}}, "192.0.2.1"},
		{"IPv4 in IPv6 clothes", "192.0.2.1", "[::ffff:192.0.2.1]:5", http.Header{"X-Forwarded-For": {"::ffff:198.51.100.1"}}, "198.51.100.1"},
		{"IPv6", "2001:db8::/64", "[2001:db8::1]:5", http.Header{"X-Forwarded-For": {"2001:db8:1::2"}}, "2001:db8:1::2"},
		{"a socket without address", "192.0.2.1", "@", http.Header{"X-Forwarded-For": {"198.51.100.1"}}, "invalid IP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			proxies, err := ParseProxies(tt.proxies)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Header = tt.peer, tt.header
			if got := proxies.Of(r).String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestParseProxies(t *testing.T) {
	for _, wrong := range []string{"proxy.example", "10.0.0.1/33", "0.0.0.0/0", "::/0", "10.0.0.1 10.0.0.2", "10.0.0.1:80"} {
		if got, err := ParseProxies(wrong); !errors.Is(err, ErrProxies) {
			t.Errorf("%s: %v, %v", wrong, got, err)
		}
	}
	for list, n := range map[string]int{"": 0, " , ": 0, "10.0.0.1, 10.1.0.0/16,2001:db8::/32": 3} {
		if got, err := ParseProxies(list); err != nil || len(got) != n {
			t.Errorf("%q: %v, %v", list, got, err)
		}
	}
}
