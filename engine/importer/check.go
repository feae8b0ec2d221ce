package importer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
)

// clash is a row whose unique value a record of the tenant has that is not the
// row's. It is none if that record is pruned.
type clash struct {
	table *table
	id    string // of the row
	index string
	other string // id of the record
	count *int64 // that the row was counted under
}

// check is the first pass: it reads everything and writes nothing.
func (r *run) check(ctx context.Context) error {
	for _, t := range r.tables {
		page, err := r.target.Store.List(ctx, store.Query{Model: t.model.Name, Limit: 1})
		if err != nil {
			return err
		}
		t.empty = len(page.Records) == 0
		if counter, ok := r.source.(Counter); ok {
			if t.Table.Rows, err = counter.Count(ctx, t.Name); err != nil {
				return err
			}
		}
		err = r.eachRow(ctx, t, PassCheck, func(row *document.Object) error { return r.checkRow(ctx, t, row) })
		if err != nil {
			return err
		}
	}
	r.reportClashes()
	if err := r.checkKeys(ctx); err != nil {
		return err
	}
	r.reportColumns()
	r.remark()
	return nil
}

// eachRow reads a table and tells how far it is.
func (r *run) eachRow(ctx context.Context, t *table, pass string, visit func(*document.Object) error) error {
	n := int64(0)
	err := r.source.Rows(ctx, t.Name, func(row *document.Object) error {
		if n++; n%progressEvery == 0 {
			r.Progress(Progress{Pass: pass, Table: t.Name, Done: n, Total: t.Rows})
		}
		return visit(row)
	})
	if err == nil {
		r.Progress(Progress{Pass: pass, Table: t.Name, Done: n, Total: n})
	}
	return err
}

func (r *run) checkRow(ctx context.Context, t *table, row *document.Object) error {
	t.report.Rows++
	r.meetColumns(t, row)
	m, f := r.convert(t, row)
	if f == nil {
		if left := r.outdated(t, m); left != nil {
			*left++
			return nil
		}
		f = r.fits(t, m)
	}
	if f == nil {
		var err error
		if f, err = r.classify(ctx, t, m); err != nil {
			return err
		}
	}
	if f != nil {
		t.report.Refused++
		t.refused[m.id] = true
		r.report.problem(t.Name, f, m.id)
		return nil
	}
	r.noteRow(t, row, m)
	return nil
}

// outdated returns the count of rows that are left out on purpose, nil for rows
// that are taken.
func (r *run) outdated(t *table, m mapped) *int64 {
	if t.model.Name != session.Model && t.model.Name != identity.Verification {
		return nil
	}
	if at, ok := m.fields.Get("expiresAt").Time(); ok && !at.After(r.Now()) {
		return &t.report.Expired
	}
	if t.model.Name == identity.Verification && m.fields.Get("identifier").IsNullish() {
		return &t.report.Unclaimed
	}
	return nil
}

// fits checks a row against the schema and the rows before it.
func (r *run) fits(t *table, m mapped) *fault {
	err := r.target.Store.Catalog().CheckOp(store.Op{Kind: store.Insert, Model: t.model.Name, ID: m.id, Fields: m.fields})
	var invalid *store.InvalidError
	if errors.As(err, &invalid) {
		return &fault{what: strings.TrimPrefix(invalid.Field+": ", ": ") + invalid.Reason, remedy: "correct the rows"}
	}
	for _, ref := range t.model.References {
		to := r.tableOf(ref.To)
		id := m.fields.Get(ref.Field).Str()
		if to != nil && id != "" && !to.ids.has(r.seed, id) {
			return &fault{what: ref.Field + " names a " + ref.To + " that is not there or not imported", remedy: "delete the rows"}
		}
	}
	if t.ids.has(r.seed, m.id) {
		return &fault{what: "the id occurs twice", remedy: "keep one of the rows"}
	}
	rec := store.NewRecord(m.id, m.fields)
	keys := map[string]string{}
	for _, ix := range t.model.Indexes {
		entry, unique := ix.EntryKey(rec)
		if !unique {
			continue
		}
		if keys[ix.Name] = string(entry); t.unique[ix.Name].has(r.seed, string(entry)) {
			return twice(t.model.Name, ix.Name)
		}
	}
	for name, entry := range keys {
		t.unique[name].add(r.seed, entry)
	}
	t.ids.add(r.seed, m.id)
	return nil
}

func twice(model, index string) *fault {
	what := "two rows have the same " + strings.ReplaceAll(index, "+", " and ")
	if model == identity.User && index == "email" {
		what = "two users have the same address, once it is in lower case and without spaces around it"
	}
	return &fault{what: what, remedy: "keep one of them; the other one's accounts have to be moved or deleted"}
}

