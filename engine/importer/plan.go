package importer

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

const keyModel = "jwks"

// table is one table of the source and the model that takes its rows.
type table struct {
	Table
	source  string // the table's name in Better Auth's words, such as "twoFactor"
	model   *store.ModelInfo
	plugin  string // that takes it; "" for core models
	special map[string]pluginapi.ImportField
	report  *TableReport

	columns map[string]column // by name, as they are met
	ids     hashes            // of the rows that are taken
	unique  map[string]hashes // by index
	refused map[string]bool   // ids of rows with problems
	empty   bool              // the tenant has no records of the model
	samples samples
}

// column is where a column goes.
type column struct {
	field store.Field
	known bool
}

// run is one import.
type run struct {
	Options
	source  Source
	target  Target
	report  *Report
	tables  []*table // referenced ones first
	keys    *table   // of signing keys; nil without
	found   []foundKey
	seed    maphash.Seed
	unknown []*unknownColumn
	clashes []clash
	strange int64 // password hashes in unknown formats
	lowered int64 // addresses that were not in lower case
	// providers counts accounts by the provider that they are at.
	providers map[string]int64
}

// coreModel is a model of every tenant. A source must have those that are
// required; sessions and verifications may be kept elsewhere.
type coreModel struct {
	model    string
	required bool
}

var coreModels = []coreModel{{identity.User, true}, {identity.Account, true}, {session.Model, false}, {identity.Verification, false}}

// plan decides which table goes where.
func (r *run) plan(ctx context.Context) error {
	have, err := r.source.Tables(ctx)
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, c := range coreModels {
		t, err := r.find(have, c.model)
		switch {
		case err != nil:
			return err
		case t == nil && c.required && !r.ignored(c.model):
			return fmt.Errorf("importer: %s has no table for %s; name it with --table %s=NAME", r.source.Name(), c.model, c.model)
		case t == nil:
			continue
		}
		if err := r.add(*t, c.model, c.model, "", nil, taken); err != nil {
			return err
		}
	}
	if err := r.planPlugins(have, taken); err != nil {
		return err
	}
	if err := r.planKeys(have, taken); err != nil {
		return err
	}
	r.leaveOut(ctx, have, taken)
	return r.order()
}

