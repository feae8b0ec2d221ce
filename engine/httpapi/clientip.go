package httpapi

import (
	"net/http"
	"net/netip"
)

// clientIP works out whom a request comes from. Forwarding headers count only
// if the peer is a trusted proxy, or if the tenant names headers itself and
// no proxy is configured: that is how Better Auth reads them, and it is only
// right behind a proxy that sets them.
type clientIP struct {
	proxies []netip.Prefix
	headers []string // as the tenant configured; empty: none by name
	// ipv6Bits is the prefix to which IPv6 addresses are cut.
	ipv6Bits int
}

// of returns the address as sessions record it; "" when unknown.
func (c clientIP) of(r *http.Request) string {
	peer := peerAddr(r)
	trusted := contains(c.proxies, peer)
	switch {
	case len(c.headers) > 0 && (trusted || len(c.proxies) == 0):
		for _, name := range c.headers {
			if ip, ok := c.fromHeader(r.Header, name, trusted); ok {
				return c.format(ip)
			}
		}
		return ""
	case trusted:
		if ip, ok := c.fromHeader(r.Header, standardHeader(r.Header), true); ok {
			return c.format(ip)
		}
	}
	return c.format(peer)
}

// standardHeader returns the name of the header that counts where the tenant
// names none. Proxies that set X-Forwarded-For may hand on whatever Forwarded a
// client sends, so that counts only where the other is missing.
func standardHeader(h http.Header) string {
	if has(h, headerForwardedFor) {
		return headerForwardedFor
	}
	return headerForwarded
}

// fromHeader reads a forwarding header: with trusted proxies, the right-most
// address that is not one of them; else the header must hold one address.
func (c clientIP) fromHeader(h http.Header, name string, chain bool) (netip.Addr, bool) {
	hops, ok := hopsOf(name, h.Values(name))
	if !ok {
		return netip.Addr{}, false
	}
	if !chain {
		if len(hops) != 1 {
			return netip.Addr{}, false
		}
		return hopAddr(hops[0])
	}
	for i := len(hops) - 1; i >= 0; i-- {
		ip, ok := hopAddr(hops[i])
		if !ok {
			return netip.Addr{}, false
		}
		if !contains(c.proxies, ip) {
			return ip, true
		}
	}
	return netip.Addr{}, false
}

func peerAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

func contains(list []netip.Prefix, ip netip.Addr) bool {
	ip = ip.Unmap()
	for _, p := range list {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// format writes an address as Better Auth does: IPv4 plainly, IPv6 expanded
// and cut to its network.
func (c clientIP) format(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	switch {
	case !ip.IsValid():
		return ""
	case ip.Is4():
		return ip.String()
	}
	p, err := ip.Prefix(c.ipv6Bits)
	if err != nil {
		return ""
	}
	return p.Addr().StringExpanded()
}