// classify finds out what is to be done with a row: whether the tenant has it.
func (r *run) classify(ctx context.Context, t *table, m mapped) (*fault, error) {
	if t.empty {
		t.report.New++
		return nil, nil
	}
	count, _, err := r.decide(ctx, t, m)
	if err != nil {
		return nil, err
	}
	*count++
	if count == &t.report.New || count == &t.report.Changed {
		return nil, r.findClashes(ctx, t, m, count)
	}
	return nil, nil
}

// decide compares a row with the tenant's record of its id and returns the
// count that it belongs to. Where both changed, the later change stays.
func (r *run) decide(ctx context.Context, t *table, m mapped) (count *int64, kind store.OpKind, err error) {
	rec, err := r.target.Store.Get(ctx, t.model.Name, m.id)
	if errors.Is(err, store.ErrNotFound) {
		return &t.report.New, store.Insert, nil
	}
	if err != nil {
		return nil, 0, err
	}
	if r.same(rec, m) {
		return &t.report.Unchanged, 0, nil
	}
	here, dated := rec.Time("updatedAt")
	there, alsoDated := m.fields.Get("updatedAt").Time()
	if dated && alsoDated && here.After(there) || !(dated && alsoDated) && rec.Version > 1 {
		return &t.report.Kept, 0, nil
	}
	return &t.report.Changed, store.Update, nil
}

// findClashes notes unique values that another record of the tenant has.
func (r *run) findClashes(ctx context.Context, t *table, m mapped, count *int64) error {
	for _, ix := range t.model.Indexes {
		var values []document.Value
		whole := ix.Unique
		for _, field := range ix.Fields {
			v := m.fields.Get(field)
			whole = whole && !v.IsNullish()
			values = append(values, v)
		}
		if !whole {
			continue
		}
		other, err := r.target.Store.Find(ctx, t.model.Name, ix.Name, values...)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return err
		case other.ID != m.id:
			r.clashes = append(r.clashes, clash{table: t, id: m.id, index: ix.Name, other: other.ID, count: count})
			return nil // one is enough
		}
	}
	return nil
}

// reportClashes reports the clashes that pruning does not solve.
func (r *run) reportClashes() {
	for _, c := range r.clashes {
		if r.Prune && !c.table.ids.has(r.seed, c.other) && !c.table.refused[c.other] {
			continue
		}
		remedy := "delete the record of the tenant, or import into a new tenant"
		if !r.Prune {
			remedy += "; --prune deletes records that the source does not have"
		}
		c.table.report.Refused++
		*c.count--
		c.table.refused[c.id] = true
		c.table.ids.remove(r.seed, c.id)
		r.report.problem(c.table.Name, &fault{what: "another record of the tenant has the same " + strings.ReplaceAll(c.index, "+", " and "), remedy: remedy}, c.id)
	}
}

// maxProviders bounds the providers that are told apart in the report.
const maxProviders = 100

// noteRow counts what is worth a remark.
func (r *run) noteRow(t *table, row *document.Object, m mapped) {
	switch t.model.Name {
	case identity.User:
		for name, v := range row.All() {
			if r.column(t, name).field.Name == "email" && v.Str() != m.fields.Get("email").Str() {
				r.lowered++
			}
		}
	case identity.Account:
		if hash := m.fields.Get("password").Str(); hash != "" && !r.target.Passwords.Known(hash) {
			r.strange++
		}
		if p := m.fields.Get("providerId").Str(); p != identity.CredentialProvider {
			if _, met := r.providers[p]; met || len(r.providers) < maxProviders {
				r.providers[p]++
			}
		}
	}
}

// remark says what the operator should know although it is no problem.
func (r *run) remark() {
	if r.lowered > 0 {
		r.report.note("%d address(es) are put into lower case, without spaces around them", r.lowered)
	}
	if r.strange > 0 {
		r.report.note("%d password(s) are hashed in a format that this server cannot compare; their users have to reset them. Better Auth's own, argon2id and bcrypt are known", r.strange)
	}
	for _, p := range slices.Sorted(maps.Keys(r.providers)) {
		r.report.note("%d account(s) are at the provider %q: their users sign in with it where the tenant is set up for it under that id", r.providers[p], p)
	}
	if r.tableOf(session.Model) == nil {
		r.report.note("there is no table of sessions: users have to sign in again")
	}
	if r.report.Unsealed == 0 {
		r.report.note("nothing in the database shows whether the tenant's secret is the application's; try an old cookie before you cut over")
	}
}
