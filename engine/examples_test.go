package engine_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine"
	"github.com/authhost/authhost/engine/config"
)

// builtIn reads the built-in plugins as `make plugins` leaves them.
func builtIn(t *testing.T) func(id string) ([]byte, error) {
	t.Helper()
	return func(id string) ([]byte, error) { return built(t, "../plugins/dist/"+id+".wasm", "make plugins") }
}

func built(t *testing.T, path, how string) ([]byte, error) {
	t.Helper()
	wasm, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s is not built; run %s", path, how)
	}
	return wasm, err
}

// start opens a server with one tenant that has the given plugins, written as
// YAML.
func start(t *testing.T, plugins string) http.Handler {
	t.Helper()
	return startIn(t, t.TempDir(), plugins)
}

func startIn(t *testing.T, dir, plugins string) http.Handler {
	t.Helper()
	const listen = "127.0.0.1:0"
	text := fmt.Sprintf(`
server: {listen: "%s", admin: "", dataDir: %q, cacheDir: %q, development: true}
tenants:
  - id: main
    baseURL: http://localhost
    secret: Xn2w8QzR4tL0vB6mK1pY9sD3fH7jG5cA-main
    rateLimit: {enabled: false}
    plugins:
%s`, listen, dir, filepath.Join(os.TempDir(), "authhost-test-cache"), plugins)
	cfg, err := config.Parse("authhost.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(t.Context(), cfg, engine.Options{BuiltIn: builtIn(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e.Handler(listen)
}

func post(h http.Handler, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "http://localhost/api/auth"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestLanguages enables the example plugin of each language in a server: its
// veto reaches the client and leaves nothing behind, and its claim is in the
// token that another plugin issues.
func TestLanguages(t *testing.T) {
	for _, language := range []string{"go", "c", "rust", "assemblyscript", "wat"} {
		t.Run(language, func(t *testing.T) {
			module, err := filepath.Abs("../wasm-examples/dist/" + language + ".wasm")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := built(t, module, "make examples"); err != nil {
				t.Fatal(err)
			}
			h := start(t, fmt.Sprintf(`
      - id: email-password
      - id: convex
      - {id: signup-rule-%s, module: %q, grants: [], config: {blockedDomain: blocked.example}}
`, language, module))
			veto := post(h, "/sign-up/email", `{"name":"Eve","email":"eve@blocked.example","password":"correct-horse-1"}`)
			if veto.Code < 400 || veto.Code > 499 || !strings.Contains(veto.Body.String(), `"EMAIL_DOMAIN_NOT_ALLOWED"`) || len(veto.Result().Cookies()) > 0 {
				t.Fatalf("vetoed sign-up: %d %s", veto.Code, veto.Body)
			}
			in := post(h, "/sign-in/email", `{"email":"eve@blocked.example","password":"correct-horse-1"}`)
			if in.Code != http.StatusUnauthorized {
				t.Fatalf("a vetoed sign-up left a user: %d %s", in.Code, in.Body)
			}
			up := post(h, "/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct-horse-1"}`)
			if up.Code != http.StatusOK {
				t.Fatalf("sign-up: %d %s", up.Code, up.Body)
			}
			if plan := convexClaims(t, up)["plan"]; plan != "free" {
				t.Errorf("claim plan is %v", plan)
			}
		})
	}
}

func convexClaims(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	for _, c := range w.Result().Cookies() {
		if !strings.HasSuffix(c.Name, "convex_jwt") {
			continue
		}
		parts := strings.Split(c.Value, ".")
		if len(parts) != 3 {
			t.Fatalf("not a token: %s", c.Value)
		}
		text, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		claims := map[string]any{}
		if err := json.Unmarshal(text, &claims); err != nil {
			t.Fatal(err)
		}
		return claims
	}
	t.Fatal("no convex_jwt cookie")
	return nil
}
