package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
)

// unknownColumn is a column that no field of the tenant takes.
type unknownColumn struct {
	table  *table
	name   string
	values int64 // that are not null
	kind   store.FieldType
}

// meetColumns notes columns that have no field.
func (r *run) meetColumns(t *table, row *document.Object) {
	for name, v := range row.All() {
		if r.column(t, name).known {
			continue
		}
		i := slices.IndexFunc(r.unknown, func(u *unknownColumn) bool { return u.table == t && u.name == name })
		if i < 0 {
			i = len(r.unknown)
			r.unknown = append(r.unknown, &unknownColumn{table: t, name: name})
		}
		u := r.unknown[i]
		if v.IsNullish() {
			continue
		}
		u.values++
		switch kind := typeOf(v); {
		case u.values == 1:
			u.kind = kind
		case u.kind != kind && (u.kind == store.Date || kind == store.Date):
			u.kind = store.String
		case u.kind != kind:
			u.kind = store.JSON
		}
	}
}

// reportColumns makes a problem of the columns whose values would be lost, with
// the configuration that would take them.
func (r *run) reportColumns() {
	for _, t := range r.tables {
		var lost []*unknownColumn
		for _, u := range r.unknown {
			switch {
			case u.table != t:
			case u.values == 0:
				r.report.note("%s: the column %s has no values and is left out", t.Name, u.name)
			case pluginFields[t.source+"."+fieldOf(u.name)] != "":
				plugin := pluginFields[t.source+"."+fieldOf(u.name)]
				r.report.Problems = append(r.report.Problems, &Problem{
					Table: t.Name, What: fmt.Sprintf("the column %s belongs to Better Auth's plugin %s, which the tenant does not have", u.name, plugin),
					Remedy: fmt.Sprintf("enable a plugin that declares this field, or leave it out with --ignore %s.%s", t.source, u.name), Blocks: true,
				})
			default:
				lost = append(lost, u)
			}
		}
		if len(lost) > 0 {
			r.report.Problems = append(r.report.Problems, lostColumns(t, lost))
		}
	}
}

func lostColumns(t *table, lost []*unknownColumn) *Problem {
	var names, ignore []string
	var yaml strings.Builder
	for _, u := range lost {
		names = append(names, u.name)
		ignore = append(ignore, "--ignore "+t.source+"."+u.name)
		fmt.Fprintf(&yaml, "\n        - { name: %s, type: %s }", fieldOf(u.name), u.kind)
	}
	remedy := "leave them out with " + strings.Join(ignore, " ")
	if slices.Contains([]string{identity.User, session.Model, identity.Account}, t.model.Name) {
		remedy += ", or add to the tenant:\n    " + t.model.Name + ":\n      additionalFields:" + yaml.String()
	}
	return &Problem{
		Table: t.Name, What: "the tenant has no fields for the columns " + strings.Join(names, ", "), Remedy: remedy, Blocks: true,
	}
}

// fieldOf is the name that Better Auth gives a column's field: camel case.
func fieldOf(column string) string {
	parts := strings.FieldsFunc(column, func(c rune) bool { return c == '_' })
	for i := range parts {
		if i > 0 {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return strings.Join(parts, "")
}
