package httpapi

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestClientIP(t *testing.T) {
	const (
		expanded = "2001:0db8:0001:0002:0000:0000:0000:0000"
		xff      = "X-Forwarded-For"
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
		// As Better Auth: headers are named, and no proxies.
		{name: "one address", headers: []string{xff}, remote: "203.0.113.7:1", request: headers(xff, "1.1.1.1"), want: "1.1.1.1"},
		{name: "IPv6", headers: []string{xff}, remote: "203.0.113.7:1", request: headers(xff, "2001:db8:1:2:3::9"), want: expanded},
		{name: "several addresses", headers: []string{xff}, remote: "203.0.113.7:1", request: headers(xff, "1.1.1.1, 2.2.2.2"), want: ""},
		{name: "several lines", headers: []string{xff}, remote: "203.0.113.7:1", request: headers(xff, "1.1.1.1", xff, "2.2.2.2"), want: ""},
		{name: "port", headers: []string{xff}, remote: "203.0.113.7:1", request: headers(xff, "1.1.1.1:80"), want: ""},
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
