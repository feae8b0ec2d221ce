package admin

import (
	"context"

	"github.com/authhost/authhost/engine/keystore"
	"github.com/authhost/authhost/engine/store"
)

// empty deletes every record of a tenant but its signing keys.
func empty(ctx context.Context, t store.Tenant) error {
	for _, m := range t.Catalog().Schema().Models {
		if m.Name == keystore.Model {
			continue
		}
		for {
			page, err := t.List(ctx, store.Query{Model: m.Name, Limit: store.MaxLimit})
			if err != nil {
				return err
			}
			if len(page.Records) == 0 {
				break
			}
			ops := make([]store.Op, len(page.Records))
			for i, rec := range page.Records {
				ops[i] = store.Op{Kind: store.Delete, Model: m.Name, ID: rec.ID}
			}
			if err := t.Apply(ctx, ops); err != nil {
				return err
			}
		}
	}
	return nil
}
