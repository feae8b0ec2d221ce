package config

import (
	"fmt"
	"strings"
)

// rateLimit checks the paths of a tenant's rules, and says where a rule can
// never be applied.
func (c *checker) rateLimit(t *Tenant) {
	seen := map[string]bool{}
	for i, r := range t.RateLimit.Rules {
		pointer := fmt.Sprintf("/rateLimit/rules/%d/path", i)
		switch {
		case !strings.HasPrefix(r.Path, "/") && !strings.HasPrefix(r.Path, "*"):
			c.at(t.Origin, pointer, fmt.Sprintf("%q does not start with / or *", r.Path), "write the path below basePath, such as /sign-in/email")
		case seen[r.Path]:
			c.at(t.Origin, pointer, fmt.Sprintf("there is a rule for %q already", r.Path), "keep one of them")
		}
		seen[r.Path] = true
	}
	if t.RateLimit.Storage == StorageRedis && c.config.Redis.URL == "" {
		c.at(t.Origin, "/rateLimit/storage", "calls are to be counted in Redis, but redis.url is not set", "set redis.url, or write storage: memory")
	}
	if t.RateLimit.Enabled == False && !c.config.Server.Development {
		c.warn(t.Origin, "/rateLimit/enabled", fmt.Sprintf("requests of tenant %q are not limited, so passwords can be guessed quickly", t.ID), "write enabled: true, unless a proxy in front limits them")
	}
}