func (r *run) planPlugins(have []Table, taken map[string]bool) error {
	for _, m := range r.target.Plugins {
		tables := m.Imports[pluginapi.ProductBetterAuth].Tables
		for _, name := range slices.Sorted(maps.Keys(tables)) {
			t, err := r.find(have, name)
			if err != nil {
				return err
			}
			if t == nil {
				continue
			}
			if err := r.add(*t, name, tables[name].Model, m.ID, tables[name].Fields, taken); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) planKeys(have []Table, taken map[string]bool) error {
	t, err := r.find(have, keyModel)
	if err != nil || t == nil {
		return err
	}
	if err := r.claim(*t, taken); err != nil {
		return err
	}
	r.keys = &table{Table: *t, source: keyModel, report: &TableReport{Table: t.Name, Model: keyModel}}
	return nil
}

// find returns the table for a name of Better Auth's, nil if there is none.
func (r *run) find(have []Table, name string) (*Table, error) {
	if r.ignored(name) {
		return nil, nil
	}
	if given, ok := r.Tables[name]; ok {
		for i := range have {
			if have[i].Name == given {
				return &have[i], nil
			}
		}
		return nil, fmt.Errorf("importer: %s has no table %q, which --table %s=%s names", r.source.Name(), given, name, given)
	}
	var found []*Table
	for i := range have {
		if have[i].Name == name {
			return &have[i], nil
		}
		if sameTable(have[i].Name, name) {
			found = append(found, &have[i])
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("importer: both %q and %q could be the table for %s; say which with --table %s=NAME", found[0].Name, found[1].Name, name, name)
}

func (r *run) claim(t Table, taken map[string]bool) error {
	if taken[t.Name] {
		return fmt.Errorf("importer: the table %q is named for two models", t.Name)
	}
	taken[t.Name] = true
	return nil
}

func (r *run) add(t Table, source, model, plugin string, special map[string]pluginapi.ImportField, taken map[string]bool) error {
	if err := r.claim(t, taken); err != nil {
		return err
	}
	info, err := r.target.Store.Catalog().Model(model)
	if err != nil {
		return err
	}
	added := &table{
		Table: t, source: source, model: info, plugin: plugin, special: special,
		report: &TableReport{Table: t.Name, Model: model}, columns: map[string]column{},
		ids: hashes{}, unique: map[string]hashes{}, refused: map[string]bool{},
	}
	for _, ix := range info.Indexes {
		if ix.Unique {
			added.unique[ix.Name] = hashes{}
		}
	}
	r.tables = append(r.tables, added)
	r.report.Tables = append(r.report.Tables, added.report)
	return nil
}

func (r *run) ignored(name string) bool { return slices.Contains(r.Ignore, name) }

// leaveOut lists the tables that nothing takes over.
func (r *run) leaveOut(ctx context.Context, have []Table, taken map[string]bool) {
	for _, t := range have {
		if taken[t.Name] {
			continue
		}
		known := slices.IndexFunc(knownTables, func(name string) bool { return sameTable(t.Name, name) })
		core := slices.ContainsFunc(coreModels, func(c coreModel) bool { return sameTable(t.Name, c.model) })
		why := "no plugin of the tenant takes it over"
		switch {
		case core || known >= 0 && r.ignored(knownTables[known]):
			why = "ignored, or another table is imported in its place"
		case known < 0:
			r.report.Others++
			continue
		case knownTables[known] == "rateLimit":
			why = "counts of requests start anew"
		}
		r.report.LeftOut = append(r.report.LeftOut, LeftOut{Table: t.Name, Rows: r.count(ctx, t), Why: why})
	}
}

// count is the number of rows of a table, as far as it can be had.
func (r *run) count(ctx context.Context, t Table) int64 {
	if counter, ok := r.source.(Counter); ok {
		if n, err := counter.Count(ctx, t.Name); err == nil {
			return n
		}
		return -1
	}
	n := int64(0)
	if err := r.source.Rows(ctx, t.Name, func(*document.Object) error { n++; return nil }); err != nil {
		return -1
	}
	return n
}

// order puts tables behind those that they refer to.
func (r *run) order() error {
	var done []*table
	placed := func(model string) bool {
		planned := slices.ContainsFunc(r.tables, func(t *table) bool { return t.model.Name == model })
		return !planned || slices.ContainsFunc(done, func(t *table) bool { return t.model.Name == model })
	}
	left := slices.Clone(r.tables)
	for len(left) > 0 {
		n := len(done)
		left = slices.DeleteFunc(left, func(t *table) bool {
			for _, ref := range t.model.References {
				if ref.To != t.model.Name && !placed(ref.To) {
					return false
				}
			}
			done = append(done, t)
			return true
		})
		if len(done) == n {
			return fmt.Errorf("importer: the models %s refer to one another in a circle", left[0].model.Name)
		}
	}
	r.tables = done
	return nil
}

// tableOf returns the plan of a model, nil without one.
func (r *run) tableOf(model string) *table {
	for _, t := range r.tables {
		if t.model.Name == model {
			return t
		}
	}
	return nil
}

// column says where a column goes: by a name that was given, or by the field of
// the same name.
func (r *run) column(t *table, name string) column {
	if c, ok := t.columns[name]; ok {
		return c
	}
	c := r.lookUp(t, name)
	t.columns[name] = c
	return c
}

func (r *run) lookUp(t *table, name string) column {
	if r.ignored(t.source + "." + name) {
		return column{known: true}
	}
	for field, given := range r.Columns {
		model, member, _ := strings.Cut(field, ".")
		if model != t.source {
			continue
		}
		if given == name {
			f, ok := t.model.Field(member)
			return column{field: f, known: ok || member == idColumn}
		}
	}
	for _, f := range r.target.Store.Catalog().Schema().Model(t.model.Name).Fields {
		from := t.special[f.Name].From
		if _, given := r.Columns[t.source+"."+f.Name]; given {
			continue
		}
		if from == "" && key(f.Name) == key(name) || from != "" && key(from) == key(name) {
			return column{field: f, known: true}
		}
	}
	return column{known: name == idColumn || name == "_id" || name == "_creationTime" || name == "__v"}
}
