package session_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/redis"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/internal/redistest"
)

// TestPage asks for sessions of a user wherever they are kept.
func TestPage(t *testing.T) {
	modes := map[string]*session.SharedConfig{"stored": nil}
	for name, mode := range sharedModes {
		modes[name] = &mode
	}
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			if mode != nil {
				client, err := redis.Open(redis.Config{URL: redistest.Start(t).URL, Timeout: 5 * time.Second})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = client.Close() })
				mode.Shared = client.Sessions("main")
			}
			testPage(t, newBench(t, session.Config{Shared: mode}))
		})
	}
}

func testPage(t *testing.T, b *bench) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	b.user("bob")
	var tokens []string
	for i := range 5 {
		rec := b.create(session.CreateParams{UserID: "ada", UserAgent: fmt.Sprint("Agent ", i%2)}, now.Add(time.Duration(i-5)*time.Minute))
		tokens = append(tokens, rec.Str("token"))
	}
	// One that is over, and one of somebody else.
	b.create(session.CreateParams{UserID: "ada"}, now.Add(-session.DefaultExpiresIn))
	b.create(session.CreateParams{UserID: "bob"}, now)
	agent := []store.Condition{{Field: "userAgent", Op: store.EndsWith, Value: document.Text("0")}}
	tests := []struct {
		q    session.Query
		want []int // of tokens
	}{
		{session.Query{}, []int{0, 1, 2, 3, 4}},
		{session.Query{Desc: true, Limit: 2}, []int{4, 3}},
		{session.Query{Limit: 2, Offset: 2}, []int{2, 3}},
		{session.Query{Sort: "expiresAt", Desc: true, Offset: 3}, []int{1, 0}},
		{session.Query{Where: agent}, []int{0, 2, 4}},
	}
	tx := store.Begin(b.store)
	for _, tt := range tests {
		page, err := b.Page(t.Context(), tx, "ada", tt.q, now)
		var got []int
		for _, rec := range page.Records {
			got = append(got, slices.Index(tokens, rec.Str("token")))
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("Page(%+v): %v, %v; want %v", tt.q, got, err, tt.want)
		}
	}
	q := session.Query{Limit: 2, Desc: true}
	var walked []string
	for {
		page, err := b.Page(t.Context(), tx, "ada", q, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range page.Records {
			walked = append(walked, rec.Str("token"))
		}
		if q.Cursor = page.Cursor; q.Cursor == "" {
			break
		}
	}
	slices.Reverse(walked)
	if !slices.Equal(walked, tokens) {
		t.Errorf("page by page: %q; want %q", walked, tokens)
	}
	for want, where := range map[int][]store.Condition{5: nil, 3: agent} {
		if n, err := b.Count(t.Context(), tx, "ada", where, now); n != want || err != nil {
			t.Errorf("Count(%v): %d, %v; want %d", where, n, err, want)
		}
	}
	if n, err := b.Count(t.Context(), tx, "nobody", nil, now); n != 0 || err != nil {
		t.Errorf("Count of nobody's: %d, %v", n, err)
	}
	for _, q := range []session.Query{{Sort: "nope"}, {Where: []store.Condition{{Field: "nope", Op: store.Eq, Value: document.Text("x")}}}, {Cursor: "x"}} {
		if _, err := b.Page(t.Context(), tx, "ada", q, now); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Page(%+v): %v", q, err)
		}
	}
}
