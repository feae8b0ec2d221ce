package tenant_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/tenant"
)

func registry(t *testing.T, tenants ...*tenant.Tenant) *tenant.Registry {
	t.Helper()
	r, err := tenant.NewRegistry(tenants)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func at(id, listen, prefix string, hosts ...string) *tenant.Tenant {
	return &tenant.Tenant{ID: id, Listen: listen, Hosts: hosts, PathPrefix: prefix}
}

func TestResolve(t *testing.T) {
	r := registry(t,
		at("a", ":1", "", "a.example", "A2.example"),
		at("port", ":1", "", "a.example:8443"),
		at("acme", ":1", "/t/acme", "shared.example"),
		at("acme-eu", ":1", "/t/acme/eu", "shared.example"),
		at("root", ":1", "", "shared.example"),
		at("v6", ":1", "", "[::1]"),
		at("other", ":2", "", "a.example"),
		at("only", ":3", ""),
		at("wild", ":5", "", "*.app.example"),
		at("named", ":5", "", "a.app.example"),
		at("deeper", ":5", "", "*.eu.app.example"),
		at("prefixed", ":4", "/p"),
		at("previews", ":6", "", "preview-*.app.example", "localhost:*"),
		at("narrow", ":6", "", "preview-eu-*.app.example"),
		at("all", ":6", "", "*.app.example", "*.localhost:*"),
	)
	tests := []struct {
		listen, host, path string
		id, rest           string // id "": nobody
	}{
		{":1", "a.example", "/x", "a", "/x"},
		{":1", "A.EXAMPLE", "/x", "a", "/x"},
		{":1", "a2.example", "/x", "a", "/x"},
		{":1", "a.example:443", "/x", "a", "/x"},
		{":1", "a.example:80", "/x", "a", "/x"},
		{":1", "a.example:8443", "/x", "port", "/x"},
		{":1", "a.example:8080", "/x", "", ""},
		{":1", "[::1]:80", "/x", "v6", "/x"},
		{":1", "b.example", "/x", "", ""},
		{":1", "a.example.", "/x", "", ""},
		{":1", "xa.example", "/x", "", ""},
		{":1", "a.example.e.co", "/x", "", ""},
		{":1", "a.example@e.co", "/x", "", ""},
		{":1", "", "/x", "", ""},
		{":1", ":443", "/x", "", ""},
		{":2", "a.example", "/x", "other", "/x"},
		{":2", "a2.example", "/x", "", ""},
		{":9", "a.example", "/x", "", ""},
		{":3", "whatever", "/x", "only", "/x"},
		{":5", "b.app.example", "/x", "wild", "/x"},
		{":5", "B.b.app.example:443", "/x", "wild", "/x"},
		{":5", "a.app.example", "/x", "named", "/x"},
		{":5", "b.eu.app.example", "/x", "deeper", "/x"},
		{":5", "eu.app.example", "/x", "wild", "/x"},
		{":5", "app.example", "/x", "", ""},
		{":5", ".app.example", "/x", "", ""},
		{":5", "b..app.example", "/x", "", ""},
		{":5", "b.app.example.e.co", "/x", "", ""},
		{":6", "preview-7.app.example", "/x", "previews", "/x"},
		{":6", "preview-eu-7.app.example:443", "/x", "narrow", "/x"},
		{":6", "preview-7.x.app.example", "/x", "all", "/x"},
		{":6", "preview-.app.example", "/x", "all", "/x"},
		{":6", "localhost:5173", "/x", "previews", "/x"},
		{":6", "localhost:443", "/x", "previews", "/x"},
		{":6", "localhost", "/x", "", ""},
		{":6", "localhost:3000.e.co", "/x", "", ""},
		{":6", "a.localhost:5173", "/x", "all", "/x"},
		{":3", "", "/", "only", "/"},
		{":4", "whatever", "/p/x", "prefixed", "/x"},
		{":4", "whatever", "/p", "prefixed", ""},
		{":4", "whatever", "/px", "", ""},
		{":4", "whatever", "/P/x", "", ""},
		{":1", "shared.example", "/t/acme/x", "acme", "/x"},
		{":1", "shared.example", "/t/acme", "acme", ""},
		{":1", "shared.example", "/t/acme/eu/x", "acme-eu", "/x"},
		{":1", "shared.example", "/t/acme/euro", "acme", "/euro"},
		{":1", "shared.example", "/t/acmex/x", "root", "/t/acmex/x"},
		{":1", "shared.example", "//t/acme/x", "root", "//t/acme/x"},
		{":1", "shared.example", "/x", "root", "/x"},
	}
	for _, tt := range tests {
		t.Run(tt.listen+" "+tt.host+" "+tt.path, func(t *testing.T) {
			got, rest, ok := r.Resolve(tt.listen, tt.host, tt.path)
			if ok != (tt.id != "") {
				t.Fatalf("found: %v, %+v", ok, got)
			}
			if ok && (got.ID != tt.id || rest != tt.rest) {
				t.Errorf("got %s and %q", got.ID, rest)
			}
		})
	}
	if got := r.Listeners(); !slices.Equal(got, []string{":1", ":2", ":3", ":4", ":5", ":6"}) {
		t.Errorf("listeners %v", got)
	}
}

func TestClashes(t *testing.T) {
	tests := []struct {
		name    string
		tenants []*tenant.Tenant
		want    string // parts of the error, "" for none
	}{
		{"none", nil, ""},
		{"one pattern", []*tenant.Tenant{at("a", ":1", "", "*.app.example"), at("b", ":1", "", "*.APP.example")}, `"a" "b" *.app.example`},
		{"no pattern", []*tenant.Tenant{at("a", ":1", "", "*.com")}, `"a" *.com top-level`},
		{"one host, one prefix", []*tenant.Tenant{at("a", ":1", "", "x"), at("b", ":1", "", "X")}, `"a" "b" x`},
		{"one host, two prefixes", []*tenant.Tenant{at("a", ":1", "/a", "x"), at("b", ":1", "/b", "x")}, ""},
		{"one host, two listeners", []*tenant.Tenant{at("a", ":1", "", "x"), at("b", ":2", "", "x")}, ""},
		{"any host, then another", []*tenant.Tenant{at("a", ":1", ""), at("b", ":1", "", "x")}, `"b" :1 hosts`},
		{"a host, then any", []*tenant.Tenant{at("a", ":1", "", "x"), at("b", ":1", "")}, `"b" :1 hosts`},
		{"any host twice", []*tenant.Tenant{at("a", ":1", "/a"), at("b", ":1", "/b")}, `"b" :1 hosts`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tenant.NewRegistry(tt.tenants)
			if (err == nil) != (tt.want == "") {
				t.Fatalf("got %v", err)
			}
			for _, part := range strings.Fields(tt.want) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v does not name %s", err, part)
				}
			}
		})
	}
}

func TestHostOf(t *testing.T) {
	for _, tt := range []struct{ scheme, authority, want string }{
		{"https", "Auth.Example.com", "auth.example.com"},
		{"https", "auth.example.com:443", "auth.example.com"},
		{"http", "auth.example.com:80", "auth.example.com"},
		{"http", "auth.example.com:443", "auth.example.com:443"},
		{"http", "localhost:3000", "localhost:3000"},
		{"http", "[::1]:3000", "[::1]:3000"},
		{"http", "[::1]:80", "[::1]"},
		{"http", "[::1]", "[::1]"},
	} {
		if got := tenant.HostOf(tt.scheme, tt.authority); got != tt.want {
			t.Errorf("HostOf(%q, %q) = %q, want %q", tt.scheme, tt.authority, got, tt.want)
		}
	}
}
