package engine

import (
	"time"

	"github.com/authhost/authhost/engine/blueprint"
)

// TenantStatus describes a tenant that is being served.
type TenantStatus struct {
	ID      string
	AuthURL string // public URL of its endpoints
	Plugins []PluginStatus
}

// PluginStatus describes a plugin of a tenant.
type PluginStatus struct {
	ID           string
	Version      string
	Size         int // bytes of the module
	Capabilities []string
	Access       []string      // what it does, sees and changes, in words
	LoadTime     time.Duration // to compile the module, or to fetch it from the cache
	FromCache    bool
}

// Status describes what is being served, in the order of the configuration.
func (e *Engine) Status() []TenantStatus {
	var out []TenantStatus
	g := e.current.Load()
	for _, t := range g.tenants {
		s := TenantStatus{ID: t.config.ID, AuthURL: t.api.Realm.AuthURL()}
		for i, p := range t.config.Plugins {
			m := g.modules[blueprint.ModuleKey(p)]
			info, may := m.module.Info(), t.api.Plugins.Plugins()[i].May
			s.Plugins = append(s.Plugins, PluginStatus{
				ID: p.ID, Version: m.manifest.Version, Size: info.Size, Capabilities: info.Capabilities, Access: m.manifest.AccessWords(may),
				LoadTime: info.CompileTime, FromCache: info.FromCache,
			})
		}
		out = append(out, s)
	}
	return out
}
