package kit

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// prefetchHeaders are the headers in which browsers say why they fetch: that of
// Fetch, and what older ones send.
var prefetchHeaders = [...]string{"sec-purpose", "purpose", "x-purpose", "x-moz"}

// IsPrefetch reports whether a browser fetches a page that nobody has asked for
// yet, by the header Sec-Purpose (Fetch, section 3.7) or an older one. A mailed
// link must not take effect then.
func IsPrefetch(c *sdk.Call) bool {
	for _, name := range prefetchHeaders {
		value := strings.ToLower(c.Request().Header(name))
		if strings.HasPrefix(value, "prefetch") || value == "preview" {
			return true
		}
	}
	return false
}
