package capability

import (
	"context"
	"slices"

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
	return versioned(rec), nil
}

// versioned is a record as plugins get those of their models.
func versioned(rec *store.Record) document.Value {
	return object(rec.Fields.Clone().Set("version", document.Int(int64(rec.Version))))
}

func (h *Functions) storageGet(ctx context.Context, c *dispatch.Call, a storageGetArgs) (document.Value, error) {
	return record(c.Exchange.Tx().Get(ctx, a.Model, a.ID))
}

func (h *Functions) storageFind(ctx context.Context, c *dispatch.Call, a storageFindArgs) (document.Value, error) {
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

func (h *Functions) storageList(ctx context.Context, c *dispatch.Call, a storageListArgs) (document.Value, error) {
	page, err := c.Exchange.Tx().List(ctx, store.Query{
		Model: a.Model, Index: a.Index, Key: key(a.Value), From: a.From, To: a.To, FromExclusive: a.FromExclusive, ToInclusive: a.ToInclusive,
		Where: conditions(a.Where), Desc: a.Desc, Limit: int(a.Limit), Offset: int(a.Offset), Cursor: a.Cursor,
	})
	if err != nil {
		return document.Value{}, err
	}
	return listed("records", page.Records, page.Cursor, versioned), nil
}

func (h *Functions) storageCount(ctx context.Context, c *dispatch.Call, a storageCountArgs) (document.Value, error) {
	return counted(c.Exchange.Tx().Count(ctx, store.Query{
		Model: a.Model, Index: a.Index, Key: key(a.Value), From: a.From, To: a.To, FromExclusive: a.FromExclusive, ToInclusive: a.ToInclusive,
		Where: conditions(a.Where), Limit: int(a.AtMost),
	}))
}

func (h *Functions) storageGetMany(ctx context.Context, c *dispatch.Call, a storageGetManyArgs) (document.Value, error) {
	if err := atMostPage("ids", len(a.IDs)); err != nil {
		return document.Value{}, err
	}
	records, err := c.Exchange.Tx().GetMany(ctx, a.Model, a.IDs)
	if err != nil {
		return document.Value{}, err
	}
	return listed("records", records, "", versioned), nil
}

const idLength = 32

func (h *Functions) storageInsert(ctx context.Context, c *dispatch.Call, a storageInsertArgs) (document.Value, error) {
	id := secret.RandomString(idLength, secret.Alnum)
	return record(c.Exchange.Tx().InsertNew(ctx, a.Model, id, a.Record))
}

func (h *Functions) storageUpdate(ctx context.Context, c *dispatch.Call, a storageUpdateArgs) (document.Value, error) {
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
	return record(tx.UpdateIf(ctx, a.Model, a.ID, a.If, set))
}

func (h *Functions) storageWrite(ctx context.Context, c *dispatch.Call, a storageWriteArgs) (document.Value, error) {
	if err := atMostPage("writes", len(a.Writes)); err != nil {
		return document.Value{}, err
	}
	ops := make([]store.Op, len(a.Writes))
	for i, w := range a.Writes {
		var err error
		if ops[i], err = storageOp(a.Model, w); err != nil {
			return document.Value{}, err
		}
	}
	records, err := c.Exchange.Tx().Do(ctx, ops)
	if err != nil {
		return document.Value{}, err
	}
	records = slices.DeleteFunc(records, func(rec *store.Record) bool { return rec == nil })
	return listed("records", records, "", versioned), nil
}

// storageOp reads one of the writes of storage.write.
func storageOp(model string, w *argWrite) (store.Op, error) {
	op := store.Op{Model: model, ID: w.ID, Version: uint64(w.Version), If: w.If}
	switch {
	case w.Op == "insert" && w.Record != nil && w.ID == "" && w.Set == nil && w.If == nil && w.Version == 0:
		op.Kind, op.ID, op.Fields = store.Insert, secret.RandomString(idLength, secret.Alnum), w.Record
	case w.Op == "update" && w.ID != "" && w.Set != nil && w.Record == nil:
		op.Kind, op.Fields = store.Update, w.Set
	case w.Op == "delete" && w.ID != "" && w.Set == nil && w.Record == nil:
		op.Kind = store.Delete
	default:
		return op, invalid("argument writes: an insert has record; an update has id, set, and if or version; a delete has id, and if or version")
	}
	return op, nil
}

func (h *Functions) storageDelete(ctx context.Context, c *dispatch.Call, a storageDeleteArgs) (document.Value, error) {
	return empty(), c.Exchange.Tx().Delete(ctx, a.Model, a.ID)
}

func (h *Functions) storageConsume(ctx context.Context, c *dispatch.Call, a storageConsumeArgs) (document.Value, error) {
	return record(c.Exchange.Tx().Consume(ctx, a.Model, a.Index, key(a.Value)...))
}

func (h *Functions) storageIncrement(ctx context.Context, c *dispatch.Call, a storageIncrementArgs) (document.Value, error) {
	// Not part of the unit of work: a counter of failed attempts must survive
	// the refusal that it leads to.
	n, err := c.Exchange.Realm.Store.Increment(ctx, a.Model, a.ID, a.Field, a.By)
	if err != nil {
		return document.Value{}, err
	}
	c.Exchange.Tx().Incremented(a.Model, a.ID)
	return object(document.NewObject(1).Set("value", document.Int(n))), nil
}
