package capability

import (
	"context"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

func record(rec *store.Record, err error) (document.Value, error) {
	if err != nil {
		return document.Value{}, err
	}
	return object(rec.Fields.Clone().Set("version", document.Int(int64(rec.Version)))), nil
}

func (h *Host) storageGet(ctx context.Context, c *dispatch.Call, a storageGetArgs) (document.Value, error) {
	return record(c.Exchange.Tx().Get(ctx, a.Model, a.ID))
}

func (h *Host) storageFind(ctx context.Context, c *dispatch.Call, a storageFindArgs) (document.Value, error) {
	return record(c.Exchange.Tx().Find(ctx, a.Model, a.Index, key(a.Value)...))
}

// key reads an index key: one value, or an array of them.
func key(v document.Value) []document.Value {
	if v.Kind() == document.Array {
		return v.Items()
	}
	if v.IsAbsent() {
		return nil
	}
	return []document.Value{v}
}

func (h *Host) storageList(ctx context.Context, c *dispatch.Call, a storageListArgs) (document.Value, error) {
	page, err := c.Exchange.Tx().List(ctx, store.Query{Model: a.Model, Index: a.Index, Key: key(a.Value), Limit: int(a.Limit), Cursor: a.Cursor})
	if err != nil {
		return document.Value{}, err
	}
	items := make([]document.Value, len(page.Records))
	for i, rec := range page.Records {
		items[i], _ = record(rec, nil)
	}
	out := document.NewObject(2).Set("records", document.List(items...))
	if page.Cursor != "" {
		out.Set("cursor", document.Text(page.Cursor))
	}
	return object(out), nil
}

const idLength = 32

func (h *Host) storageInsert(ctx context.Context, c *dispatch.Call, a storageInsertArgs) (document.Value, error) {
	id := secret.RandomString(idLength, secret.Alnum)
	return record(c.Exchange.Tx().Insert(ctx, a.Model, id, a.Record))
}

func (h *Host) storageUpdate(ctx context.Context, c *dispatch.Call, a storageUpdateArgs) (document.Value, error) {
	tx := c.Exchange.Tx()
	if a.Version != 0 {
		rec, err := tx.Get(ctx, a.Model, a.ID)
		if err != nil {
			return document.Value{}, err
		}
		if rec.Version != uint64(a.Version) {
			return document.Value{}, refuse(pluginapi.StatusConflict, "the record has changed")
		}
	}
	set := a.Set.Clone()
	set.Delete("id")
	return record(tx.Update(ctx, a.Model, a.ID, set))
}

func (h *Host) storageDelete(ctx context.Context, c *dispatch.Call, a storageDeleteArgs) (document.Value, error) {
	return empty(), c.Exchange.Tx().Delete(ctx, a.Model, a.ID)
}

func (h *Host) storageConsume(ctx context.Context, c *dispatch.Call, a storageConsumeArgs) (document.Value, error) {
	return record(c.Exchange.Tx().Consume(ctx, a.Model, a.Index, key(a.Value)...))
}

func (h *Host) storageIncrement(ctx context.Context, c *dispatch.Call, a storageIncrementArgs) (document.Value, error) {
	// Not part of the unit of work: a counter of failed attempts must survive
	// the refusal that it leads to.
	n, err := c.Exchange.Realm.Store.Increment(ctx, a.Model, a.ID, a.Field, a.By)
	if err != nil {
		return document.Value{}, err
	}
	c.Exchange.Tx().Incremented(a.Model, a.ID)
	return object(document.NewObject(1).Set("value", document.Int(n))), nil
}
