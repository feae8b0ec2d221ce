package fingerprint

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
)

// The model holds one record: what all nodes of a tenant have in common.
const (
	modelName = "fingerprint"
	recordID  = "tenant"
)

// Schema is what a tenant's schema needs for Join.
func Schema() store.Schema {
	text := func(name string) store.Field { return store.Field{Name: name, Type: store.String} }
	return store.Schema{Models: []store.Model{{Name: modelName, Fields: []store.Field{
		{Name: "revision", Type: store.Number}, text("secret"), text("url"), text("plugins"),
	}}}}
}

// fingerprint is what nodes that serve a tenant together must agree about.
type fingerprint struct {
	revision int
	secrets  []string // digests of the versions, the current one first
	url      string   // of the endpoints: links and the default issuer
	plugins  string   // ids, sorted
}

func of(t *config.Tenant, secrets *secret.Secrets) fingerprint {
	f := fingerprint{revision: t.Revision, url: t.PublicURL() + t.EndpointsPath()}
	for _, digest := range secrets.Digests("fingerprint") {
		f.secrets = append(f.secrets, base64.RawURLEncoding.EncodeToString(digest))
	}
	var ids []string
	for _, p := range t.Plugins {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	f.plugins = strings.Join(ids, ", ")
	return f
}

func (f fingerprint) fields() *document.Object {
	return document.NewObject(4).Set("revision", document.Int(int64(f.revision))).Set("secret", document.Text(f.secrets[0])).
		Set("url", document.Text(f.url)).Set("plugins", document.Text(f.plugins))
}

// differences says in what a node differs from those that are there.
func (f fingerprint) differences(r *store.Record) (list []string) {
	known := slices.ContainsFunc(f.secrets, func(digest string) bool {
		return subtle.ConstantTimeCompare([]byte(digest), []byte(r.Str("secret"))) == 1
	})
	if !known {
		list = append(list, "another secret")
	}
	if url := r.Str("url"); url != f.url {
		list = append(list, fmt.Sprintf("the URL %s and not %s", f.url, url))
	}
	if plugins := r.Str("plugins"); plugins != f.plugins {
		list = append(list, fmt.Sprintf("the plugins %q and not %q", f.plugins, plugins))
	}
	return list
}

// Join compares a tenant's configuration with that of the other nodes on the
// store, and leaves its own fingerprint if it is the first or of a later
// revision. A node that differs gets an error, which says in what and at which
// line of its configuration.
func Join(ctx context.Context, t *config.Tenant, secrets *secret.Secrets, data store.Tenant) error {
	own := of(t, secrets)
	for {
		op, err := own.compare(ctx, t, data)
		if op == nil || err != nil {
			return err
		}
		// Another node may have written in between; then that one counts.
		if err = data.Apply(ctx, []store.Op{*op}); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// compare returns what is to be written before a node may serve, nil for
// nothing.
func (f fingerprint) compare(ctx context.Context, t *config.Tenant, data store.Tenant) (*store.Op, error) {
	r, err := data.Get(ctx, modelName, recordID)
	if errors.Is(err, store.ErrNotFound) {
		return &store.Op{Kind: store.Insert, Model: modelName, ID: recordID, Fields: f.fields()}, nil
	}
	if err != nil {
		return nil, err
	}
	update := &store.Op{Kind: store.Update, Model: modelName, ID: recordID, Version: r.Version, Fields: f.fields()}
	have, _ := r.Int("revision")
	switch differ := f.differences(r); {
	case int64(f.revision) > have:
		return update, nil
	case int64(f.revision) < have:
		return nil, t.Origin.Fault("/revision", fmt.Sprintf("tenant %q has revision %d, and other nodes on this store have %d", t.ID, f.revision, have),
			"bring this file up to date; to go back to what it says, raise its revision above theirs")
	case len(differ) > 0:
		return nil, t.Origin.Fault("/revision", fmt.Sprintf("tenant %q has %s, in contrast to other nodes on this store", t.ID, strings.Join(differ, ", ")),
			fmt.Sprintf("give all nodes the same configuration; if the change is meant, set revision: %d in the tenant, on this node and then on the others", have+1))
	case r.Str("secret") != f.secrets[0]:
		return update, nil // rotated: the old one is still among the versions
	}
	return nil, nil
}
