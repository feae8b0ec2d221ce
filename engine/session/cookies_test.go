package session_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
)

// A cookie that Better Auth 1.6.34 sent, with the secret that signed it.
const (
	theirSecret = "ref-secret-Xn2w8QzR4tL0vB6mK1pY9sD3fH7jG5cA"
	theirToken  = "k4BF7iejyCndgdbXz3yWOjV8rJoh4lSI"
	theirSigned = theirToken + ".Gyxv9RNpgh7ZGVtBl+1ukaCO/c0eSl2LZgVSYWT1bV0="
	theirWire   = "better-auth.session_token=k4BF7iejyCndgdbXz3yWOjV8rJoh4lSI.Gyxv9RNpgh7ZGVtBl%2B1ukaCO%2Fc0eSl2LZgVSYWT1bV0%3D"
)

func secrets(t testing.TB) *secret.Secrets {
	t.Helper()
	s, err := secret.New([]secret.Version{{Value: theirSecret}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSetLines(t *testing.T) {
	const attributes = "; Path=/; HttpOnly; SameSite=Lax"
	tests := []struct {
		name    string
		cookies session.CookieConfig
		forget  bool
		want    []string
	}{
		{name: "plain", want: []string{theirWire + "; Max-Age=604800" + attributes}},
		{
			name: "not remembered", forget: true,
			want: []string{theirWire + attributes, "better-auth.dont_remember=" + session.EncodeURIComponent(secrets(t).Sign("true")) + attributes},
		},
		{
			name: "secure", cookies: session.CookieConfig{Secure: true},
			want: []string{"__Secure-" + theirWire + "; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax"},
		},
		{
			name:    "everything",
			cookies: session.CookieConfig{Secure: true, Prefix: "app", Domain: "example.com", Path: "/t/acme", SameSite: "none", Partitioned: true},
			want:    []string{"__Secure-" + strings.Replace(theirWire, "better-auth", "app", 1) + "; Max-Age=604800; Domain=example.com; Path=/t/acme; HttpOnly; Secure; SameSite=None; Partitioned"},
		},
		{
			name: "one cookie is different",
			cookies: session.CookieConfig{Secure: true, Prefix: "app", SameSite: "none", Overrides: map[string]session.CookieOverride{
				"session_token": {Name: "sid", SameSite: "strict"},
			}}, forget: true,
			want: []string{
				"__Secure-" + strings.Replace(theirWire, "better-auth.session_token", "sid", 1) + "; Path=/; HttpOnly; Secure; SameSite=Strict",
				"__Secure-app.dont_remember=" + session.EncodeURIComponent(secrets(t).Sign("true")) + "; Path=/; HttpOnly; Secure; SameSite=None",
			},
		},
		{
			name: "one cookie for this host alone",
			cookies: session.CookieConfig{Domain: "example.com", Secure: true, Partitioned: true, Overrides: map[string]session.CookieOverride{
				"session_token": {HostOnly: true, Path: "/api", Partitioned: new(bool)}, "dont_remember": {Domain: "a.example.com"},
			}}, forget: true,
			want: []string{
				"__Secure-" + theirWire + "; Path=/api; HttpOnly; Secure; SameSite=Lax",
				"__Secure-better-auth.dont_remember=" + session.EncodeURIComponent(secrets(t).Sign("true")) + "; Domain=a.example.com; Path=/; HttpOnly; Secure; SameSite=Lax; Partitioned",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := session.New(session.Config{Cookies: tt.cookies, Secrets: secrets(t)})
			got := m.SetLines(store.NewRecord("s", document.NewObject(1).Set("token", document.Text(theirToken))), tt.forget, start)
			if len(got) != len(tt.want) {
				t.Fatalf("got %v", got)
			}
			for i := range got {
				if got[i].Line != tt.want[i] {
					t.Errorf("got  %s\nwant %s", got[i].Line, tt.want[i])
				}
				if _, err := http.ParseSetCookie(got[i].Line); err != nil {
					t.Error(err)
				}
			}
			if got[0].Name != session.CookieToken || got[0].Value != theirSigned {
				t.Errorf("got %+v", got[0])
			}
		})
	}
}

func TestExpireLines(t *testing.T) {
	m := session.New(session.Config{Cookies: session.CookieConfig{Domain: "example.com"}, Secrets: secrets(t)})
	want := []string{"session_token", "session_data", "dont_remember"}
	for i, c := range m.ExpireLines() {
		if c.Name != want[i] || c.Value != "" || c.Line != "better-auth."+want[i]+"=; Max-Age=0; Domain=example.com; Path=/; HttpOnly; SameSite=Lax" {
			t.Errorf("got %+v", c)
		}
	}
}

func TestLineAttributes(t *testing.T) {
	c := session.CookieConfig{}
	tests := []struct {
		attributes session.Attributes
		want       string
	}{
		{session.Attributes{MaxAge: 60}, "better-auth.x=v; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"},
		{session.Attributes{MaxAge: 60, Session: true}, "better-auth.x=v; Path=/; HttpOnly; SameSite=Lax"},
		{session.Attributes{Readable: true, Session: true}, "better-auth.x=v; Path=/; SameSite=Lax"},
		{session.Attributes{Path: "/y", SameSite: "STRICT", Session: true}, "better-auth.x=v; Path=/y; HttpOnly; SameSite=Strict"},
	}
	for _, tt := range tests {
		if got := c.Line("x", "v", tt.attributes); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	if got := c.Line("x", "a b;c\r\nSet-Cookie: y=ä\"\\,", session.Attributes{Session: true}); got != "better-auth.x=a%20b%3Bc%0D%0ASet-Cookie%3A%20y%3D%C3%A4%22%5C%2C; Path=/; HttpOnly; SameSite=Lax" {
		t.Errorf("a value that breaks out: %q", got)
	}
}

func TestReadCookie(t *testing.T) {
	tests := []struct {
		name, header, want string
		ok                 bool
	}{
		{"encoded", "better-auth.x=a%2Bb%3D", "a+b=", true},
		{"raw", "better-auth.x=a+b=", "a+b=", true},
		{"first of duplicates", "better-auth.x=1; better-auth.x=2", "1", true},
		{"first, though it is empty", "better-auth.x=; better-auth.x=2", "", true},
		{"among others", "a=b; better-auth.x=1; c=d", "1", true},
		{"no space", "a=b;better-auth.x=1;c=d", "1", true},
		{"much space", " \t better-auth.x \t=  1  ;", "1", true},
		{"quotes", `better-auth.x="a%20b"`, "a b", true},
		{"one quote", `better-auth.x="`, `"`, true},
		{"quote that does not end", `better-auth.x="a`, `"a`, true},
		{"equals signs", "better-auth.x=a=b==", "a=b==", true},
		{"malformed escape", "better-auth.x=100%zz", "100%zz", true},
		{"half an escape", "better-auth.x=a%2", "a%2", true},
		{"escape that is no UTF-8", "better-auth.x=%ff", "%ff", true},
		{"plus stays", "better-auth.x=a+b", "a+b", true},
		{"prefix of the name", "better-auth.xy=1", "", false},
		{"suffix of the name", "my-better-auth.x=1", "", false},
		{"name in a value", "a=better-auth.x=1", "", false},
		{"case", "Better-Auth.X=1", "", false},
		{"no equals sign", "better-auth.x", "", false},
		{"comma is no separator", "a=b, better-auth.x=1", "", false},
		{"empty", "", "", false},
		{"semicolons", ";;;", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := session.ReadCookie(tt.header, "better-auth.x")
			if got != tt.want || ok != tt.ok {
				t.Errorf("got %q, %v, want %q, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

// TestReadCookieIsLinear: a header of many cookies is read once.
func TestReadCookieIsLinear(t *testing.T) {
	header := strings.Repeat("a=b; ", 100_000) + "better-auth.x=1"
	if got, ok := session.ReadCookie(header, "better-auth.x"); got != "1" || !ok {
		t.Errorf("got %q, %v", got, ok)
	}
}

func FuzzReadCookie(f *testing.F) {
	for _, seed := range []string{theirWire, "a=b; better-auth.session_token=x", `better-auth.session_token="%41"`, "better-auth.session_token=%ff", ";=;="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		value, ok := session.ReadCookie(header, "better-auth.session_token")
		if !ok {
			if value != "" {
				t.Fatalf("%q without a cookie", value)
			}
			return
		}
		if strings.Contains(value, ";") && !strings.Contains(strings.ToLower(header), "%3b") {
			t.Fatalf("%q runs over its end", value)
		}
		if utf8.ValidString(header) && !utf8.ValidString(value) {
			t.Fatalf("%q is no text", value)
		}
	})
}

func FuzzEncodeURIComponent(f *testing.F) {
	f.Add(theirSigned)
	f.Add("ä \r\n;,")
	f.Fuzz(func(t *testing.T, s string) {
		encoded := session.EncodeURIComponent(s)
		if back, err := url.PathUnescape(encoded); err != nil || back != s {
			t.Fatalf("%q becomes %q and %q: %v", s, encoded, back, err)
		}
		if strings.ContainsAny(encoded, "; ,\"\\\r\n=") {
			t.Fatalf("%q is no cookie value", encoded)
		}
	})
}
