package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/storage"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/tenant"
)

// rollName is the file in the data folder that knows which tenants are, or were,
// served. With it, a tenant that was removed from the configuration keeps its place:
// its hosts do not fall to another tenant, and its records do not come back unasked.
const rollName = "tenants.json"

// roll is the tenants by their ids.
type roll map[string]rollEntry

// rollEntry is what is known of a tenant.
type rollEntry struct {
	Listen     string     `json:"listen"`
	Hosts      []string   `json:"hosts"`
	PathPrefix string     `json:"pathPrefix,omitempty"`
	Removed    *time.Time `json:"removed,omitempty"` // since when it is in the configuration no more
}

// readRoll reads the roll of a data folder; without one it is empty.
func readRoll(dir string) (roll, error) {
	path := filepath.Join(dir, rollName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return roll{}, nil
	}
	r := roll{}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; it says which tenants were removed; restore it from a backup, or delete it to forget them", path, err)
	}
	return r, nil
}

// write replaces the roll of a data folder.
func (r roll) write(dir string) (err error) {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".write-*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, rollName))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return storage.SyncFolder(dir)
}

// with returns the roll after a configuration is served: its tenants, and those that
// it does not have any more.
func (r roll) with(g *generation, now time.Time) roll {
	next := roll{}
	for id, entry := range r {
		if entry.Removed == nil {
			entry.Removed = &now
		}
		next[id] = entry
	}
	for i := range g.config.Tenants {
		t := &g.config.Tenants[i]
		next[t.ID] = rollEntry{Listen: g.listenOf(t), Hosts: namedHosts(t), PathPrefix: t.PathPrefix}
	}
	return next
}

// removed returns the ids of the tenants that a configuration does not have.
func (r roll) removed(cfg *config.Config) []string {
	return slices.Sorted(func(yield func(string) bool) {
		for id := range r {
			if cfg.Tenant(id) == nil && !yield(id) {
				return
			}
		}
	})
}

// callRoll notes the tenants of the generation that is served from now on.
func (e *Engine) callRoll(g *generation) error {
	dir := e.config.Server.DataDir
	have, err := readRoll(dir)
	if err != nil {
		return err
	}
	next := have.with(g, e.options.Now().UTC().Truncate(time.Second))
	if same := maps.EqualFunc(have, next, rollEntry.equal); same {
		return nil
	}
	for _, id := range next.removed(g.config) {
		if have[id].Removed == nil {
			e.logger.Info("a tenant is not in the configuration any more; its records stay, and its hosts are answered with 404", "tenant", id)
		}
	}
	return next.write(dir)
}

func (e rollEntry) equal(other rollEntry) bool {
	return e.Listen == other.Listen && e.PathPrefix == other.PathPrefix && slices.Equal(e.Hosts, other.Hosts) && (e.Removed == nil) == (other.Removed == nil)
}

// remembering is a store that knows whether it has a tenant.
type remembering interface {
	// Has reports whether there are records of a tenant, or damaged ones.
	Has(ctx context.Context, id store.TenantID) (bool, error)
}

// forgetting is a store whose tenants leave something when their records are moved
// away.
type forgetting interface {
	// Forget makes the next Open of a tenant that has no records begin anew.
	Forget(id store.TenantID) error
}

// admitAgain refuses a tenant that was removed and is in the configuration again,
// with its old records, unless the configuration asks for those.
func (g *generation) admitAgain(ctx context.Context, t *config.Tenant) error {
	entry := g.roll[t.ID]
	s, ok := g.engine.store.(remembering)
	if entry.Removed == nil || t.Revive || !ok {
		return nil
	}
	has, err := s.Has(ctx, store.TenantID(t.ID))
	if err != nil {
		return err
	}
	if !has {
		if s, ok := g.engine.store.(forgetting); ok {
			return s.Forget(store.TenantID(t.ID))
		}
		return nil
	}
	remedy := `write "revive: true" to serve them again`
	if g.config.Store.Driver != config.DriverPostgres {
		remedy += fmt.Sprintf(", or move the tenant's files out of %s to begin without them", storage.TenantsFolder(g.config.Server.DataDir))
	}
	return t.Origin.Fault("/id", fmt.Sprintf("the tenant %q was removed on %s, and its users and sessions are still in the store", t.ID, entry.Removed.Format(time.DateOnly)), remedy)
}

// places returns what stands where removed tenants were: their hosts, as far as no
// tenant of the configuration names them now.
func (g *generation) places() []*tenant.Tenant {
	var list []*tenant.Tenant
	for _, id := range g.roll.removed(g.config) {
		entry := g.roll[id]
		at := &tenant.Tenant{ID: id, Listen: entry.Listen, PathPrefix: entry.PathPrefix, Handler: http.NotFoundHandler()}
		for _, host := range entry.Hosts {
			if !g.takes(entry, host) {
				at.Hosts = append(at.Hosts, host)
			}
		}
		if len(at.Hosts) > 0 && g.listens(entry.Listen) {
			list = append(list, at)
		}
	}
	return list
}

// takes reports whether a tenant names the host of one that was removed.
func (g *generation) takes(entry rollEntry, host string) bool {
	return slices.ContainsFunc(g.config.Tenants, func(t config.Tenant) bool {
		return g.listenOf(&t) == entry.Listen && t.PathPrefix == entry.PathPrefix &&
			slices.ContainsFunc(namedHosts(&t), func(h string) bool { return strings.EqualFold(h, host) })
	})
}

// listens reports whether a tenant is served on a listener.
func (g *generation) listens(addr string) bool {
	return slices.ContainsFunc(g.config.Tenants, func(t config.Tenant) bool { return g.listenOf(&t) == addr })
}

// wasShared reports whether a removed tenant was on a listener.
func (g *generation) wasShared(addr string) bool {
	return slices.ContainsFunc(g.roll.removed(g.config), func(id string) bool { return g.roll[id].Listen == addr })
}

// dropGone closes the data of tenants that the next generation does not have, as
// soon as no request uses it any more.
func (g *generation) dropGone(next *generation) {
	var gone []*realm
	for _, r := range g.tenants {
		if next.realm(r.config.ID) == nil {
			gone = append(gone, r)
		}
	}
	if len(gone) == 0 {
		return
	}
	g.incomplete.Store(true)
	g.gone.Store(&gone)
	if g.requests.Load() == 0 {
		g.closeGone()
	}
}

func (g *generation) closeGone() {
	gone := g.gone.Swap(nil)
	if gone == nil {
		return
	}
	for _, r := range *gone {
		if err := r.store.Close(); err != nil {
			g.engine.logger.Error("the data of a removed tenant did not close cleanly", "tenant", r.config.ID, "error", err)
		}
	}
}
