package capability

import (
	"context"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// maxList bounds a page of storage.list.
const maxList = 200

// The storage capability reaches the models that plugins declare. The core
// models have capabilities of their own, which keep their rules.
func (h *Host) storageFunctions() map[string]function {
	return map[string]function{
		"get":       h.model(false, storageGet),
		"find":      h.model(false, storageFind),
		"list":      h.model(false, storageList),
		"insert":    h.model(true, storageInsert),
		"update":    h.model(true, storageUpdate),
		"delete":    h.model(true, storageDelete),
		"consume":   h.model(true, storageConsume),
		"increment": h.model(true, storageIncrement),
	}
}

type modelFunction func(ctx context.Context, c *dispatch.Call, model string, args *document.Object) (document.Value, error)

// model checks the argument of that name: a plugin may read and write the
// models that its manifest asks for, and never a core model.
func (h *Host) model(write bool, f modelFunction) function {
	return func(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
		name, err := text(args, "model")
		if err != nil {
			return document.Value{}, err
		}
		list := readOrWrite
		if write {
			list = onlyWrite
		}
		if coreModel(name) || !asked(c, pluginapi.CapStorage, name, list) {
			return document.Value{}, refuse(pluginapi.StatusDenied, "the model "+name+" is not this plugin's to use")
		}
		return f(ctx, c, name, args)
	}
}

func coreModel(name string) bool {
	switch name {
	case "user", "account", "session", "verification", "jwks", "rateLimit":
		return true
	}
	return false
}

func record(rec *store.Record, err error) (document.Value, error) {
	if err != nil {
		return document.Value{}, err
	}
	return object(rec.Fields.Clone().Set("version", document.Int(int64(rec.Version)))), nil
}

func storageGet(ctx context.Context, c *dispatch.Call, model string, args *document.Object) (document.Value, error) {
	id, err := text(args, "id")
	if err != nil {
		return document.Value{}, err
	}
	return record(c.Exchange.Tx().Get(ctx, model, id))
}

func storageFind(ctx context.Context, c *dispatch.Call, model string, args *document.Object) (document.Value, error) {
	index, err := text(args, "index")
	if err != nil {
		return document.Value{}, err
	}
	return record(c.Exchange.Tx().Find(ctx, model, index, key(args.Get("value"))...))
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

func storageList(ctx context.Context, c *dispatch.Call, model string, args *document.Object) (document.Value, error) {
	limit, ok := args.Get("limit").Int()
	if !ok || limit < 1 || limit > maxList {
		limit = maxList
	}
	page, err := c.Exchange.Tx().List(ctx, store.Query{
		Model: model, Index: args.Get("index").Str(), Key: key(args.Get("value")),
		Limit: int(limit), Cursor: args.Get("cursor").Str(),
	})
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

func storageInsert(ctx context.Context, c *dispatch.Call, model string, args *document.Object) (document.Value, error) {
	id := secret.RandomString(idLength, secret.Alnum)
	return record(c.Exchange.Tx().Insert(ctx, model, id, args.Get("record").Object()))
}

func storageUpdate(ctx context.Context, c *dispatch.Call, model string, args *document.Object) (document.Value, error) {
	id, err := text(args, "id")
	if err != nil {
		return document.Value{}, err
	}
	tx := c.Exchange.Tx()
	if want, ok := args.Get("version").Int(); ok {
		rec, err := tx.Get(ctx, model, id)
		if err != nil {
			return document.Value{}, err
		}
		if rec.Version != uint64(want) {
			return document.Value{}, refuse(pluginapi.StatusConflict, "the record has changed")
		}
	}
	set := args.Get("set").Object().Clone()
	set.Delete("id")
	return record(tx.Update(ctx, model, id, set))
}

func storageDelete(ctx context.Context, c *dispatch.Call, model string, args *document.Object) (document.Value, error) {
	id, err := text(args, "id")
	if err != nil {
		return document.Value{}, err
	}
	return empty(), c.Exchange.Tx().Delete(ctx, model, id)
}

func storageConsume(ctx context.Context, c *dispatch.Call, model string, args *document.Object) (document.Value, error) {
	index, err := text(args, "index")
	if err != nil {
		return document.Value{}, err
	}
	return record(c.Exchange.Tx().Consume(ctx, model, index, key(args.Get("value"))...))
}

func storageIncrement(ctx context.Context, c *dispatch.Call, model string, args *document.Object) (document.Value, error) {
	id, err := text(args, "id")
	if err != nil {
		return document.Value{}, err
	}
	field, err := text(args, "field")
	if err != nil {
		return document.Value{}, err
	}
	by, ok := args.Get("by").Int()
	if !ok {
		by = 1
	}
	// Not part of the unit of work: a counter of failed attempts must survive
	// the refusal that it leads to.
	n, err := c.Exchange.Realm.Store.Increment(ctx, model, id, field, by)
	if err != nil {
		return document.Value{}, err
	}
	c.Exchange.Tx().Incremented(model, id)
	return object(document.NewObject(1).Set("value", document.Int(n))), nil
}
