package plugintest

import (
	"maps"
	"math"

	"github.com/authhost/authhost/sdk"
)

// keyOf reads an index key: one value, or an array of them.
func keyOf(a Object) []any {
	if list, ok := a["value"].([]any); ok {
		return list
	}
	if v, given := a["value"]; given {
		return []any{v}
	}
	return nil
}

func (h *Host) getRecord(a Object) Object { return h.one(text(a["model"]), "id", a["id"]) }

func (h *Host) findRecord(a Object) Object {
	return h.one(text(a["model"]), text(a["index"]), keyOf(a)...)
}

func (h *Host) insertRecord(a Object) Object {
	return h.insert(text(a["model"]), object(a["record"]))
}

func (h *Host) updateRecord(a Object) Object {
	r := h.expected(a)
	h.update(text(a["model"]), r, object(a["set"]))
	return r
}

func (h *Host) deleteRecord(a Object) Object {
	h.remove(text(a["model"]), h.getRecord(a))
	return nil
}

func (h *Host) consumeRecord(a Object) Object {
	r := h.findRecord(a)
	h.remove(text(a["model"]), r)
	return r
}

// incrementRecord adds to what is stored, and not to what the unit of work has
// written.
func (h *Host) incrementRecord(a Object) Object {
	model, field, by := text(a["model"]), text(a["field"]), number64(a["by"])
	stored := h.committed(model, a["id"])
	if stored == nil {
		panic(errNotFound)
	}
	n := number64(stored[field])
	switch v := stored[field]; {
	case h.models[model].Fields[field].Type != "number", v != nil && v != any(number(n)):
		refuse(sdk.Invalid, field+": not an integer")
	case by > 0 && n > math.MaxInt64-by, by < 0 && n < math.MinInt64-by:
		refuse(sdk.Invalid, field+": the sum does not fit in 64 bits")
	}
	set := Object{field: number(n + by), "version": number(number64(stored["version"]) + 1)}
	maps.Copy(stored, set)
	h.keep(func() {
		if r := find(h.state.Records[model], "id", a["id"]); r != nil { // the unit of work may have deleted it
			maps.Copy(r, set)
		}
	})
	return Object{"value": number(n + by)}
}
