package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// testEnv is the environment of every test file.
func testEnv(name string) (string, bool) {
	v, ok := map[string]string{
		"AUTHHOST_SECRET": strongSecret,
		"DATABASE_URL":    "postgres://u:p@db/auth",
		"EMPTY":           "",
		"PORT":            "2525",
		"TRICK":           "file:/etc/passwd",
	}[name]
	return v, ok
}

const strongSecret = "q7Vd2mX0sKpW9rTz4LbN8cYhJ3gFu6Ae"

// TestBadFiles runs every file of testdata/bad. Its first lines, "# want: …",
// are the errors that it must give, without the file's name, in order.
func TestBadFiles(t *testing.T) {
	for _, path := range yamlFiles(t, "testdata/bad") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for line := range strings.Lines(string(data)) {
				if text, ok := strings.CutPrefix(line, "# want: "); ok {
					want = append(want, path+":"+strings.TrimSpace(text))
				}
			}
			_, err = Parse(path, data, testEnv)
			if err == nil {
				t.Fatal("accepted")
			}
			got := strings.Split(err.Error(), "\n")
			if *update {
				rewriteWants(t, path, data, got)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			var first *Error
			if !errors.As(err, &first) || first.Remedy == "" || first.Line == 0 {
				t.Errorf("the error has no place or no remedy: %v", err)
			}
			if strings.Contains(err.Error(), strongSecret) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

// rewriteWants replaces the wants of a file. They take part in counting lines,
// so after their number has changed it takes a second run.
func rewriteWants(t *testing.T, path string, data []byte, got []string) {
	t.Helper()
	var b strings.Builder
	for _, e := range got {
		b.WriteString("# want: " + strings.TrimPrefix(e, path+":") + "\n")
	}
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "# want: ") {
			b.WriteString(line)
		}
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestGoodFiles(t *testing.T) {
	for _, path := range yamlFiles(t, "testdata/good") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c, err := Parse(path, data, testEnv)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for line := range strings.Lines(string(data)) {
				if text, ok := strings.CutPrefix(line, "# warning: "); ok {
					want = append(want, path+":"+strings.TrimSpace(text))
				}
			}
			var got []string
			for _, w := range c.Warnings {
				got = append(got, w.Error())
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValues(t *testing.T) {
	c := parseFile(t, "testdata/good/full.yaml")
	main, beta := c.Tenants[0], c.Tenants[1]
	for _, check := range []struct {
		name      string
		got, want any
	}{
		{"default port removed, host in lower case", main.BaseURL, "https://auth.example.com"},
		{"slash removed", main.BasePath, "/auth"},
		{"default host", main.Hosts, []string{"auth.example.com"}},
		{"bare number of seconds", main.Session.ExpiresIn.Std(), 4 * time.Second},
		{"explicit zero", main.Session.FreshAge.Std(), time.Duration(0)},
		{"a mapping where true may be", main.Session.CookieCache.RefreshCache, RefreshCache{Enabled: true, UpdateAge: Duration(time.Second)}},
		{"true where a mapping may be", c.Tenants[2].Session.CookieCache.RefreshCache, RefreshCache{Enabled: true}},
		{"boolean where an enum is", main.Cookies.Secure, True},
		{"limit of a path", c.Tenants[2].RateLimit.Rules[0], RateRule{Path: "/get-session", Window: Duration(10 * time.Second), Max: 200}},
		{"defaults in a list", c.Tenants[2].RateLimit.Rules[1], RateRule{Path: "/callback/*", Window: Duration(10 * time.Second), Max: 100}},
		{"default limit", main.RateLimit, RateLimit{Enabled: Auto, Window: Duration(10 * time.Second), Max: 100, Storage: StorageMemory}},
		{"field", c.Tenants[2].User.AdditionalFields[0], UserField{Name: "nickname", Type: TypeString, Input: true, MaxLength: 1024, Transform: []string{"trim", "lowercase"}, Validator: Validator{Pattern: "^[a-z]+$", MinLength: 2}, Returned: true}},
		{"field with everything", c.Tenants[2].User.AdditionalFields[1], UserField{Name: "age", Type: TypeNumber, Required: true, Default: "18", MaxLength: 1024}},
		{"field of sessions", c.Tenants[2].Session.AdditionalFields[0], SessionField{Name: "since", Type: TypeDate, Default: "2026-01-02T03:04:05Z", Input: true, MaxLength: 1024}},
		{"dot removed", main.Cookies.Domain, "example.com"},
		{"header in lower case", main.IPHeaders, []string{"x-real-ip"}},
		{"no default header", c.Tenants[2].IPHeaders, []string(nil)},
		{"secret from the environment", main.Secrets[0].Value.Reveal(), strongSecret},
		{"secret from a file, line break removed", main.Secrets[1].Value.Reveal(), "Jx5Tq0Zr8WmNc2Vb7Ka4Pd9Lf6Yh1GsU"},
		{"CRLF removed", c.Mail.SMTP.Password.Reveal(), "s3cret"},
		{"provider of text messages", c.SMS.URL.Reveal() + " " + c.SMS.Timeout.String(), "http://sms.internal:8080/messages?key=x 5s"},
		{"number from the environment", c.Mail.SMTP.Port, 2525},
		{"default of a variable", c.Store.Postgres.MaxConns, 5},
		{"escaped reference", main.Mail.Subjects["reset-password"], "Hello ${NAME}"},
		{"relative module", main.Plugins[1].Module, "testdata/good/mine.wasm"},
		{"grants left out", main.Plugins[0].Grants, []string(nil)},
		{"plugin limits", main.Plugins[1].Limits, Limits{WallMs: 100}},
		{"relative data folder", c.Server.DataDir, "testdata/good/data"},
		{"cache in the data folder", c.Server.CacheDir, "testdata/good/data/cache"},
		{"absolute file", c.Audit.File, "/var/log/authhost/audit.jsonl"},
		{"admin off", c.Server.Admin, ""},
		{"address as a range", c.Server.TrustedProxies[1].String(), "192.0.2.1/32"},
		{"mapped address", c.Server.TrustedProxies[2].String(), "192.0.2.7/32"},
		{"merged key", beta.AppName, "My App"},
		{"overridden key", beta.ID, "beta"},
		{"aliased list", len(beta.Plugins), 2},
	} {
		if diff := cmp.Diff(check.want, check.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", check.name, diff)
		}
	}
}

func TestPluginConfig(t *testing.T) {
	p := parseFile(t, "testdata/good/full.yaml").Tenants[0].Plugins[0]
	got, err := p.ConfigJSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"minPasswordLength":10,"google":{"clientSecret":"s3cret","id":"` + strongSecret + `"}}`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for pointer, place := range map[string]string{
		"":                     "52:11",
		"/minPasswordLength":   "52:30",
		"/google/clientSecret": "53:34",
		"/google/missing/deep": "53:19",
		"/nothing":             "52:11",
	} {
		if got, want := p.Position(pointer).String(), "testdata/good/full.yaml:"+place; got != want {
			t.Errorf("%q is at %s, want %s", pointer, got, want)
		}
	}
	fault := p.Origin.Fault("/id", "no such plugin", "install it")
	if got, want := fault.Error(), "testdata/good/full.yaml:50:13: no such plugin; install it"; got != want {
		t.Errorf("fault is %q, want %q", got, want)
	}
}

func TestRaw(t *testing.T) {
	for _, c := range []struct {
		raw  Raw
		want string
	}{{Raw{}, "{}"}, {RawJSON([]byte(`{"a":1}`)), `{"a":1}`}, {RawJSON([]byte(`{`)), ""}} {
		got, err := c.raw.JSON()
		if string(got) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("got %q, %v; want %q", got, err, c.want)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Setenv("AUTHHOST_SECRET", strongSecret)
	dir := t.TempDir()
	path := filepath.Join(dir, "authhost.yaml")
	if _, err := Load(path); err == nil || err.Error() != path+": no such file or directory; create it, or name another configuration file" {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Load(dir); err == nil {
		t.Error("a folder was loaded")
	}
	text := "tenants: [{id: main, baseURL: 'https://a.example.com', secret: '${AUTHHOST_SECRET}'}]"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "data"); c.Server.DataDir != want {
		t.Errorf("dataDir is %s, want %s", c.Server.DataDir, want)
	}
}

// Nothing that prints a Config may print its secrets.
func TestSecretsAreHidden(t *testing.T) {
	c := parseFile(t, "testdata/good/full.yaml")
	text, err := json.Marshal(c.Tenants[0].Secrets)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "tenant", c.Tenants[0], "secret", c.Tenants[0].Secrets[0].Value)
	for name, out := range map[string]string{
		"%v": fmt.Sprintf("%v", c), "%+v": fmt.Sprintf("%+v", c), "%#v": fmt.Sprintf("%#v", c.Tenants), "Sprint": fmt.Sprint(c.Tenants[0].Secrets[0].Value),
		"JSON": string(text), "slog": log.String(),
	} {
		if strings.Contains(out, strongSecret) {
			t.Errorf("%s shows the secret: %s", name, out)
		}
	}
}

func TestAliasBombIsStopped(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	_, err := Parse("bomb.yaml", []byte(b.String()), nil)
	if err == nil || !strings.Contains(err.Error(), "aliases expanded") {
		t.Errorf("got %v", err)
	}
}

func TestDeepNestingIsStopped(t *testing.T) {
	_, err := Parse("deep.yaml", []byte("a: "+strings.Repeat("[", 100)+strings.Repeat("]", 100)), nil)
	if err == nil || !strings.Contains(err.Error(), "nested more than") {
		t.Errorf("got %v", err)
	}
}

func TestManyTenants(t *testing.T) {
	const n = 5000
	var b strings.Builder
	b.WriteString("tenants:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {id: t%d, baseURL: 'https://x.example.com/t/%d', pathPrefix: /t/%d, secret: kT9vQ2mX7pL4wZ8rB1nC6yF3hJ5gD0sA-%d}\n", i, i, i, i)
	}
	c, err := Parse("many.yaml", []byte(b.String()), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Tenants) != n {
		t.Errorf("%d tenants, want %d", len(c.Tenants), n)
	}
}

func TestFaultsAreBounded(t *testing.T) {
	_, err := Parse("many.yaml", []byte("tenants:\n"+strings.Repeat("  - 1\n", 100)), nil)
	if err == nil || strings.Count(err.Error(), "\n") != maxFaults || !strings.HasSuffix(err.Error(), "more faults") {
		t.Errorf("got %v", err)
	}
}

func parseFile(t *testing.T, path string) *Config {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(path, data, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// FuzzParse: whatever the text is, Parse ends with a Config or with errors
// that have a remedy, and a Config has at least one tenant with an id, a base
// URL and a host.
func FuzzParse(f *testing.F) {
	for _, dir := range []string{"testdata/good", "testdata/bad"} {
		paths, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("testdata/good/fuzz.yaml", data, testEnv)
		if err != nil {
			var fault *Error
			if !errors.As(err, &fault) || fault.Message == "" || fault.Remedy == "" {
				t.Fatalf("not a fault with a remedy: %v", err)
			}
			return
		}
		if len(c.Tenants) == 0 {
			t.Fatal("no tenant")
		}
		for _, tenant := range c.Tenants {
			if tenant.ID == "" || tenant.BaseURL == "" || len(tenant.Hosts) == 0 {
				t.Fatalf("incomplete tenant: %+v", tenant)
			}
			for _, p := range tenant.Plugins {
				text, err := p.ConfigJSON()
				if err != nil || !json.Valid(text) {
					t.Fatalf("settings are not JSON: %s, %v", text, err)
				}
			}
		}
	})
}
