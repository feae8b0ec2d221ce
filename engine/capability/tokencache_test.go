package capability

import (
	"strconv"
	"testing"
	"time"
)

func TestTokenCache(t *testing.T) {
	now := time.Unix(1000, 0)
	c := newTokenCache()
	key := newTokenKey("convex", "convex", "RS256", []byte(`{"sub":"a"}`))
	if _, ok := c.get(key, now, 0); ok {
		t.Fatal("an empty cache gave a token")
	}
	c.Put(key, signedToken{token: "t", expires: now.Add(15 * time.Minute)})
	if got, ok := c.get(key, now, 10*time.Minute); !ok || got.token != "t" {
		t.Fatal("a token with enough life left must be reused")
	}
	if _, ok := c.get(key, now.Add(6*time.Minute), 10*time.Minute); ok {
		t.Fatal("a token with too little life left must not be reused")
	}
	for name, other := range map[string]tokenKey{
		"claims":     newTokenKey("convex", "convex", "RS256", []byte(`{"sub":"b"}`)),
		"plugin":     newTokenKey("other", "convex", "RS256", []byte(`{"sub":"a"}`)),
		"use":        newTokenKey("convex", "jwt", "RS256", []byte(`{"sub":"a"}`)),
		"algorithm":  newTokenKey("convex", "convex", "ES256", []byte(`{"sub":"a"}`)),
		"boundaries": newTokenKey("convexconvex", "", "RS256", []byte(`{"sub":"a"}`)),
	} {
		if _, ok := c.get(other, now, 0); ok {
			t.Errorf("a token was reused for other %s", name)
		}
	}
}

func TestTokenCacheIsBounded(t *testing.T) {
	c := newTokenCache()
	for i := range 3 * maxCachedTokens {
		c.Put(newTokenKey("p", "u", "a", []byte(strconv.Itoa(i))), signedToken{})
	}
	if n := c.Len(); n > 2*maxCachedTokens {
		t.Fatalf("%d tokens kept, at most %d may be", n, 2*maxCachedTokens)
	}
}
