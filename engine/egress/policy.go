package egress

import (
	"fmt"
	"net/netip"
	"slices"
)

// Policy says which addresses may be called. The zero value allows public
// addresses by https.
type Policy struct {
	// Allow lists ranges that may be called although they are not public. To
	// them, plain http and any port is allowed, too.
	Allow []netip.Prefix
	// Plain allows http to public addresses.
	Plain bool
}

// AddressError is an address that the policy refuses.
type AddressError struct {
	Address netip.Addr
	Reason  string
}

// Error names the address and why it is refused. It is for the operator:
// what is inside a network is no client's business.
func (e *AddressError) Error() string { return fmt.Sprintf("egress: %s is %s", e.Address, e.Reason) }

// special are ranges that are not part of the public Internet and that
// netip.Addr has no method for (IANA special-purpose registries, RFC 6890).
var special = []struct {
	prefix netip.Prefix
	reason string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "of this network"},
	{netip.MustParsePrefix("100.64.0.0/10"), "a shared address (RFC 6598)"},
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved for protocols"},
	{netip.MustParsePrefix("192.0.2.0/24"), "for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "a 6to4 relay"},
	{netip.MustParsePrefix("198.18.0.0/15"), "for benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), "for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "for documentation"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("100::/64"), "a discard address"},
	{netip.MustParsePrefix("2001::/23"), "reserved for protocols"},
	{netip.MustParsePrefix("2001:db8::/32"), "for documentation"},
	{netip.MustParsePrefix("3fff::/20"), "for documentation"},
	{netip.MustParsePrefix("5f00::/16"), "a segment identifier"},
	{netip.MustParsePrefix("fec0::/10"), "site-local"},
}

// embedding are IPv6 ranges whose addresses carry an IPv4 address that
// routers or hosts may unpack: it is judged in their place. NAT64 with a
// prefix of the network's own cannot be told from other addresses here.
var embedding = []struct {
	prefix netip.Prefix
	offset int // of the IPv4 address, in bytes
}{
	{netip.MustParsePrefix("::/96"), 12},           // IPv4-compatible (RFC 4291 section 2.5.5.1)
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12}, // IPv4-translated (RFC 2765)
	{netip.MustParsePrefix("64:ff9b::/96"), 12},    // NAT64 (RFC 6052)
	{netip.MustParsePrefix("2002::/16"), 2},        // 6to4 (RFC 3056)
}

// localNAT64 may be routed to anything in the network that uses it.
var localNAT64 = netip.MustParsePrefix("64:ff9b:1::/48")

// Check returns an *AddressError if the policy does not allow an address.
func (p Policy) Check(a netip.Addr) error {
	if p.listed(a) {
		return nil
	}
	if reason := why(a.Unmap().WithZone("")); reason != "" {
		return &AddressError{Address: a, Reason: reason}
	}
	return nil
}

// listed reports whether the operator allows an address by name.
func (p Policy) listed(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(p.Allow, func(r netip.Prefix) bool { return r.Contains(a) })
}

// why says what keeps an address from being public; "" if nothing does.
func why(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "not an address"
	case a.IsUnspecified():
		return "unspecified"
	case a.IsLoopback():
		return "a loopback address"
	case a.IsPrivate():
		return "private"
	case a.IsLinkLocalUnicast():
		return "link-local"
	case a.IsMulticast():
		return "multicast"
	case localNAT64.Contains(a):
		return "for translation within a network"
	}
	for _, s := range special {
		if s.prefix.Contains(a) {
			return s.reason
		}
	}
	for _, e := range embedding {
		if e.prefix.Contains(a) {
			b := a.As16()
			inner := netip.AddrFrom4([4]byte(b[e.offset : e.offset+4]))
			if reason := why(inner); reason != "" {
				return reason + ", as IPv6"
			}
		}
	}
	return ""
}
