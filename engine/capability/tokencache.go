package capability

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxCachedTokens bounds how many signed tokens of a tenant are kept for
// reuse: twice as many at most, about a kilobyte each.
const maxCachedTokens = 20_000

// tokenCache keeps signed tokens so that a session which is read often does
// not cost a signature each time. Its zero value is ready to use. It forgets
// by halves: when the newer half is full, the older one goes.
type tokenCache struct {
	mu           sync.Mutex
	newer, older map[tokenKey]signedToken
}

// tokenKey is the digest of everything that a token says but for its times
// and id: a changed name, another session or another key use is another key.
type tokenKey [sha256.Size]byte

type signedToken struct {
	token, kid string
	expires    time.Time
}

func newTokenKey(plugin, use, alg string, claims []byte) tokenKey {
	h := sha256.New()
	for _, part := range []string{plugin, use, alg} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	h.Write(claims)
	return tokenKey(h.Sum(nil))
}

// get returns a token that lives at least so long from now.
func (c *tokenCache) get(key tokenKey, now time.Time, left time.Duration) (signedToken, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.newer[key]
	if !ok {
		t, ok = c.older[key]
	}
	return t, ok && t.expires.Sub(now) >= left
}

func (c *tokenCache) put(key tokenKey, t signedToken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.newer == nil || len(c.newer) >= maxCachedTokens {
		c.older, c.newer = c.newer, make(map[tokenKey]signedToken)
	}
	c.newer[key] = t
}
