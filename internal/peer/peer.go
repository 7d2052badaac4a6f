// Package peer says who is at the other end of a request: the peer of the connection, and behind a proxy that the operator
// named, the address that this proxy writes down. Nobody else is believed, and no other header than X-Forwarded-For.
package peer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"
)

// Proxies are the addresses of proxies that are believed. None is the safe value.
type Proxies []netip.Prefix

// ErrProxies is what is wrong with a list of proxies.
var ErrProxies = errors.New("peer: expected addresses or networks with commas between, such as 10.0.0.7, 2001:db8::/64")

// ParseProxies reads addresses and networks with commas between.
func ParseProxies(list string) (Proxies, error) {
	var proxies Proxies
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(entry)
		if err != nil {
			address, wrong := netip.ParseAddr(entry)
			if wrong != nil {
				return nil, fmt.Errorf("%w, got %q", ErrProxies, entry)
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		if prefix.Bits() == 0 {
			return nil, fmt.Errorf("%w: %s would believe everybody", ErrProxies, entry)
		}
		proxies = append(proxies, prefix.Masked())
	}
	return proxies, nil
}

// Of is the caller's address. A trusted proxy appends whom it heard from to X-Forwarded-For, so the last entry that is no
// trusted proxy is the caller; what stands before it is hearsay. The zero address when the connection has none.
func (p Proxies) Of(r *http.Request) netip.Addr {
	connection, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := connection.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.has(address); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap()
	}
	return address
}

func (p Proxies) has(address netip.Addr) bool {
	for _, proxy := range p {
		if proxy.Contains(address) {
			return true
		}
	}
	return false
}

// Middleware puts the caller's address into the context of the request, by a function of whoever counts by it.
func (p Proxies) Middleware(put func(context.Context, netip.Addr) context.Context) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Request = c.Request.WithContext(put(c.Request.Context(), p.Of(c.Request)))
		c.Next()
	}
}
