package blueprint

import (
	"fmt"
	"slices"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/pluginapi"
)

// CheckCopyKeys finds a tenant whose copies of sessions are signed with keys that
// no plugin of it has, and so none publishes. Manifests are those of the tenant's
// plugins; nil for one that cannot be read.
func CheckCopyKeys(t *config.Tenant, manifests []*pluginapi.Manifest) error {
	use := t.Session.CookieCache.KeyUse
	publishes := func(m *pluginapi.Manifest) bool {
		if m == nil {
			return false
		}
		c, asks := m.Capability(pluginapi.CapKeys)
		return asks && slices.Contains(c.Keys, use)
	}
	if use == "" || slices.ContainsFunc(manifests, publishes) {
		return nil
	}
	return t.Origin.Fault("/session/cookieCache/keyUse", fmt.Sprintf("no plugin of tenant %q has keys of the use %q", t.ID, use), "enable the plugin jwt and write keyUse: jwt, or remove it")
}
