package httpapi

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"unicode"
)

func TestClientIP(t *testing.T) {
	const (
		expanded = "2001:0db8:0001:0002:0000:0000:0000:0000"
		xff      = "X-Forwarded-For"
		fwd      = "Forwarded"
	)
	tests := []struct {
		name    string
		proxies []string
		headers []string
		remote  string
		request http.Header
		want    string
	}{
		{name: "peer", remote: "203.0.113.7:1", want: "203.0.113.7"},
		{name: "IPv6 peer", remote: "[2001:db8:1:2:3:4:5:6]:1", want: expanded},
		{name: "mapped peer", remote: "[::ffff:203.0.113.7]:1", want: "203.0.113.7"},
		{name: "peer with a zone", remote: "[fe80::1%eth0]:1", want: "fe80:0000:0000:0000:0000:0000:0000:0000"},
		{name: "socket", remote: "@", want: ""},
		{name: "header without configuration", remote: "203.0.113.7:1", request: headers(xff, "1.1.1.1"), want: "203.0.113.7"},
		{name: "header of a peer that is no proxy", proxies: []string{"10.0.0.0/8"}, remote: "203.0.113.7:1", request: headers(xff, "1.1.1.1"), want: "203.0.113.7"},
		{name: "proxy", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "1.1.1.1"), want: "1.1.1.1"},
		{name: "mapped proxy", proxies: []string{"10.0.0.0/8"}, remote: "[::ffff:10.1.2.3]:1", request: headers(xff, "1.1.1.1"), want: "1.1.1.1"},
		{name: "proxy without the header", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", want: "10.1.2.3"},
		{name: "client puts hops in front", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "9.9.9.9, 1.1.1.1"), want: "1.1.1.1"},
		{name: "chain of proxies", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "9.9.9.9, 1.1.1.1, 10.9.9.9"), want: "1.1.1.1"},
		{name: "chain over several lines", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "9.9.9.9", xff, "1.1.1.1,10.9.9.9"), want: "1.1.1.1"},
		{name: "nonsense in front", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "x, 1.1.1.1"), want: "1.1.1.1"},
		{name: "nonsense at the end", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "1.1.1.1, x"), want: "10.1.2.3"},
		{name: "only proxies", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "10.4.4.4"), want: "10.1.2.3"},
		{name: "mapped hop", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "::ffff:1.1.1.1"), want: "1.1.1.1"},
		{name: "other addresses of one IPv6 network", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "2001:DB8:1:2::ffff"), want: expanded},
		{name: "named header of a proxy", proxies: []string{"10.0.0.0/8"}, headers: []string{"cf-connecting-ip"}, remote: "10.1.2.3:1", request: headers("Cf-Connecting-Ip", "1.1.1.1", xff, "9.9.9.9"), want: "1.1.1.1"},
		{name: "named header of a peer that is no proxy", proxies: []string{"10.0.0.0/8"}, headers: []string{"cf-connecting-ip"}, remote: "203.0.113.7:1", request: headers("Cf-Connecting-Ip", "1.1.1.1"), want: "203.0.113.7"},
		{name: "ports", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "9.9.9.9, 203.0.113.12:55123, 10.9.9.9:80"), want: "203.0.113.12"},
		{name: "IPv6 with a port", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "[2001:db8:1:2::9]:443"), want: expanded},
		{name: "IPv6 in brackets", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "[2001:db8:1:2::9]"), want: expanded},
		{name: "zone", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "2001:db8:1:2::9%eth0"), want: expanded},
		{name: "zone and port", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "[2001:db8:1:2::9%25eth0]:443"), want: expanded},
		{name: "proxy with a zone", proxies: []string{"fe80::/10"}, remote: "[fe80::1%eth0]:1", request: headers(xff, "1.1.1.1, fe80::2%eth0"), want: "1.1.1.1"},
		{name: "quotes", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, `"1.1.1.1:80"`), want: "1.1.1.1"},
		{name: "unknown", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "1.1.1.1, unknown"), want: "10.1.2.3"},
		{name: "unknown in front", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(xff, "unknown, 1.1.1.1"), want: "1.1.1.1"},
		{name: "Forwarded", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(fwd, `For="[2001:db8:1:2::9]:4711";proto=https`), want: expanded},
		{name: "Forwarded, a chain", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(fwd, `for=9.9.9.9, for="1.1.1.1:80";by=10.9.9.9`, fwd, "for=10.9.9.9"), want: "1.1.1.1"},
		{name: "Forwarded, unknown", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(fwd, "for=9.9.9.9, for=unknown"), want: "10.1.2.3"},
		{name: "Forwarded, hidden", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(fwd, "for=9.9.9.9, for=_gazonk"), want: "10.1.2.3"},
		{name: "Forwarded without for", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(fwd, "for=9.9.9.9, proto=https"), want: "10.1.2.3"},
		{name: "Forwarded, a comma in quotes", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(fwd, `for=1.1.1.1;host="x,for=9.9.9.9;a="`), want: "1.1.1.1"},
		{name: "Forwarded, an open quote of the client's", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(fwd, `for="9.9.9.9`, fwd, `for=1.1.1.1`), want: "10.1.2.3"},
		{name: "X-Forwarded-For before Forwarded", proxies: []string{"10.0.0.0/8"}, remote: "10.1.2.3:1", request: headers(fwd, "for=9.9.9.9", xff, "1.1.1.1"), want: "1.1.1.1"},
		{name: "Forwarded by name", proxies: []string{"10.0.0.0/8"}, headers: []string{"forwarded"}, remote: "10.1.2.3:1", request: headers(fwd, "for=1.1.1.1", xff, "9.9.9.9"), want: "1.1.1.1"},
		{name: "Forwarded of a peer that is no proxy", proxies: []string{"10.0.0.0/8"}, remote: "203.0.113.7:1", request: headers(fwd, "for=1.1.1.1"), want: "203.0.113.7"},
		// As Better Auth: headers are named, and no proxies.
		{name: "one address", headers: []string{xff}, remote: "203.0.113.7:1", request: headers(xff, "1.1.1.1"), want: "1.1.1.1"},
		{name: "IPv6", headers: []string{xff}, remote: "203.0.113.7:1", request: headers(xff, "2001:db8:1:2:3::9"), want: expanded},
		{name: "several addresses", headers: []string{xff}, remote: "203.0.113.7:1", request: headers(xff, "1.1.1.1, 2.2.2.2"), want: ""},
		{name: "several lines", headers: []string{xff}, remote: "203.0.113.7:1", request: headers(xff, "1.1.1.1", xff, "2.2.2.2"), want: ""},
		{name: "port", headers: []string{xff}, remote: "203.0.113.7:1", request: headers(xff, "1.1.1.1:80"), want: "1.1.1.1"},
		{name: "leading zero", headers: []string{xff}, remote: "203.0.113.7:1", request: headers(xff, "01.1.1.1"), want: ""},
		{name: "nonsense", headers: []string{xff}, remote: "203.0.113.7:1", request: headers(xff, "localhost"), want: ""},
		{name: "header is missing", headers: []string{xff}, remote: "203.0.113.7:1", want: ""},
		{name: "second header", headers: []string{"x-real-ip", xff}, remote: "203.0.113.7:1", request: headers("X-Real-Ip", "x", xff, "1.1.1.1"), want: "1.1.1.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := clientIP{headers: tt.headers, ipv6Bits: DefaultIPv6Subnet}
			for _, p := range tt.proxies {
				c.proxies = append(c.proxies, netip.MustParsePrefix(p))
			}
			r := &http.Request{RemoteAddr: tt.remote, Header: tt.request}
			if got := c.of(r); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestIPv6Subnet(t *testing.T) {
	for bits, want := range map[int]string{
		128: "2001:0db8:0001:0002:0003:0004:0005:0006",
		48:  "2001:0db8:0001:0000:0000:0000:0000:0000",
	} {
		c := clientIP{ipv6Bits: bits}
		for _, remote := range []string{"[2001:db8:1:2:3:4:5:6]:1", "[::ffff:203.0.113.7]:1"} {
			if remote != "[2001:db8:1:2:3:4:5:6]:1" {
				want = "203.0.113.7"
			}
			if got := c.of(&http.Request{RemoteAddr: remote}); got != want {
				t.Errorf("%s with %d bits is %q, want %q", remote, bits, got, want)
			}
		}
	}
}

// FuzzClientIP writes an address in every way that proxies do, behind whatever
// a client sends: it is found, and the client's part changes nothing.
func FuzzClientIP(f *testing.F) {
	f.Add("9.9.9.9", []byte{203, 0, 113, 12}, uint16(55123))
	f.Add(`for="9.9.9.9`, []byte{203, 0, 113, 12}, uint16(1))
	f.Add("unknown", []byte{0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6}, uint16(443))
	proxy := netip.MustParsePrefix("10.0.0.0/8")
	f.Fuzz(func(t *testing.T, sent string, address []byte, port uint16) {
		client, ok := netip.AddrFromSlice(address)
		if !ok || proxy.Contains(client.Unmap()) || strings.ContainsFunc(sent, unicode.IsControl) {
			return
		}
		c := clientIP{proxies: []netip.Prefix{proxy}, ipv6Bits: DefaultIPv6Subnet}
		want := c.format(client)
		plain, withPort := client.String(), netip.AddrPortFrom(client, port).String()
		of := func(name string, lines ...string) string {
			return c.of(&http.Request{RemoteAddr: "10.1.2.3:1", Header: http.Header{name: lines}})
		}
		for _, hop := range []string{plain, withPort, `"` + plain + `"`, `"` + withPort + `"`, plain + " , 10.9.9.9:1"} {
			if got := of("X-Forwarded-For", sent+", "+hop); got != want {
				t.Errorf("%q behind %q is %q", hop, sent, got)
			}
			if got := of("X-Forwarded-For", sent, hop); got != want {
				t.Errorf("%q in a line after %q is %q", hop, sent, got)
			}
		}
		for _, element := range []string{"for=" + plain, `For="` + withPort + `";proto=https`, `by=10.1.2.3;for="` + plain + `", for=10.9.9.9`} {
			expected := want
			if _, formed := forwardedHops(sent); !formed { // then nothing of the header counts
				expected = "10.1.2.3"
			}
			if got := of("Forwarded", sent+", "+element); got != expected {
				t.Errorf("%q behind %q is %q", element, sent, got)
			}
			if got := of("Forwarded", "for=9.9.9.9", element); got != want {
				t.Errorf("%q is %q", element, got)
			}
		}
	})
}
