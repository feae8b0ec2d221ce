package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/session"
)

var cacheStart = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// caching returns a manager that caches sessions for five minutes.
func caching(t *testing.T, encoding, version string) *session.Manager {
	t.Helper()
	return session.New(session.Config{Secrets: secrets(t), Cache: session.CacheConfig{MaxAge: 5 * time.Minute, Encoding: encoding, Version: version}})
}

// copyOf is a session with the token theirToken, of a user with a text of
// that length.
func copyOf(length int) session.Copy {
	return session.Copy{
		Session: document.NewObject(2).Set("token", document.Text(theirToken)).Set("expiresAt", document.Time(cacheStart.Add(time.Hour))),
		User:    document.NewObject(2).Set("id", document.Text("1")).Set("note", document.Text(strings.Repeat("x", length))),
	}
}

// header is the Cookie header of a client that got these cookies.
func header(cookies ...session.Cookie) string {
	parts := []string{theirWire}
	for _, c := range cookies {
		if c.Value != "" {
			parts = append(parts, "better-auth."+c.Name+"="+c.Value)
		}
	}
	return strings.Join(parts, "; ")
}

// cacheLines are the cookies of a copy.
func cacheLines(t *testing.T, m *session.Manager, c session.Copy, dontRemember bool, header string, now time.Time) []session.Cookie {
	t.Helper()
	lines, err := m.CacheLines(t.Context(), c, dontRemember, header, now)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

var encodings = []string{session.EncodingCompact, session.EncodingJWT, session.EncodingJWE}

func TestCacheRoundTrip(t *testing.T) {
	for _, encoding := range encodings {
		for _, length := range []int{0, 1, 2, 3, 2500, 4000, 9000} {
			m := caching(t, encoding, "")
			want := copyOf(length)
			lines := cacheLines(t, m, want, false, "", cacheStart)
			for _, c := range lines {
				if len(c.Line) > 4093 {
					t.Errorf("%s, %d: a cookie of %d bytes", encoding, length, len(c.Line))
				}
				if !strings.Contains(c.Line, "; Max-Age=300; Path=/; HttpOnly; SameSite=Lax") {
					t.Errorf("%s: %s", encoding, c.Line[max(0, len(c.Line)-80):])
				}
			}
			if one := length < 3000; one != (len(lines) == 1) {
				t.Errorf("%s, %d: %d cookies", encoding, length, len(lines))
			}
			got, present, ok := m.ReadCache(t.Context(), header(lines...), cacheStart.Add(299*time.Second))
			if !present || !ok || !document.Obj(got.User).Equal(document.Obj(want.User)) || !document.Obj(got.Session).Equal(document.Obj(want.Session)) {
				t.Errorf("%s, %d: read %v, %v, %v", encoding, length, got, present, ok)
			}
			if _, _, ok := m.ReadCache(t.Context(), header(lines...), cacheStart.Add(301*time.Second)); ok {
				t.Errorf("%s, %d: read after its end", encoding, length)
			}
		}
	}
}

// TestCacheTooLarge: what fits into no cookies is not cached, and older copies
// go.
func TestCacheTooLarge(t *testing.T) {
	for _, encoding := range encodings {
		m := caching(t, encoding, "")
		lines := cacheLines(t, m, copyOf(secret.MaxTokenBytes), false, "better-auth.session_data.0=x; better-auth.session_data.1=y", cacheStart)
		if got := names(lines); got != "-session_data -session_data.0 -session_data.1" {
			t.Errorf("%s: %s", encoding, got)
		}
	}
}

// names lists cookies; "-" marks those that are taken away.
func names(cookies []session.Cookie) string {
	out := make([]string, len(cookies))
	for i, c := range cookies {
		out[i] = c.Name
		if c.Value == "" {
			out[i] = "-" + c.Name
		}
	}
	return strings.Join(out, " ")
}

// TestCacheChanges: the parts of an older copy do not stay beside a new one.
func TestCacheChanges(t *testing.T) {
	m := caching(t, session.EncodingCompact, "")
	small, large := cacheLines(t, m, copyOf(1), false, "", cacheStart), cacheLines(t, m, copyOf(9000), false, "", cacheStart)
	for _, tt := range []struct {
		name   string
		had    []session.Cookie
		length int
		want   string
	}{
		{"one again", small, 2, "session_data"},
		{"one to many", small, 4000, "-session_data session_data.0 session_data.1"},
		{"many to one", large, 1, "session_data -session_data.0 -session_data.1 -session_data.2 -session_data.3"},
		{"many to fewer", large, 4000, "session_data.0 session_data.1 -session_data.2 -session_data.3"},
	} {
		if got := names(cacheLines(t, m, copyOf(tt.length), false, header(tt.had...), cacheStart)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if got := names(m.ExpireCache(header(large...))); got != "-session_data -session_data.0 -session_data.1 -session_data.2 -session_data.3" {
		t.Errorf("expired: %s", got)
	}
}

func TestCacheOfForgotten(t *testing.T) {
	for _, encoding := range encodings {
		m := caching(t, encoding, "")
		lines := cacheLines(t, m, copyOf(1), true, "", cacheStart)
		if strings.Contains(lines[0].Line, "Max-Age") {
			t.Errorf("%s: %s", encoding, lines[0].Line)
		}
		_, _, ok := m.ReadCache(t.Context(), header(lines...), cacheStart.Add(2*time.Minute))
		if ok != (encoding != session.EncodingCompact) {
			t.Errorf("%s: good after two minutes: %v", encoding, ok)
		}
	}
}

func TestCacheRefuses(t *testing.T) {
	other := secrets(t).Sign("another-token")
	for _, encoding := range encodings {
		m := caching(t, encoding, "")
		data := cacheLines(t, m, copyOf(1), false, "", cacheStart)[0].Value
		swapped := strings.Map(func(r rune) rune {
			if r == 'a' {
				return 'b'
			}
			return r
		}, data)
		for _, tt := range []struct {
			name, cookies string
			present       bool
		}{
			{"nothing", "", false},
			{"no copy", theirWire, false},
			{"a copy alone", "better-auth.session_data=" + data, false},
			{"a forged session", "better-auth.session_token=x.y; better-auth.session_data=" + data, false},
			{"the copy of another session", "better-auth.session_token=" + session.EncodeURIComponent(other) + "; better-auth.session_data=" + data, true},
			{"changed", theirWire + "; better-auth.session_data=" + swapped, true},
			{"cut off", theirWire + "; better-auth.session_data=" + data[:len(data)-1], true},
			{"garbage", theirWire + "; better-auth.session_data=garbage", true},
			{"its second part alone", theirWire + "; better-auth.session_data.1=" + data, false},
			{"empty", theirWire + "; better-auth.session_data=", false},
		} {
			if c, present, ok := m.ReadCache(t.Context(), tt.cookies, cacheStart); ok || present != tt.present {
				t.Errorf("%s, %s: %v, %v, %v", encoding, tt.name, c, present, ok)
			}
		}
		if _, _, ok := caching(t, encoding, "2").ReadCache(t.Context(), header(session.Cookie{Name: "session_data", Value: data}), cacheStart); ok {
			t.Errorf("%s: a copy of another version counts", encoding)
		}
		if _, _, ok := caching(t, encoding, "").ReadCache(t.Context(), header(session.Cookie{Name: "session_data", Value: data}), cacheStart.Add(time.Second)); !ok {
			t.Errorf("%s: refused by the next process", encoding)
		}
		if _, present, _ := session.New(session.Config{Secrets: secrets(t)}).ReadCache(t.Context(), header(session.Cookie{Name: "session_data", Value: data}), cacheStart); present {
			t.Errorf("%s: read though the cache is off", encoding)
		}
	}
}

// TestCacheEndsWithSession: a copy does not outlive what it is a copy of.
func TestCacheEndsWithSession(t *testing.T) {
	m := caching(t, session.EncodingCompact, "")
	c := copyOf(1)
	c.Session.Set("expiresAt", document.Time(cacheStart.Add(time.Minute)))
	cookies := header(cacheLines(t, m, c, false, "", cacheStart)...)
	for after, want := range map[time.Duration]bool{59 * time.Second: true, time.Minute: false} {
		if _, _, ok := m.ReadCache(t.Context(), cookies, cacheStart.Add(after)); ok != want {
			t.Errorf("after %v: %v", after, ok)
		}
	}
}

// TestBetterAuthCopy: a copy that Better Auth 1.6.34 wrote counts.
func TestBetterAuthCopy(t *testing.T) {
	const theirs = "eyJzZXNzaW9uIjp7InNlc3Npb24iOnsiZXhwaXJlc0F0IjoiMjAyNi0xMS0yN1QyMjoyMjoxNS44NDBaIiwidG9rZW4iOiJwVE1CYUNySFFMM2lDeFp6RlB5RFoydkxuRHB1QjBsdiIsImNyZWF0ZWRBdCI6IjIwMjYtMTEtMjBUMjI6MjI6MTUuODQwWiIsInVwZGF0ZWRBdCI6IjIwMjYtMTEtMjBUMjI6MjI6MTUuODQwWiIsImlwQWRkcmVzcyI6IiIsInVzZXJBZ2VudCI6InJlZnJ1bm5lci8xLjAiLCJ1c2VySWQiOiJ2ak80aEN0b3RENWVOa3FRVVpuajFQQ00ybXZDTUpTQiIsImlkIjoiaEJVSXlyMFJCT3dEeWhFZnE4N2JEemFXRmFyeFNDdjIifSwidXNlciI6eyJuYW1lIjoiQWxpY2UiLCJlbWFpbCI6ImFsaWNlQGV4YW1wbGUuY29tIiwiZW1haWxWZXJpZmllZCI6ZmFsc2UsImNyZWF0ZWRBdCI6IjIwMjYtMTEtMjBUMjI6MjI6MTUuODQwWiIsInVwZGF0ZWRBdCI6IjIwMjYtMTEtMjBUMjI6MjI6MTUuODQwWiIsImlkIjoidmpPNGhDdG90RDVlTmtxUVVabmoxUENNMm12Q01KU0IifSwidXBkYXRlZEF0IjoxNzk1MjEzMzM1ODQxLCJ2ZXJzaW9uIjoiMSJ9LCJleHBpcmVzQXQiOjE3OTUyMTM2MzU4NDEsInNpZ25hdHVyZSI6IllFSEtXZWJUcWRVa2t1V0o5dVJZbmQzaHV6anNxX1VKQnp3MEhheUNKak0ifQ"
	signed := secrets(t).Sign("pTMBaCrHQL3iCxZzFPyDZ2vLnDpuB0lv")
	cookies := "better-auth.session_token=" + session.EncodeURIComponent(signed) + "; better-auth.session_data=" + theirs
	ends := time.UnixMilli(1795213635841)
	m := caching(t, session.EncodingCompact, "")
	c, _, ok := m.ReadCache(t.Context(), cookies, ends)
	if !ok || c.User.Get("email").Str() != "alice@example.com" {
		t.Fatalf("read %v, %v", c, ok)
	}
	if _, _, ok := m.ReadCache(t.Context(), cookies, ends.Add(time.Millisecond)); ok {
		t.Error("it counts after its end")
	}
	if again := cacheLines(t, m, c, false, "", ends.Add(-5*time.Minute)); again[0].Value != theirs {
		t.Errorf("written again: %s", again[0].Value)
	}
}
