package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
)

var box = session.SealedCookie{Name: "box", Salt: "salt", Attributes: session.Attributes{MaxAge: 60, Path: "/x"}}

func binder(t *testing.T, cached time.Duration) *session.Manager {
	t.Helper()
	return session.New(session.Config{Secrets: secrets(t), Cache: session.CacheConfig{MaxAge: cached}})
}

func content(length int) *document.Object {
	return document.NewObject(2).Set("token", document.Text(strings.Repeat("t", length))).Set("sessionId", document.Text("claimed"))
}

var mine, theirs = &store.Record{ID: "session-1"}, &store.Record{ID: "session-2"}

func TestBoundRoundTrip(t *testing.T) {
	for _, cached := range []time.Duration{0, 5 * time.Minute} {
		m, life := binder(t, cached), time.Minute
		if cached > 0 {
			life = cached
		}
		for _, length := range []int{0, 2000, 4000, 9000} {
			set, ok := m.SealLines(box, content(length), mine, false, "", cacheStart)
			if !ok || (len(set) > 1) != (length >= 4000) {
				t.Fatalf("%d bytes: %d cookies, %v", length, len(set), ok)
			}
			for _, c := range set {
				if len(c.Line) > 4093 || !strings.Contains(c.Line, "; Max-Age="+map[bool]string{false: "60", true: "300"}[cached > 0]+"; Path=/x; HttpOnly; SameSite=Lax") {
					t.Errorf("%d bytes: %d, %s", length, len(c.Line), c.Line[max(0, len(c.Line)-80):])
				}
			}
			cookies := header(set...)
			got, ok := m.ReadSealed(box, cookies, mine, cacheStart.Add(life-time.Second))
			if !ok || got.Get("token").Str() != strings.Repeat("t", length) || got.Get("sessionId").Str() != mine.ID {
				t.Errorf("%d bytes: read %v", length, ok)
			}
			if _, ok := m.ReadSealed(box, cookies, mine, cacheStart.Add(life)); ok {
				t.Errorf("%d bytes: read after the end", length)
			}
			if gone := m.ExpireSealed(box, cookies); len(gone) != len(set) || strings.Contains(names(gone), " box") || !strings.Contains(gone[0].Line, "Max-Age=0; Path=/x") {
				t.Errorf("%d bytes: %s goes", length, names(gone))
			}
		}
	}
}

// TestBoundRefuses: nothing counts but the whole cookie beside its session.
func TestBoundRefuses(t *testing.T) {
	m := binder(t, 0)
	set, _ := m.SealLines(box, content(6000), mine, false, "", cacheStart)
	whole := header(set...)
	changed := set[1]
	changed.Value = "A" + changed.Value[1:]
	if changed.Value == set[1].Value {
		changed.Value = "B" + changed.Value[1:]
	}
	copied := cacheLines(t, m, copyOf(1), false, "", cacheStart)
	other := box
	other.Salt = "of another plugin"
	for _, tt := range []struct {
		name, cookies string
		bound         session.SealedCookie
		sess          *store.Record
	}{
		{"of another session", whole, box, theirs},
		{"of no session", whole, box, &store.Record{}},
		{"under another key", whole, other, mine},
		{"changed", header(set[0], changed, set[2]), box, mine},
		{"without its end", header(set[:2]...), box, mine},
		{"without its beginning", header(set[1:]...), box, mine},
		{"in another order", header(session.Cookie{Name: "box.0", Value: set[1].Value}, session.Cookie{Name: "box.1", Value: set[0].Value}, set[2]), box, mine},
		{"not there", theirWire, box, mine},
		{"garbage", theirWire + "; better-auth.box=x", box, mine},
		{"a copy of a session", theirWire + "; better-auth.box=" + strings.Join(values(copied), ""), box, mine},
	} {
		if data, ok := m.ReadSealed(tt.bound, tt.cookies, tt.sess, cacheStart); ok {
			t.Errorf("%s: read %v", tt.name, document.Obj(data))
		}
	}
	if _, ok := m.ReadSealed(box, whole, mine, cacheStart); !ok {
		t.Error("the whole is not read")
	}
}

func values(cookies []session.Cookie) []string {
	out := make([]string, len(cookies))
	for i, c := range cookies {
		out[i] = c.Value
	}
	return out
}

// TestBoundChanges: the parts of older data do not stay beside new data.
func TestBoundChanges(t *testing.T) {
	m := binder(t, 0)
	lines := func(length int, had string) []session.Cookie {
		set, _ := m.SealLines(box, content(length), mine, false, had, cacheStart)
		return set
	}
	large := header(lines(9000, "")...)
	for length, want := range map[int]string{
		1: "box -box.0 -box.1 -box.2 -box.3", 4000: "box.0 box.1 -box.2 -box.3", 100_000: "-box.0 -box.1 -box.2 -box.3",
	} {
		if got := names(lines(length, large)); got != want {
			t.Errorf("%d bytes: %s, want %s", length, got, want)
		}
	}
	if got := names(lines(4000, header(lines(1, "")...))); got != "-box box.0 box.1" {
		t.Errorf("from one to two: %s", got)
	}
}

// TestBoundForgotten: what belongs to a session that ends with the browser ends
// with it, too.
func TestBoundForgotten(t *testing.T) {
	set, _ := binder(t, time.Minute).SealLines(box, content(1), mine, true, "", cacheStart)
	if strings.Contains(set[0].Line, "Max-Age") {
		t.Error(set[0].Line)
	}
}
