package httpapi_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// boxes is a realm with a plugin that puts what it is sent into a sealed
// cookie, and another that looks for it.
func boxes(cache time.Duration) realmtest.Config {
	post := func(number int32, path string) pluginapi.Handler {
		return pluginapi.Handler{Number: number, Kind: pluginapi.KindEndpoint, Method: "POST", Path: path}
	}
	owner := w.New(&pluginapi.Manifest{
		ID: "owner", Capabilities: []pluginapi.Capability{{Name: pluginapi.CapSession}},
		Handlers: []pluginapi.Handler{post(1, "/put"), post(2, "/look"), post(3, "/drop"), post(4, "/adopt"), post(5, "/put-and-end"), post(6, "/replace")},
		Cookies:  []pluginapi.Cookie{{Name: "box", MaxAge: 60, Sealed: true}},
	}).
		Handler(1, w.Copy("response.cookies.box", "request.body"), w.Report("response.body.status")).
		Handler(2, w.Copy("response.body.note", "request.cookies.box.note"), w.Copy("response.body.all", "request.cookies")).
		Handler(3, w.SetKind("response.cookies.box", pluginapi.KindNull, "")).
		Handler(4, w.Copy("args.token", "request.body.token"), w.Call("session", "adopt", ""), w.Must(), w.Set("response.body.done", "yes")).
		Handler(5, w.Copy("response.cookies.box", "request.body"), w.Call("session", "end", `{}`), w.Must(), w.Copy("response.cookies.box", "request.body"), w.Report("response.body.status")).
		Handler(6, w.Copy("args.userId", "session.user.id"), w.SetKind("args.replace", pluginapi.KindBool, "true"), w.Call("session", "create", ""), w.Must(), w.Set("response.body.done", "yes"))
	other := w.New(&pluginapi.Manifest{ID: "other", Handlers: []pluginapi.Handler{post(1, "/peek")}, Cookies: []pluginapi.Cookie{{Name: "own"}}}).
		Handler(1, w.Copy("response.body.box", "request.cookies.box"), w.Copy("response.body.part", `request.cookies.box\.0`),
			w.Set("response.cookies.box", "mine"), w.Report("response.body.status"))
	return realmtest.Config{Guests: []*w.Guest{owner, other}, Cache: session.CacheConfig{MaxAge: cache}}
}

// Statuses, as the plugins report them.
var (
	ok     = status(pluginapi.StatusOK)
	denied = status(pluginapi.StatusDenied)
	limit  = status(pluginapi.StatusLimit)
)

func status(s pluginapi.Status) string { return `"status":` + strconv.Itoa(int(s)) }

func note(length int) string { return `{"note":"` + strings.Repeat("n", length) + `"}` }

// TestSealedCookie follows a sealed cookie from where it is given to the end of
// its session.
func TestSealedCookie(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		length                int
		given, smaller, again []string
		gone                  []string
	}{
		{"in one cookie", 10, []string{"box"}, []string{"box"}, []string{"box"}, []string{"-box", "-dont_remember", "-session_data", "-session_token"}},
		{
			"in parts", 6000, []string{"box.0", "box.1", "box.2"}, []string{"-box.0", "-box.1", "-box.2", "box"}, []string{"-box", "box.0", "box.1", "box.2"},
			[]string{"-box.0", "-box.1", "-box.2", "-dont_remember", "-session_data", "-session_token"},
		},
	} {
		_, b, _ := signedIn(t, boxes(0))
		step := func(name, path, body, wantBody string, wantSet ...string) {
			t.Helper()
			answer, set := b.call(t, "POST", path, body)
			if !strings.Contains(answer, wantBody) || !slices.Equal(set, wantSet) {
				t.Errorf("%s, %s: %.80s sets %v, want %s and %v", tt.name, name, answer, set, wantBody, wantSet)
			}
		}
		step("nothing is there", "/look", "{}", `{"all":{}}`)
		step("given", "/put", note(tt.length), ok, tt.given...)
		step("read", "/look", "{}", `{"note":"nnnnnnnnnn`)
		step("no other plugin reads or writes it", "/peek", "{}", "{"+denied+"}")
		step("smaller", "/put", note(1), ok, tt.smaller...)
		step("again", "/put", note(tt.length), ok, tt.again...)
		step("it goes with the session", "/sign-out", "{}", "true", tt.gone...)
		step("without a session there is none", "/put", note(1), denied)
	}
}

