package capability

import (
	"crypto/sha256"
	"time"

	"github.com/authhost/authhost/engine/recent"
)

// maxCachedTokens bounds how many signed tokens half of a tenant's cache keeps
// for reuse, about a kilobyte each.
const maxCachedTokens = 20_000

// tokenCache keeps signed tokens so that a session which is read often does
// not cost a signature each time.
type tokenCache struct {
	*recent.Cache[tokenKey, signedToken]
}

func newTokenCache() tokenCache {
	return tokenCache{recent.New[tokenKey, signedToken](maxCachedTokens)}
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
func (c tokenCache) get(key tokenKey, now time.Time, left time.Duration) (signedToken, bool) {
	t, ok := c.Get(key)
	return t, ok && t.expires.Sub(now) >= left
}
