package capability_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/keyring"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// issuer is another server that signs tokens and publishes its keys.
type issuer struct {
	*httptest.Server
	ring    *keyring.Ring
	fetches atomic.Int64
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{ring: keyring.New(keyring.Config{Storage: &memory{}})}
	i.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		i.fetches.Add(1)
		keys, err := i.ring.JWKS(r.Context(), "test")
		if err != nil {
			t.Error(err)
		}
		_, _ = out.Write(append([]byte("\ufeff"), keys...)) // as some servers do
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) sign(t *testing.T, claims string, values ...any) string {
	t.Helper()
	token, _, err := i.ring.Sign(context.Background(), "test", keyring.RS256, fmt.Appendf(nil, claims, values...))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// memory keeps keys.
type memory struct{ keys []keyring.Key }

func (m *memory) Keys(context.Context, string) ([]keyring.Key, error) { return m.keys, nil }
func (m *memory) Insert(_ context.Context, k keyring.Key) error {
	m.keys = append(m.keys, k)
	return nil
}
func (m *memory) Update(context.Context, keyring.Key) error { return nil }

// verifier calls http.verifyToken as a guest does.
func verifier(t *testing.T, hosts ...string) (*realmtest.Realm, func(args *document.Object) (document.Value, error)) {
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest("guest", calls(hosts...))}, Egress: loopback})
	return r, func(args *document.Object) (v document.Value, err error) {
		ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/guest"})
		c := &dispatch.Call{Exchange: ex, Entry: r.Set.Endpoints()[0]}
		_ = ex.Unit(t.Context(), func(ctx context.Context) error {
			v, err = r.Host.Call(ctx, c, "http", "verifyToken", args)
			return nil
		})
		return v, err
	}
}

