package dispatch

import (
	"context"
	"slices"
	"time"

	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/pluginapi"
)

// A guest begins each call with the same memory, and learns of the world only
// what the host tells it. A hook on response.session that was told of nothing
// but its session, its settings and its tenant therefore sets the same cookies
// when it is told the same again. Apps read their session all the time, so the
// host remembers these cookies and spares itself the call.

// maxMemo is how long cookies are remembered at most. It bounds how long a guest
// goes unasked that looks at WASI's clock, which is for durations alone.
const maxMemo = 5 * time.Minute

// maxMemos bounds how many answers half of a tenant's cache remembers,
// each with the cookies that one hook set, mostly about two kilobytes.
const maxMemos = 5_000

// memoKey is who was told what, but for what is told of the session.
type memoKey struct {
	handler *pluginapi.Handler
	session string
	baseURL string
	fresh   bool
}

// memo is what a call came to.
type memo struct {
	sessionVersion, userVersion uint64
	user                        string
	until                       time.Time
	while                       []func(context.Context) (bool, error)
	cookies                     []session.Cookie
}

// trace is what a call did that decides whether it is remembered.
type trace struct {
	other   bool // it read or did something else than what is compared or repeated
	calls   int  // host calls
	pure    int  // those of them that Repeatable was told of
	until   time.Time
	while   []func(context.Context) (bool, error)
	cookies []session.Cookie
}

// Repeatable says of the host call that is being made that it would have the
// same result until a time, while a condition holds, and no effect.
func (c *Call) Repeatable(until time.Time, while func(context.Context) (bool, error)) {
	t := &c.trace
	t.pure++
	if t.until.IsZero() || until.Before(t.until) {
		t.until = until
	}
	t.while = append(t.while, while)
}

// reads notes that a part of the document is read.
func (t *trace) reads(root string) {
	switch root {
	case "session", "config", "tenant", "event", argsRoot, "scratch", "result":
	default:
		t.other = true
	}
}

// writes notes that a part of the document is written. Cookies note themselves.
func (t *trace) writes(segments []string) {
	switch segments[0] {
	case argsRoot, "scratch":
	case "response":
		t.other = t.other || segments[1] != "cookies"
	default:
		t.other = true
	}
}

// told returns what there is to remember of a call by a hook on a session that
// is read; ok is false where hooks learn of something else besides.
func (ex *Exchange) told(e Entry, event, phase string) (key memoKey, ok bool) {
	if event != pluginapi.EventResponseSession || phase != pluginapi.PhaseRead || !ex.Session.resolved || ex.Session.outcome != (outcome{}) || ex.pending != nil {
		return memoKey{}, false
	}
	sess, user := ex.Session.current.Session, ex.Session.current.User
	if sess == nil || user == nil || sess.Version == 0 || user.Version == 0 {
		return memoKey{}, false // not from the store, or not as it is there
	}
	return memoKey{handler: e.Handler, session: sess.ID, baseURL: ex.BaseURL(), fresh: ex.Realm.Sessions.Fresh(sess, ex.Now)}, true
}

// repeat sets the cookies that a hook set when it was told the same before. It
// reports false if the hook must run.
func (ex *Exchange) repeat(ctx context.Context, e Entry, key memoKey) bool {
	m, ok := ex.set.memos.Get(key)
	if !ok || !m.about(ex.Session.current) || !ex.Now.Before(m.until) {
		return false
	}
	for _, holds := range m.while {
		if ok, err := holds(ctx); err != nil || !ok {
			return false
		}
	}
	for _, c := range m.cookies {
		ex.Response.SetCookie(c)
	}
	if ex.observer != nil {
		ex.observer.HandlerDone(ex, e, Done{Outcome: OutcomeRepeated})
	}
	return true
}

// about reports whether the session and its user are as they were.
func (m *memo) about(cur session.Current) bool {
	return m.sessionVersion == cur.Session.Version && m.user == cur.User.ID && m.userVersion == cur.User.Version
}

// remember keeps what a call came to, if it may be repeated.
func (ex *Exchange) remember(key memoKey, c *Call, result pluginapi.Result) {
	t := &c.trace
	if t.other || t.calls != t.pure || result != pluginapi.Continue {
		return
	}
	until := ex.Now.Add(maxMemo)
	if t.calls > 0 && t.until.Before(until) {
		until = t.until
	}
	ex.set.memos.Put(key, &memo{
		sessionVersion: ex.Session.current.Session.Version, user: ex.Session.current.User.ID, userVersion: ex.Session.current.User.Version,
		until: until, while: slices.Clip(t.while), cookies: slices.Clip(t.cookies),
	})
}
