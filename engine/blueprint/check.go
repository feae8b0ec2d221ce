package blueprint

import (
	"errors"
	"fmt"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/engine/schedule"
	"github.com/authhost/authhost/pluginapi"
)

// Check finds what would keep a server from starting with a configuration, as far as that
// shows without compiling modules, opening stores or writing anything: modules
// and their manifests, what they ask for and are granted, the settings of
// plugins, the fields that they name, routes, cookies and fields that
// clash, and plugins that send what nothing delivers. The error joins all
// faults. What would start, and yet not work as meant, is added to the warnings
// of the configuration.
func Check(cfg *config.Config, builtIn BuiltIn) error {
	c := checking{config: cfg, builtIn: builtIn, modules: map[string]*checked{}}
	for i := range cfg.Tenants {
		c.tenant(&cfg.Tenants[i])
	}
	return errors.Join(c.faults...)
}

// CheckManifest finds what would keep a plugin out of every tenant, whatever
// its settings and the other plugins there: a broken schema of its settings,
// models or fields that are the engine's, and paths of the host. The error
// joins all faults.
func CheckManifest(m *pluginapi.Manifest) error {
	var faults []error
	if len(m.Config) > 0 {
		if _, err := compileSchema(m.Config); err != nil {
			faults = append(faults, fmt.Errorf("the schema of its settings is broken: %w", err))
		}
	}
	for i, h := range m.Handlers {
		if h.Cron == "" || h.Cron == pluginapi.ScheduleOff {
			continue
		}
		if _, err := schedule.Parse(h.Cron); err != nil {
			faults = append(faults, fmt.Errorf("handlers[%d].cron: %w", i, err))
		}
	}
	t := &config.Tenant{ID: m.ID, BaseURL: "http://localhost", BasePath: "/api/auth"}
	if _, _, err := tenantSchema(t, []*pluginapi.Manifest{m}); err != nil {
		faults = append(faults, err)
	}
	for _, dialect := range pluginapi.Dialects() {
		set, err := dispatch.NewSet([]*dispatch.Plugin{{ID: m.ID, Manifest: m.For(dialect)}})
		if err == nil {
			err = checkRoutes(t, set)
		}
		if err != nil {
			faults = append(faults, err)
			break // it is the same in the other dialect, or hardly another
		}
	}
	return errors.Join(faults...)
}

// checked is a module that was looked at; nil manifest: there is something
// wrong with it, which is told once.
type checked struct{ manifest *pluginapi.Manifest }

type checking struct {
	config  *config.Config
	builtIn BuiltIn
	modules map[string]*checked
	faults  []error
}

func (c *checking) add(err error) bool {
	if err != nil {
		c.faults = append(c.faults, err)
	}
	return err != nil
}

func (c *checking) tenant(t *config.Tenant) {
	var plugins []*dispatch.Plugin
	var manifests []*pluginapi.Manifest
	all := make([]*pluginapi.Manifest, len(t.Plugins))
	for i, p := range t.Plugins {
		m := c.module(p)
		if m == nil {
			continue
		}
		all[i] = m
		m = m.For(t.Dialect)
		c.add(checkGrants(p, m))
		settings, _, err := pluginConfig(p, m)
		if !c.add(err) {
			plugins = append(plugins, &dispatch.Plugin{ID: p.ID, Manifest: m, Config: settings})
		}
		manifests = append(manifests, m)
	}
	c.add(CheckSending(c.config, t, all))
	c.add(CheckCopyKeys(t, all))
	_, views, fieldsErr := tenantSchema(t, manifests)
	if fieldsErr != nil {
		c.add(SchemaFault(t, fieldsErr))
	}
	set, err := dispatch.NewSet(plugins)
	if err != nil {
		c.add(t.Origin.Fault("/plugins", err.Error(), ""))
		return
	}
	if len(plugins) == len(t.Plugins) { // else what is missing was told of
		c.config.Warnings = append(c.config.Warnings, besideSecondStep(t, plugins)...)
		if err := set.Link(); err != nil {
			c.add(t.Origin.Fault("/plugins", err.Error(), ""))
		}
	}
	if fieldsErr == nil && len(plugins) == len(t.Plugins) {
		c.add(checkUserFields(t, set, userFields(t, manifests), views))
	}
	if len(plugins) == len(t.Plugins) {
		_, err := tenantMails(t, manifests)
		c.add(err)
		_, err = tenantMessages(t, manifests)
		c.add(err)
	}
	_, err = jobs(t, set)
	c.add(err)
	if err := checkRoutes(t, set); err != nil {
		c.add(t.Origin.Fault("/plugins", err.Error(), "disable one of them"))
	}
}

// checkRoutes finds paths of plugins that clash with others or with the host's.
func checkRoutes(t *config.Tenant, set *dispatch.Set) error {
	_, err := httpapi.New(httpapi.Config{
		Realm:   &dispatch.Realm{ID: t.ID, BaseURL: t.PublicURL(), BasePath: t.EndpointsPath()},
		Plugins: set, TrustedOrigins: t.TrustedOrigins, CORS: t.CORS,
	})
	return err
}

func (c *checking) module(p config.Plugin) *pluginapi.Manifest {
	key := ModuleKey(p)
	if have := c.modules[key]; have != nil {
		return have.manifest
	}
	c.modules[key] = &checked{}
	wasm, manifest, err := ReadModule(p, c.builtIn)
	if c.add(err) {
		return nil
	}
	info, err := sandbox.Inspect(wasm)
	if err != nil {
		c.add(LoadFault(p, err))
		return nil
	}
	if c.add(CheckDeclared(p, info, manifest)) {
		return nil
	}
	c.modules[key].manifest = manifest
	return manifest
}

// Manifests reads the manifests of a tenant's plugins, in order.
func Manifests(t *config.Tenant, builtIn BuiltIn) ([]*pluginapi.Manifest, error) {
	var out []*pluginapi.Manifest
	for _, p := range t.Plugins {
		_, m, err := ReadModule(p, builtIn)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}
