package plugintest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// order is how a list is sorted: by some fields, of which some are compared
// without case, and by id.
type order struct {
	fields []string
	folded []bool
	desc   bool
}

// orderOf is the order by some fields of a model.
func (h *Host) orderOf(model string, desc bool, fields ...string) order {
	o := order{fields: append(slices.Clone(fields), "id"), desc: desc}
	for _, name := range o.fields {
		o.folded = append(o.folded, h.models[model].Fields[name].IgnoreCase)
	}
	return o
}

// key is the place of a record in the order.
func (o order) key(r Object) []any { return o.values(key(r, o.fields)) }

// values are those of the first fields as the order compares them.
func (o order) values(values []any) []any {
	out := slices.Clone(values)
	for i := range out {
		if o.folded[i] {
			out[i] = lowered(out[i])
		}
	}
	return out
}

func (o order) compare(a, b []any) int {
	if o.desc {
		a, b = b, a
	}
	return compare(a, b)
}

// place is what a cursor says: the order that it goes with, and the key of the
// last record.
type place struct {
	Fields []string
	Desc   bool
	Key    []any
}

// page sorts a list, and cuts it as the arguments offset, cursor and limit say;
// it gives the cursor of the rest.
func page(list []Object, o order, a Object) (part []Object, next string) {
	list = slices.SortedFunc(slices.Values(list), func(a, b Object) int { return o.compare(o.key(a), o.key(b)) })
	if cursor := text(a["cursor"]); cursor != "" {
		if number64(a["offset"]) != 0 {
			refuse(sdk.Invalid, "an offset beside a cursor, which says itself where to go on")
		}
		source, err := base64.RawURLEncoding.DecodeString(cursor)
		after, bad := parse[place](source)
		if err != nil || bad != nil || !slices.Equal(after.Fields, o.fields) || after.Desc != o.desc {
			refuse(sdk.Invalid, "not a cursor")
		}
		list = slices.DeleteFunc(list, func(r Object) bool { return o.compare(o.key(r), after.Key) <= 0 })
	}
	limit := int(number64(a["limit"]))
	list = list[min(int(number64(a["offset"])), len(list)):]
	if len(list) <= limit {
		return list, ""
	}
	last := place{o.fields, o.desc, o.key(list[limit-1])}
	return list[:limit], base64.RawURLEncoding.EncodeToString(marshal(last))
}

// listed is the result of a function that gives records in pages.
func listed(name string, records []Object, next string) Object {
	if records == nil {
		records = []Object{}
	}
	out := Object{name: records}
	if next != "" {
		out["cursor"] = next
	}
	return out
}

// meeting returns the records that meet all conditions of the argument where.
func (h *Host) meeting(model string, list []Object, a Object) []Object {
	conditions, _ := a["where"].([]any)
	if len(conditions) > maxConditions {
		refuse(sdk.Invalid, fmt.Sprintf("%d conditions; the limit is %d", len(conditions), maxConditions))
	}
	list = slices.Clone(list)
	for _, c := range conditions {
		meets := h.condition(model, object(c))
		list = slices.DeleteFunc(list, func(r Object) bool { return !meets(r) })
	}
	return list
}

// The engine's limits of conditions.
const (
	maxConditions = 20
	maxIn         = 100
	maxSearchText = 256
)

// condition makes one condition of the argument where a function.
func (h *Host) condition(model string, c Object) func(Object) bool {
	name, operator, value := text(c["field"]), text(c["operator"]), c["value"]
	f, ok := h.models[model].Fields[name]
	switch {
	case name == "id":
		f.Type = "string"
	case !ok:
		refuse(sdk.Invalid, name+": unknown field")
	case f.Type == "json":
		refuse(sdk.Invalid, name+": a json field has no order and no conditions")
	}
	if model == "user" && name == "email" {
		value = lowered(value)
	}
	switch operator {
	case "contains", "starts_with", "ends_with":
		return search(name, operator, f.Type, value)
	case "in", "not_in":
		return oneOf(name, operator, f.Type, value)
	}
	if value == nil && (operator == "" || operator == "eq" || operator == "ne") {
		return func(r Object) bool { return (r[name] == nil) != (operator == "ne") }
	}
	if !isOf(f.Type, value) {
		refuse(sdk.Invalid, name+": not a "+f.Type)
	}
	o := h.orderOf(model, false, name)
	order := func(r Object) int { return compare(o.key(r)[:1], o.values([]any{value})) }
	return func(r Object) bool {
		return r[name] != nil && compares(operator, compare([]any{r[name]}, []any{value}) == 0, order(r))
	}
}

// compares tells what an operator says of a field that equals the value, or is
// before or after it in the order of the field.
func compares(operator string, equal bool, order int) bool {
	switch operator {
	case "ne":
		return !equal
	case "lt":
		return order < 0
	case "lte":
		return order <= 0
	case "gt":
		return order > 0
	case "gte":
		return order >= 0
	}
	return equal
}

func search(name, operator, fieldType string, value any) func(Object) bool {
	needle, ok := value.(string)
	if !ok || fieldType != "string" || len(needle) > maxSearchText {
		refuse(sdk.Invalid, name+": "+operator+" is for strings, and needs one of up to 256 bytes")
	}
	find := map[string]func(string, string) bool{"contains": strings.Contains, "starts_with": strings.HasPrefix, "ends_with": strings.HasSuffix}[operator]
	return func(r Object) bool {
		return r[name] != nil && find(strings.ToLower(text(r[name])), strings.ToLower(needle))
	}
}

func oneOf(name, operator, fieldType string, value any) func(Object) bool {
	values, ok := value.([]any)
	if !ok || len(values) > maxIn || slices.ContainsFunc(values, func(v any) bool { return !isOf(fieldType, v) }) {
		refuse(sdk.Invalid, name+": "+operator+" needs an array of up to 100 values of type "+fieldType)
	}
	return func(r Object) bool {
		in := slices.ContainsFunc(values, func(v any) bool { return compare([]any{v}, []any{r[name]}) == 0 })
		return r[name] != nil && in == (operator == "in")
	}
}

// lowered is a value, or an array of them, with texts in lower case.
func lowered(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ToLower(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = lowered(v[i])
		}
		return out
	}
	return v
}

// sorted pages records of a model by the arguments sort and desc.
func (h *Host) sorted(model string, list []Object, a Object) (part []Object, next string) {
	name := "createdAt"
	if a["sort"] != nil && a["sort"] != "" {
		name = text(a["sort"])
	}
	if f, ok := h.models[model].Fields[name]; name != "id" && (!ok || f.Type == "json") {
		refuse(sdk.Invalid, name+": no field to sort by")
	}
	return page(list, h.orderOf(model, a["desc"] == true, name), a)
}

// counted is the result of a function that counts.
func counted(n int, a Object) Object {
	if a["atMost"] != nil {
		n = min(n, int(number64(a["atMost"])))
	}
	return Object{"count": n}
}

// withIDs returns the records with some ids, in the order of those and each
// once.
func (h *Host) withIDs(model string, ids any) []Object {
	list, _ := ids.([]any)
	atMostPage("ids", list)
	var out []Object
	for i, id := range list {
		if r := find(h.state.Records[model], "id", id); r != nil && slices.Index(list, id) == i {
			out = append(out, r)
		}
	}
	return out
}

func atMostPage(name string, list []any) {
	if len(list) > pluginapi.MaxPage {
		refuse(sdk.Invalid, fmt.Sprintf("argument %s has %d values; the limit is %d", name, len(list), pluginapi.MaxPage))
	}
}
