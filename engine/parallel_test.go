package engine_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// oauth is an OAuth provider that knows one person for each code, and takes each
// refresh token once.
type oauth struct {
	*httptest.Server
	refreshes atomic.Int32 // requests for new tokens
	mu        sync.Mutex
	used      map[string]bool // refresh tokens that were
}

func newOAuth(t *testing.T) *oauth {
	p := &oauth{used: map[string]bool{}}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *oauth) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/me" {
		who := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		_, _ = fmt.Fprintf(w, `{"id":%q,"name":"Ada","email":"%s@example.com","email_verified":true}`, who, who)
		return
	}
	who, life := r.FormValue("code"), 1 // to be renewed at once
	if old := r.FormValue("refresh_token"); old != "" {
		p.mu.Lock()
		again := p.used[old]
		p.used[old] = true
		p.mu.Unlock()
		if again {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
			return
		}
		who, _, _ = strings.Cut(old, ".")
		life = 3600
		p.refreshes.Add(1)
	}
	_, _ = fmt.Fprintf(w, `{"access_token":%q,"refresh_token":"%s.%d","expires_in":%d}`, who, who, time.Now().UnixNano(), life)
}

// config is a tenant whose users come from the provider.
func (p *oauth) config() string {
	return strings.ReplaceAll(`
  egress: {allow: [127.0.0.1/32]}
tenants:
  - id: main
    baseURL: http://main.example
    secret: 2f3YIYd+inS3CcclY2Q7WNxlkXP2/q4PrxRXrYNlOEM=
    rateLimit: {enabled: false}
    plugins:
      - id: email-password
      - id: account
      - id: social
        config:
          providers:
            oauth:
              clientId: c
              clientSecret: s
              authorizationUrl: IDP/authorize
              tokenUrl: IDP/token
              userInfoUrl: IDP/me
`, "IDP", p.URL)
}

// flow is a sign-in at the provider, begun.
type flow struct{ path, cookie string }

// begin begins a sign-in of a person.
func (s *server) begin(who string) flow {
	s.t.Helper()
	a := s.do(request{method: "POST", path: "/api/auth/sign-in/social", body: `{"provider":"oauth","callbackURL":"/done"}`}).want(s.t, 200, "")
	to, err := url.Parse(a.get("url"))
	if err != nil {
		s.t.Fatal(err)
	}
	back, err := url.Parse(to.Query().Get("redirect_uri"))
	if err != nil {
		s.t.Fatal(err)
	}
	query := url.Values{"code": {who}, "state": {to.Query().Get("state")}}
	return flow{back.Path + "?" + query.Encode(), a.cookie()}
}

func (s *server) end(f flow) answer {
	s.t.Helper()
	return s.do(request{method: "GET", path: f.path, cookie: f.cookie})
}

// TestParallelCallbacks: people sign in with a provider four times at once, the
// first time and later. All of them get in, as one user with one account.
func TestParallelCallbacks(t *testing.T) {
	needPlugins(t, "email-password", "account", "social")
	onBothStores(t, func(t *testing.T, n int, store string) {
		p := newOAuth(t)
		servers, stop := newFleet(t, n).start(storeConfig(p.config(), store))
		defer stop()
		const people, tabs = 6, 4
		rounds := 2
		if testing.Short() {
			rounds = 1
		}
		for range rounds {
			for person := range people {
				who := fmt.Sprint("p", person)
				flows := make([]flow, tabs)
				for i := range flows {
					flows[i] = servers[i%n].begin(who)
				}
				users := make([]string, tabs)
				parallel(tabs, func(i int) {
					s := servers[i%n]
					a := s.end(flows[i])
					if a.status != http.StatusFound || a.header.Get("Location") != "/done" {
						t.Errorf("%s: %d %s %s", who, a.status, a.header.Get("Location"), a.text)
						return
					}
					users[i] = s.session("", a.cookie()).get("user.id")
				})
				for _, user := range users {
					if user == "" || user != users[0] {
						t.Errorf("%s is %v", who, users)
					}
				}
			}
		}
	})
}

// TestParallelUpdates: sixteen changes of one user at once are all made.
func TestParallelUpdates(t *testing.T) {
	needPlugins(t, "email-password", "account", "social")
	onBothStores(t, func(t *testing.T, n int, store string) {
		servers, stop := newFleet(t, n).start(storeConfig(newOAuth(t).config(), store))
		defer stop()
		cookie := servers[0].signUp("", "ada@example.com").want(t, 200, "").cookie()
		for round := range 3 {
			parallel(16, func(i int) {
				body := fmt.Sprintf(`{"name":"Ada %d-%d"}`, round, i)
				servers[i%n].do(request{method: "POST", path: "/api/auth/update-user", body: body, cookie: cookie}).want(t, 200, "")
			})
		}
	})
}

// TestOneRenewal: six requests for the access token of one account, which has
// ended, renew it once; and none of six that ask for new tokens uses a refresh
// token that another one has used.
func TestOneRenewal(t *testing.T) {
	needPlugins(t, "email-password", "account", "social")
	onBothStores(t, func(t *testing.T, n int, store string) {
		p := newOAuth(t)
		servers, stop := newFleet(t, n).start(storeConfig(p.config(), store))
		defer stop()
		cookie := servers[0].end(servers[0].begin("ada")).want(t, 302, "").cookie()
		all := func(path string) {
			parallel(6, func(i int) {
				a := servers[i%n].do(request{method: "POST", path: "/api/auth" + path, body: `{"providerId":"oauth"}`, cookie: cookie}).want(t, 200, "")
				if a.get("accessToken") != "ada" {
					t.Errorf("%s: %s", path, a.text)
				}
			})
		}
		if all("/get-access-token"); p.refreshes.Load() != 1 {
			t.Errorf("renewed %d times", p.refreshes.Load())
		}
		all("/refresh-token")
	})
}

// storeConfig adds a section for the store to the configuration of a test.
func storeConfig(text, store string) string {
	if store == "" {
		return text
	}
	return strings.Replace(text, "tenants:", store+"\ntenants:", 1)
}
