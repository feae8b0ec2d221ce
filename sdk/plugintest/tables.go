package plugintest

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// coreModels are the engine's models, with what is unique in them and whose
// records go with a user's. Their members are those of the contract's records.
var coreModels = map[string]pluginapi.Model{
	"user":         {Fields: map[string]pluginapi.Field{"email": {Type: "string", Unique: true, IgnoreCase: true}, "name": {Type: "string", Required: true, IgnoreCase: true}}},
	"session":      {Fields: map[string]pluginapi.Field{"token": {Type: "string", Unique: true}, "userId": ofUser, "notAfter": {Type: "date"}, "forgotten": {Type: "boolean"}}},
	"verification": {Fields: map[string]pluginapi.Field{"identifier": {Type: "string", Unique: true}}},
	"account": {
		Fields: map[string]pluginapi.Field{
			"userId": ofUser, "password": {Type: "string"}, "accessToken": {Type: "string"}, "refreshToken": {Type: "string"}, "idToken": {Type: "string"},
		},
		Indexes: []pluginapi.Index{{Fields: []string{"userId", "providerId"}}, {Fields: []string{"providerId", "accountId"}, Unique: true}},
	},
}

var ofUser = pluginapi.Field{Type: "string", Required: true, References: "user"}

// models returns the models of a tenant with one plugin.
func models(m *pluginapi.Manifest) map[string]pluginapi.Model {
	out := maps.Clone(m.Models)
	if out == nil {
		out = map[string]pluginapi.Model{}
	}
	types := map[pluginapi.Type]string{pluginapi.TypeText: "string", pluginapi.TypeBool: "boolean", pluginapi.TypeInt: "number"}
	for name, core := range coreModels {
		fields := map[string]pluginapi.Field{}
		shape, _ := pluginapi.FindShape(name)
		for _, member := range shape.Members {
			fields[member.Name] = pluginapi.Field{Type: types[member.Type&^pluginapi.TypeNull]}
		}
		maps.Copy(fields, m.Fields[name])
		maps.Copy(fields, core.Fields)
		out[name] = pluginapi.Model{Fields: fields, Indexes: core.Indexes}
	}
	return out
}

// refusal is why a call is not done. It is thrown: functions panic with it, and
// do gives it to the handler. Where status is an HTTP status, a client gets it
// if the handler passes it on.
type refusal struct {
	sdk           sdk.Status
	code, message string
	status        int
}

func (r *refusal) Error() string { return r.message }

func refuse(s sdk.Status, message string) { panic(&refusal{sdk: s, message: message}) }

func refuseWith(s sdk.Status, code, message string) {
	panic(&refusal{sdk: s, code: code, message: message})
}

// reject refuses what a client asked for.
func reject(status int, code, message string) {
	panic(&refusal{sdk: sdk.Invalid, code: code, message: message, status: status})
}

var errNotFound = &refusal{sdk: sdk.NotFound, message: "not found"}

// insert stores a record under a new id.
func (h *Host) insert(model string, fields Object) Object {
	r := maps.Clone(fields)
	if _, own := h.manifest.Models[model]; own {
		r["id"], r["version"] = h.id("record", 32), number(1)
	} else if r["id"] == nil {
		r["id"] = h.id(model, 32)
	}
	h.check(model, r, fields)
	for name, f := range h.models[model].Fields {
		if f.Required && r[name] == nil {
			refuse(sdk.Invalid, name+": required")
		}
	}
	h.state.Records[model] = append(h.state.Records[model], r)
	return r
}

// update changes fields of a record in place.
func (h *Host) update(model string, r, set Object) {
	changed := maps.Clone(r)
	maps.Copy(changed, set)
	changed["id"] = r["id"]
	h.check(model, changed, set)
	if r["version"] != nil {
		changed["version"] = number(number64(h.committed(model, r["id"])["version"]) + 1)
	}
	maps.Copy(r, changed)
}

// committed is a record as it was before the open unit of work, nil if there was
// none.
func (h *Host) committed(model string, id any) Object {
	if h.depth == 0 {
		return find(h.state.Records[model], "id", id)
	}
	return find(h.stored[model], "id", id)
}