// TestSealedCookieIsBound: it is of no use beside another session, be it of
// another user or the same one.
func TestSealedCookieIsBound(t *testing.T) {
	r, b, sess := signedIn(t, boxes(0))
	b.call(t, "POST", "/put", note(1))
	tx := store.Begin(r.Store)
	eve, _, err := r.Identity.CreateUser(t.Context(), store.Work{Tx: tx, Hooks: nothing{}, Now: r.Clock.Now()}, identity.NewUser{
		Fields: document.NewObject(2).Set("email", document.Text("eve@example.com")).Set("name", document.Text("Eve")),
	})
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{}
	for name, id := range map[string]string{"another user": eve.ID, "another session of the user": sess.Str("userId")} {
		s, err := r.Sessions.Create(t.Context(), store.Work{Tx: tx, Hooks: nothing{}, Now: r.Clock.Now()}, session.CreateParams{UserID: id})
		if err != nil {
			t.Fatal(err)
		}
		tokens[name] = s.Str("token")
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	own, sealed := b.cookies["better-auth.session_token"], b.cookies["better-auth.box"]
	for name, token := range tokens {
		b.cookies = map[string]string{"better-auth.session_token": session.EncodeURIComponent(r.Secrets.Sign(token)), "better-auth.box": sealed}
		if answer, _ := b.call(t, "POST", "/look", "{}"); answer != `{"all":{}}` {
			t.Errorf("%s reads %s", name, answer)
		}
		// Who changes to that session leaves it behind.
		b.cookies = map[string]string{"better-auth.session_token": own, "better-auth.box": sealed}
		if _, set := b.call(t, "POST", "/adopt", `{"token":"`+token+`"}`); !slices.Contains(set, "-box") {
			t.Errorf("changing to %s sets %v", name, set)
		}
	}
	b.cookies = map[string]string{"better-auth.session_token": own, "better-auth.box": sealed}
	if answer, _ := b.call(t, "POST", "/look", "{}"); !strings.Contains(answer, `"note":"n"`) {
		t.Errorf("its own session reads %s", answer)
	}
	r.Clock.Advance(time.Minute)
	if answer, _ := b.call(t, "POST", "/look", "{}"); answer != `{"all":{}}` {
		t.Errorf("after its end: %s", answer)
	}
}

// TestSealedCookieFollowsCopy: where sessions are cached in cookies, it is good
// as long as their copies, and renewed with them.
func TestSealedCookieFollowsCopy(t *testing.T) {
	r, b, _ := signedIn(t, boxes(10*time.Minute))
	b.call(t, "POST", "/put", note(1))
	r.Clock.Advance(5 * time.Minute)
	if _, set := b.call(t, "GET", "/get-session", ""); !slices.Equal(set, []string{"box", "session_data"}) {
		t.Errorf("the copy is renewed: %v", set)
	}
	r.Clock.Advance(6 * time.Minute)
	if answer, _ := b.call(t, "POST", "/look", "{}"); !strings.Contains(answer, `"note":"n"`) {
		t.Errorf("after its first end: %s", answer)
	}
	if _, set := b.call(t, "POST", "/drop", "{}"); !slices.Equal(set, []string{"-box"}) {
		t.Errorf("taken away: %v", set)
	}
	b.call(t, "POST", "/put", note(1))
	if _, set := b.call(t, "POST", "/revoke-sessions", "{}"); !slices.Equal(set, []string{"-box", "-session_data"}) {
		t.Errorf("the session ended: %v", set)
	}
}

// TestSealedCookieGoesOver: a session that takes the place of another has what
// was bound to that, which the old one has no more.
func TestSealedCookieGoesOver(t *testing.T) {
	for _, cache := range []time.Duration{0, 10 * time.Minute} {
		_, b, _ := signedIn(t, boxes(cache))
		b.call(t, "POST", "/put", note(1))
		old := b.cookies["better-auth.session_token"]
		if _, set := b.call(t, "POST", "/replace", "{}"); !slices.Contains(set, "box") || !slices.Contains(set, "session_token") {
			t.Errorf("cache %v: replacing sets %v", cache, set)
		}
		if answer, _ := b.call(t, "POST", "/look", "{}"); !strings.Contains(answer, `"note":"n"`) || b.cookies["better-auth.session_token"] == old {
			t.Errorf("cache %v: the new session reads %s", cache, answer)
		}
		b.cookies["better-auth.session_token"] = old
		if answer, _ := b.call(t, "POST", "/look", "{}"); answer != `{"all":{}}` {
			t.Errorf("cache %v: the old session reads %s", cache, answer)
		}
	}
}

// TestSealedCookieEndsInTheSameAnswer: nothing is left of one that was given
// before the session ended.
func TestSealedCookieEndsInTheSameAnswer(t *testing.T) {
	_, b, _ := signedIn(t, boxes(0))
	answer, set := b.call(t, "POST", "/put-and-end", note(1))
	if answer != "{"+denied+"}" || !slices.Equal(set, []string{"-dont_remember", "-session_data", "-session_token"}) {
		t.Errorf("%s sets %v", answer, set)
	}
	_, b, _ = signedIn(t, boxes(0))
	if answer, set := b.call(t, "POST", "/put", note(100_000)); !strings.Contains(answer, limit) || len(set) != 0 {
		t.Errorf("too large: %s sets %v", answer, set)
	}
}
