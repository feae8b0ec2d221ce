package plugintest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

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

// inRange returns the records that the arguments index to where ask for.
func (h *Host) inRange(a Object) []Object {
	model, values := text(a["model"]), keyOf(a)
	list := h.list(model, text(a["index"]), values...)
	from, bounded := a["from"]
	to, above := a["to"]
	fields, n := indexFields(a), len(values)
	if (bounded || above) && n >= len(fields) {
		refuse(sdk.Invalid, "the index has fewer fields than the call bounds")
	}
	o := h.orderOf(model, false, fields...)
	bound := func(v any) []any { return o.values(append(slices.Clone(values), v)) }
	list = slices.DeleteFunc(list, func(r Object) bool {
		low, high := 0, 0
		if bounded {
			low = compare(o.key(r)[:n+1], bound(from))
		}
		if above {
			high = compare(o.key(r)[:n+1], bound(to))
		}
		return low < 0 || bounded && low == 0 && a["fromExclusive"] == true || high > 0 || above && high == 0 && a["toInclusive"] != true
	})
	return h.meeting(model, list, a)
}

// indexFields are the fields of the argument index.
func indexFields(a Object) []string {
	if a["index"] == nil || a["index"] == "" {
		return []string{"id"}
	}
	return strings.Split(text(a["index"]), "+")
}

func (h *Host) listRecords(a Object) Object {
	records, next := page(h.inRange(a), h.orderOf(text(a["model"]), a["desc"] == true, indexFields(a)...), a)
	return listed("records", records, next)
}

func (h *Host) countRecords(a Object) Object { return counted(len(h.inRange(a)), a) }

func (h *Host) getRecords(a Object) Object {
	return listed("records", h.withIDs(text(a["model"]), a["ids"]), "")
}

// writeRecords does several writes, or none.
func (h *Host) writeRecords(a Object) Object {
	writes, _ := a["writes"].([]any)
	atMostPage("writes", writes)
	for _, w := range writes {
		checkWrite(object(w))
	}
	before := clone(h.state.Records)
	records := []Object{}
	for i, w := range writes {
		one := Object{"model": a["model"]}
		for name, v := range object(w) {
			one[name] = v
		}
		if err := try(func() { records = append(records, h.writeRecord(one)...) }); err != nil {
			h.state.Records = before
			refuse(err.sdk, fmt.Sprintf("write %d: %s", i, err.message))
		}
	}
	return Object{"records": clone(records)}
}

// checkWrite refuses a write that does not have what its op needs.
func checkWrite(w Object) {
	has := func(name string) bool { return w[name] != nil && w[name] != "" }
	ok := false
	switch w["op"] {
	case "insert":
		ok = has("record") && !has("id") && !has("set") && !has("if") && !has("version")
	case "update":
		ok = has("id") && has("set") && !has("record")
	case "delete":
		ok = has("id") && !has("set") && !has("record")
	}
	if !ok {
		refuse(sdk.Invalid, "argument writes: an insert has record; an update has id, set, and if or version; a delete has id, and if or version")
	}
}

// writeRecord does one write, and gives what is there afterwards.
func (h *Host) writeRecord(w Object) []Object {
	switch w["op"] {
	case "insert":
		return []Object{h.insertRecord(w)}
	case "update":
		return []Object{h.updateRecord(w)}
	}
	h.remove(text(w["model"]), h.expected(w))
	return nil
}

// expected returns the record that is to be written, if it is as the arguments
// version and if say.
func (h *Host) expected(a Object) Object {
	r, fields := h.getRecord(a), h.models[text(a["model"])].Fields
	if a["version"] != nil && number64(a["version"]) != number64(r["version"]) {
		refuse(sdk.Conflict, "the record has changed")
	}
	for name, v := range object(a["if"]) {
		if f, ok := fields[name]; !ok || v != nil && !isOf(f.Type, v) {
			refuse(sdk.Invalid, name+": unknown field, or not a "+f.Type)
		}
		if string(marshal(r[name])) != string(marshal(v)) {
			refuse(sdk.Conflict, "conflict")
		}
	}
	return r
}