func TestVerifyRemoteToken(t *testing.T) {
	server := newIssuer(t)
	_, verify := verifier(t, "127.0.0.1")
	now := realmtest.Start.Unix()
	for _, tt := range []struct{ name, claims, more, want string }{
		{"right", `{"sub":"ada","iss":"https://id.example","aud":"app","exp":%d,"iat":%d}`, `{}`, ""},
		{"several audiences", `{"sub":"ada","iss":"https://id.example","aud":["x","app"],"azp":"app","exp":%d,"iat":%d}`, `{}`, ""},
		{"another audience", `{"sub":"ada","iss":"https://id.example","aud":"other","exp":%d,"iat":%d}`, `{}`, "audience"},
		{"several audiences, for another party", `{"sub":"ada","iss":"https://id.example","aud":["x","app"],"azp":"x","exp":%d,"iat":%d}`, `{}`, "audience"},
		{"no audience", `{"sub":"ada","iss":"https://id.example","exp":%d,"iat":%d}`, `{}`, "audience"},
		{"one of the audiences", `{"sub":"ada","iss":"https://id.example","aud":"b","exp":%d,"iat":%d}`, `{"audience":["a","b"]}`, ""},
		{"another issuer", `{"sub":"ada","iss":"https://id.example/","aud":"app","exp":%d,"iat":%d}`, `{}`, "issuer"},
		{"no issuer", `{"sub":"ada","aud":"app","exp":%d,"iat":%d}`, `{}`, "issuer"},
		{"the issuer of a tenant", `{"sub":"ada","tid":"t1","iss":"https://id.example/t1/v2","aud":"app","exp":%d,"iat":%d}`, `{"issuer":"https://id.example/{tid}/v2"}`, ""},
		{"the issuer of another tenant", `{"sub":"ada","tid":"t2","iss":"https://id.example/t1/v2","aud":"app","exp":%d,"iat":%d}`, `{"issuer":"https://id.example/{tid}/v2"}`, "issuer"},
		{"a tenant that is a path", `{"sub":"ada","tid":"a/b","iss":"https://id.example/a/b/v2","aud":"app","exp":%d,"iat":%d}`, `{"issuer":"https://id.example/{tid}/v2"}`, "issuer"},
		{"the nonce", `{"sub":"ada","nonce":"n","iss":"https://id.example","aud":"app","exp":%d,"iat":%d}`, `{"nonce":"n"}`, ""},
		{"another nonce", `{"sub":"ada","nonce":"m","iss":"https://id.example","aud":"app","exp":%d,"iat":%d}`, `{"nonce":"n"}`, "nonce"},
		{"no nonce", `{"sub":"ada","iss":"https://id.example","aud":"app","exp":%d,"iat":%d}`, `{"nonce":"n"}`, "nonce"},
		{"no subject", `{"iss":"https://id.example","aud":"app","exp":%d,"iat":%d}`, `{}`, "invalid"},
		{"no expiry", `{"sub":"ada","iss":"https://id.example","aud":"app","x":%d,"iat":%d}`, `{}`, "expired"},
	} {
		more, err := document.Parse([]byte(tt.more), 0)
		if err != nil {
			t.Fatal(err)
		}
		args := document.NewObject(6).Set("token", document.Text(server.sign(t, tt.claims, now+600, now))).Set("jwksUrl", document.Text(server.URL)).
			Set("issuer", document.Text("https://id.example")).Set("audience", document.Text("app"))
		for name, v := range more.Object().All() {
			args.Set(name, v)
		}
		check(t, tt.name, verify, args, tt.want)
	}
	if n := server.fetches.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

// check compares the code of a refusal; "" is none.
func check(t *testing.T, name string, verify func(*document.Object) (document.Value, error), args *document.Object, want string) {
	t.Helper()
	v, err := verify(args)
	refusal, _ := err.(*dispatch.Refusal)
	switch {
	case want == "" && (err != nil || v.Get("claims").Get("sub").Str() != "ada"):
		t.Errorf("%s: got %s, %v", name, v.JSON(), err)
	case want != "" && (refusal == nil || refusal.Code != want || refusal.Status != pluginapi.StatusInvalid):
		t.Errorf("%s: got %s, %v, want %s", name, v.JSON(), err, want)
	}
}

func TestVerifyRemoteTimes(t *testing.T) {
	server := newIssuer(t)
	_, verify := verifier(t, "127.0.0.1")
	now := realmtest.Start.Unix()
	for _, tt := range []struct {
		name          string
		iat, nbf, exp int64
		maxAge        int64
		want          string
	}{
		{"ended a moment ago", -600, -600, -59, 0, ""},
		{"ended", -600, -600, -60, 0, "expired"},
		{"begins in a moment", 59, 59, 600, 0, ""},
		{"begins later", 0, 61, 600, 0, "invalid"},
		{"from the future", 61, 0, 600, 0, "invalid"},
		{"young enough", -600, -600, 600, 600, ""},
		{"too old", -700, -700, 600, 600, "expired"},
	} {
		token := server.sign(t, `{"sub":"ada","iss":"i","aud":"a","iat":%d,"nbf":%d,"exp":%d}`, now+tt.iat, now+tt.nbf, now+tt.exp)
		args := document.NewObject(5).Set("token", document.Text(token)).Set("jwksUrl", document.Text(server.URL)).Set("issuer", document.Text("i")).Set("audience", document.Text("a"))
		if tt.maxAge > 0 {
			args.Set("maxAge", document.Int(tt.maxAge))
		}
		check(t, tt.name, verify, args, tt.want)
	}
}

// TestUnknownKeyIsLookedForOnce: a key that is not in the set may be new, but
// tokens that name invented keys do not make a fetch each.
func TestUnknownKeyIsLookedForOnce(t *testing.T) {
	server, other := newIssuer(t), newIssuer(t)
	r, verify := verifier(t, "127.0.0.1")
	args := func(i *issuer) *document.Object {
		exp := realmtest.Start.Add(time.Hour).Unix()
		return document.NewObject(4).Set("token", document.Text(i.sign(t, `{"sub":"ada","iss":"i","aud":"a","exp":%d}`, exp))).
			Set("jwksUrl", document.Text(server.URL)).Set("issuer", document.Text("i")).Set("audience", document.Text("a"))
	}
	check(t, "known", verify, args(server), "")
	for range 5 {
		check(t, "unknown", verify, args(other), "key")
	}
	if n := server.fetches.Load(); n != 1 {
		t.Errorf("%d fetches at once", n)
	}
	r.Clock.Advance(time.Minute)
	for range 5 {
		check(t, "unknown, later", verify, args(other), "key")
	}
	if n := server.fetches.Load(); n != 2 {
		t.Errorf("%d fetches after a minute", n)
	}
	r.Clock.Advance(10 * time.Minute)
	check(t, "known, after ten minutes", verify, args(server), "")
	if n := server.fetches.Load(); n != 3 {
		t.Errorf("%d fetches after ten minutes", n)
	}
	_, elsewhere := verifier(t, "other.example")
	if _, err := elsewhere(args(server)); err == nil {
		t.Error("a host that the manifest does not ask for was called")
	}
}

func TestAnswersAreKept(t *testing.T) {
	var count atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		count.Add(1)
		if r.URL.Path == "/error" {
			out.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(out, "x")
	}))
	defer server.Close()
	ask := func(rest string) string { return `{"cacheSeconds":60,"url":"` + server.URL + `"` + rest + `}` }
	g := guest("guest", calls("127.0.0.1"), call("get", "http", "request", ask("")), call("again", "http", "request", ask(`,"timeoutMs":1000`)),
		call("auth", "http", "request", ask(`,"auth":{"bearer":"x"}`)), call("header", "http", "request", ask(`,"headers":{"x":"y"}`)), call("post", "http", "request", ask(`,"method":"POST"`)))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{g}, Egress: loopback})
	answer := run(t, r, 0)
	for name, status := range map[string]pluginapi.Status{"get": 0, "again": 0, "auth": pluginapi.StatusInvalid, "header": pluginapi.StatusInvalid, "post": pluginapi.StatusInvalid} {
		want(t, answer, name, status)
	}
	run(t, r, 0)
	if n := count.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
	r.Clock.Advance(time.Minute)
	run(t, r, 0)
	if n := count.Load(); n != 2 {
		t.Errorf("%d requests after a minute", n)
	}
}