// check refuses a record, of which some fields are new, that does not fit its
// model.
func (h *Host) check(model string, r, set Object) {
	for name, v := range set {
		f, ok := h.models[model].Fields[name]
		switch {
		case name == "id":
		case !ok:
			refuse(sdk.Invalid, name+": unknown field")
		case v == nil && f.Required:
			refuse(sdk.Invalid, name+": required")
		case v != nil && f.Type == "date" && !isOf(f.Type, v):
			refuse(sdk.Invalid, name+": not a date such as 2026-01-02T03:04:05.678Z")
		case v != nil && !isOf(f.Type, v):
			refuse(sdk.Invalid, name+": not a "+f.Type)
		}
	}
	for _, fields := range h.indexes(model, true) {
		values := key(r, fields)
		others := h.list(model, strings.Join(fields, "+"), values...)
		if !slices.Contains(values, nil) && slices.ContainsFunc(others, func(o Object) bool { return o["id"] != r["id"] }) {
			refuse(sdk.Conflict, "conflict")
		}
	}
}

// isOf reports whether a value is of the type of a field.
func isOf(fieldType string, v any) bool {
	t, err := time.Parse(timeLayout, text(v))
	return fieldType == kindOf(v) || fieldType == "json" || fieldType == "date" && err == nil && iso(t) == v
}

// kindOf names the JSON type of a value.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case Object:
		return "object"
	}
	return "number"
}

// indexes lists the fields of each index of a model.
func (h *Host) indexes(model string, unique bool) [][]string {
	var out [][]string
	for name, f := range h.models[model].Fields {
		if f.Unique || !unique && (f.Index || f.References != "") {
			out = append(out, []string{name})
		}
	}
	for _, ix := range h.models[model].Indexes {
		if ix.Unique || !unique {
			out = append(out, ix.Fields)
		}
	}
	return out
}

// remove deletes a record, and those that refer to it.
func (h *Host) remove(model string, r Object) {
	id := r["id"]
	h.state.Records[model] = slices.DeleteFunc(h.state.Records[model], func(o Object) bool { return o["id"] == id })
	for other, m := range h.models {
		for name, f := range m.Fields {
			if f.References == model {
				for _, o := range where(h.state.Records[other], name, id) {
					h.remove(other, o)
				}
			}
		}
	}
}

// list returns the records of a model whose leading fields in an index have
// some values, in the order of the index and then of ids. "" is the index of
// ids.
func (h *Host) list(model, index string, values ...any) []Object {
	fields := []string{"id"}
	if index != "" && index != "id" {
		fields = strings.Split(index, "+")
		if !slices.ContainsFunc(h.indexes(model, false), func(f []string) bool { return slices.Equal(f, fields) }) {
			refuse(sdk.Invalid, "unknown index "+strconv.Quote(index)+`; a field has one with "unique", "index" or "references"`)
		}
	}
	if len(values) > len(fields) {
		refuse(sdk.Invalid, "the index "+strconv.Quote(index)+" has fewer fields than there are values")
	}
	o := h.orderOf(model, false, fields...)
	out := slices.DeleteFunc(slices.Clone(h.state.Records[model]), func(r Object) bool { return compare(o.key(r)[:len(values)], o.values(values)) != 0 })
	slices.SortFunc(out, func(a, b Object) int { return o.compare(o.key(a), o.key(b)) })
	return out
}

// one returns the first record of list.
func (h *Host) one(model, index string, values ...any) Object {
	list := h.list(model, index, values...)
	if len(list) == 0 {
		panic(errNotFound)
	}
	return list[0]
}

// key returns the values of some fields of a record.
func key(r Object, fields []string) []any {
	out := make([]any, len(fields))
	for i, name := range fields {
		out[i] = r[name]
	}
	return out
}

// compare orders keys as indexes do.
func compare(a, b []any) int {
	return slices.CompareFunc(a, b, func(a, b any) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(float(a), float(b)), strings.Compare(text(a), text(b)))
	})
}

// rank orders values of different types.
func rank(v any) int {
	if v == true {
		return 2
	}
	return map[string]int{"null": 0, "boolean": 1, "number": 3, "string": 4}[kindOf(v)]
}

// where returns the records with a value in a field, oldest first.
func where(list []Object, name string, value any) []Object {
	return slices.DeleteFunc(slices.Clone(list), func(o Object) bool { return o[name] != value })
}

// find returns the first of them, nil if there is none.
func find(list []Object, name string, value any) Object {
	if found := where(list, name, value); len(found) > 0 {
		return found[0]
	}
	return nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func object(v any) Object {
	o, _ := v.(Object)
	return o
}

// number64 is an integer, 0 if v is none.
func number64(v any) int64 {
	n, _ := v.(json.Number)
	i, _ := n.Int64()
	return i
}

func float(v any) float64 {
	n, _ := v.(json.Number)
	f, _ := n.Float64()
	return f
}
