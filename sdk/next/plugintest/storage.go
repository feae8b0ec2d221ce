package plugintest

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	sdk "github.com/authhost/authhost/sdk/next"
)

func (h *Host) storage() map[string]Function {
	return map[string]Function{
		"storage.get": func(a Object) (sdk.Status, any) { return found(h.record(a)) },
		"storage.find": func(a Object) (sdk.Status, any) {
			return found(first(h.matching(a)))
		},
		"storage.list": func(a Object) (sdk.Status, any) {
			return sdk.OK, Object{"records": h.matching(a)}
		},
		"storage.insert": h.insertRecord,
		"storage.update": h.updateRecord,
		"storage.delete": func(a Object) (sdk.Status, any) {
			return h.removeRecord(text(a["model"]), h.record(a))
		},
		"storage.consume": func(a Object) (sdk.Status, any) {
			return h.removeRecord(text(a["model"]), first(h.matching(a)))
		},
		"storage.increment": func(a Object) (sdk.Status, any) {
			if h.record(a) == nil {
				return sdk.NotFound, nil
			}
			field := text(a["field"])
			h.keep(func() {
				if r := h.record(a); r != nil { // not one that was undone
					r[field] = number64(r[field]) + number64(a["by"])
				}
			})
			return sdk.OK, Object{"value": h.record(a)[field]}
		},
	}
}

func first(list []Object) Object {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func (h *Host) record(a Object) Object { return find(h.state.Records[text(a["model"])], "id", a["id"]) }

// matching returns the records whose indexed fields have the value asked for.
func (h *Host) matching(a Object) []Object {
	fields := strings.Split(text(a["index"]), "+")
	values, ok := a["value"].([]any)
	if !ok && a["index"] != nil {
		values = []any{a["value"]}
	}
	return slices.DeleteFunc(slices.Clone(h.state.Records[text(a["model"])]), func(r Object) bool {
		for i, v := range values {
			if i < len(fields) && !reflect.DeepEqual(r[fields[i]], v) {
				return true
			}
		}
		return false
	})
}

// taken reports whether a unique field of a model has another record's value.
func (h *Host) taken(model string, r Object) bool {
	for name, field := range h.manifest.Models[model].Fields {
		other := find(h.state.Records[model], name, r[name])
		if field.Unique && r[name] != nil && other != nil && other["id"] != r["id"] {
			return true
		}
	}
	return false
}

func (h *Host) insertRecord(a Object) (sdk.Status, any) {
	model := text(a["model"])
	r := Object{}
	given, _ := a["record"].(Object)
	maps.Copy(r, given)
	r["id"], r["version"] = h.id("record", 32), json.Number("1")
	if h.taken(model, r) {
		return sdk.Conflict, nil
	}
	h.state.Records[model] = append(h.state.Records[model], r)
	return sdk.OK, r
}

func (h *Host) updateRecord(a Object) (sdk.Status, any) {
	r := h.record(a)
	if r == nil {
		return sdk.NotFound, nil
	}
	if a["version"] != nil && number64(a["version"]) != number64(r["version"]) {
		return sdk.Conflict, nil
	}
	changed := maps.Clone(r)
	set, _ := a["set"].(Object)
	maps.Copy(changed, set)
	if h.taken(text(a["model"]), changed) {
		return sdk.Conflict, nil
	}
	maps.Copy(r, changed)
	r["version"] = number64(r["version"]) + 1
	return sdk.OK, r
}

func (h *Host) removeRecord(model string, r Object) (sdk.Status, any) {
	if r == nil {
		return sdk.NotFound, nil
	}
	h.state.Records[model] = slices.DeleteFunc(h.state.Records[model], func(o Object) bool { return o["id"] == r["id"] })
	return sdk.OK, r
}
