package egress

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLookupTXT(t *testing.T) {
	resolver := &names{txt: map[string][]string{
		"_challenge.app.example.": {"proof=1", "v=spf1 -all"},
		"many.example.":           slices.Repeat([]string{"x"}, MaxTXTRecords+1),
		"most.example.":           slices.Repeat([]string{"x"}, MaxTXTRecords),
		"large.example.":          {strings.Repeat("x", MaxTXTBytes), "x"},
		"none.example.":           {},
	}}
	c := newClient(t, Config{Resolver: resolver})
	for _, tt := range []struct {
		name  string
		want  error
		count int
	}{
		{"_challenge.app.example", nil, 2},
		{"_Challenge.App.Example.", nil, 2},
		{"most.example", nil, MaxTXTRecords},
		{"many.example", ErrTooLarge, 0},
		{"large.example", ErrTooLarge, 0},
		{"none.example", ErrNotFound, 0},
		{"unheard-of.example", ErrNotFound, 0},
		{"slow.example", ErrTimeout, 0},
		{"broken.example", ErrUnavailable, 0},
	} {
		records, err := c.LookupTXT(t.Context(), tt.name, 10*time.Millisecond)
		if !errors.Is(err, tt.want) || len(records) != tt.count {
			t.Errorf("%s: got %q and %v, want %v", tt.name, records, err, tt.want)
		}
	}
}

// TestNames: what is not a whole name of the public DNS is not asked for, and
// no domain of the system is put behind one that is.
func TestNames(t *testing.T) {
	resolver := &names{}
	c := newClient(t, Config{Resolver: resolver})
	for name, want := range map[string]error{
		"": ErrInvalid, ".": ErrInvalid, "app": ErrInvalid, "app.": ErrInvalid, "app..example": ErrInvalid, ".app.example": ErrInvalid, "app.example..": ErrInvalid,
		"-app.example": ErrInvalid, "app-.example": ErrInvalid, "a b.example": ErrInvalid, "app.example/x": ErrInvalid, "bücher.example": ErrInvalid, "app.example:53": ErrInvalid,
		"10.0.0.1": ErrInvalid, "::1": ErrInvalid, strings.Repeat("a", 64) + ".example": ErrInvalid, strings.Repeat("a.", 124) + "example": ErrInvalid,
		"localhost.": ErrInvalid, "app.localhost": ErrRefused, "printer.local": ErrRefused, "db.internal": ErrRefused, "x.onion": ErrRefused, "home.arpa": ErrRefused, "nas.home.arpa": ErrRefused,
	} {
		if _, err := c.LookupTXT(t.Context(), name, 0); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", name, err, want)
		}
	}
	if len(resolver.asked) > 0 {
		t.Errorf("asked for %q", resolver.asked)
	}
	for _, name := range []string{"app.example", "xn--bcher-kva.example", "_dmarc.app.example", "mylocal", "my.notlocal", strings.Repeat("a", 63) + ".example"} {
		if _, err := c.LookupTXT(t.Context(), name, 0); errors.Is(err, ErrInvalid) != (name == "mylocal") {
			t.Errorf("%q: got %v", name, err)
		}
	}
	if slices.ContainsFunc(resolver.asked, func(name string) bool { return !strings.HasSuffix(name, ".") }) {
		t.Errorf("asked for %q", resolver.asked)
	}
}

// TestLookupsAreBounded: look-ups count as requests of the client.
func TestLookupsAreBounded(t *testing.T) {
	transport := New(Config{Resolver: &names{}})
	t.Cleanup(transport.Close)
	c := transport.Client(1)
	_, done, err := c.begin(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.LookupTXT(t.Context(), "app.example", time.Millisecond); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	done()
	if _, err := c.LookupTXT(t.Context(), "app.example", time.Second); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func FuzzName(f *testing.F) {
	for _, name := range []string{"app.example", "_x.app.example", "10.0.0.1", "a..b", "-a.b", "a.b-", "é.example"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !isName(name) {
			return
		}
		if len(name) > maxName || strings.ContainsAny(name, " /:@\\\x00") || !strings.Contains(name, ".") || strings.Contains(name, "..") {
			t.Errorf("%q is taken for a name", name)
		}
	})
}
