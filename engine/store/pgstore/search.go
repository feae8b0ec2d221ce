package pgstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/authhost/authhost/engine/store"
)

// Records that are examined come in batches, which double.
const (
	firstBatch = 128
	lastBatch  = 1024
)

// statement is SQL that is put together of pieces, with its arguments.
type statement struct {
	strings.Builder
	args []any
}

// arg adds an argument and returns its name.
func (st *statement) arg(v any) string {
	st.args = append(st.args, v)
	return fmt.Sprintf("$%d", len(st.args))
}

// walk writes the query of the entries of a scan, up to limit of them, with
// what decides conditions on keys: id, key, n (the number of the entry, from 1),
// and length, that of the text at the beginning of the key. It is that much
// longer for texts of which a key has only a part.
func (st *statement) walk(t *tenant, s store.Scan, limit int) {
	key := "e.key"
	if s.Index == nil {
		key = "convert_to(e.id, 'UTF8')"
	}
	st.entries(t, s, limit, fmt.Sprintf("e.id, %s AS key, row_number() OVER (ORDER BY e.%s) AS n, %s AS length", key, orderSQL(s), lengthSQL(s)))
}

// entries writes the query of columns of the entries of a scan, in its order.
func (st *statement) entries(t *tenant, s store.Scan, limit int, columns string) {
	st.WriteString("SELECT " + columns)
	from, to, column := any(notNil(s.From)), any(s.To), "e.key"
	if s.Index == nil {
		from, to, column = idBound(s.From), idBound(s.To), "e.id"
		st.WriteString(" FROM authhost_records e WHERE e.tenant = " + st.arg(t.id))
	} else {
		st.WriteString(" FROM authhost_entries e WHERE e.tenant = " + st.arg(t.id) + " AND e.label = " + st.arg(s.Index.Label()))
	}
	fmt.Fprintf(st, " AND e.model = %s AND %s >= %s", st.arg(s.Model.Name), column, st.arg(from))
	if s.To != nil {
		fmt.Fprintf(st, " AND %s < %s", column, st.arg(to))
	}
	fmt.Fprintf(st, " ORDER BY e.%s LIMIT %s", orderSQL(s), st.arg(limit))
}

// lengthSQL is the length of the text in a key: without the tag before it, the
// two bytes after it, and the id if it ends with one. Scans with needles have
// one field, which is not null.
func lengthSQL(s store.Scan) string {
	switch {
	case len(s.Needles()) == 0:
		return "0"
	case s.Index.Unique:
		return "octet_length(e.key) - 3"
	default:
		return "octet_length(e.key) - 3 - octet_length(convert_to(e.id, 'UTF8'))"
	}
}

// matches writes what the entries of walk, called w, must meet.
func (st *statement) matches(s store.Scan) {
	st.WriteString("true")
	for _, needle := range s.Needles() {
		text, n := st.arg(notNil(needle.Text)), len(needle.Text)
		if needle.Op == store.Contains {
			fmt.Fprintf(st, " AND position(%s::bytea IN substring(w.key FROM 2 FOR least(%d, w.length))) > 0", text, store.MaxSearched)
		} else {
			fmt.Fprintf(st, " AND w.length BETWEEN %d AND %d AND substring(w.key FROM 2 + w.length - %d FOR %d) = %s::bytea",
				n, store.MaxSearched, n, n, text)
		}
	}
}

// search returns the page of a scan that passes over entries.
func (t *tenant) search(ctx context.Context, now *snapshot, s store.Scan) (*store.Collector, error) {
	c := s.Collect()
	if !s.Covered() {
		return c, t.examine(ctx, now, s, c)
	}
	c.Skipped()
	_, err := t.batch(ctx, now, s, c, portion{budget: c.Left(), skip: s.Offset, limit: s.Limit + 1})
	return c, err
}

// examine gives a collector the records that a scan examines, until it has
// enough.
func (t *tenant) examine(ctx context.Context, now *snapshot, s store.Scan, c *store.Collector) error {
	for limit := firstBatch; !c.Done(); limit = min(2*limit, lastBatch) {
		last, err := t.batch(ctx, now, s, c, portion{budget: c.Left(), limit: limit})
		if last == nil || err != nil {
			return err
		}
		s = s.After(last)
	}
	return nil
}

// portion says what a batch reads: up to limit records after those to skip,
// while it walks over up to budget entries.
type portion struct{ budget, skip, limit int }

// batch gives a collector the next records of a scan whose keys match. It
// returns the last one's key, or nil if it was the last of the scan. The entry
// after the budget comes in any case, so that the collector knows that there
// is one.
func (t *tenant) batch(ctx context.Context, now *snapshot, s store.Scan, c *store.Collector, p portion) (last []byte, err error) {
	st := t.batchSQL(s, p)
	rows, err := t.store.pool.Query(ctx, st.String(), st.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	walked, n := 0, 0
	for ; rows.Next(); n++ {
		var f found
		var revision int64
		var number *int
		if err := rows.Scan(&revision, &number, &f.id, &f.version, &f.fields, &f.place); err != nil {
			return nil, err
		}
		if revision != now.revision {
			return nil, errMoved
		}
		if f.id == nil {
			return nil, nil
		}
		if !c.Done() {
			if err := c.Walk(*number - walked); err != nil {
				return nil, err
			}
		}
		walked = *number
		if err := t.give(s, c, f); err != nil {
			return nil, err
		}
		last = f.place
	}
	if n < p.limit {
		last = nil
	}
	return last, rows.Err()
}

// batchSQL is the statement of batch. Every query in it has the order of the
// index that the innermost one walks, so that none has to be sorted, and the
// innermost ends with the outermost.
func (t *tenant) batchSQL(s store.Scan, p portion) *statement {
	st, by := &statement{}, orderSQL(s)
	st.WriteString(`SELECT t.revision, x.n, x.id, x.version, x.fields, x.key FROM authhost_tenants t LEFT JOIN LATERAL (
		SELECT f.n, r.id, r.version, r.fields, f.key FROM (
		SELECT m.id, m.key, m.n FROM (SELECT w.id, w.key, w.n`)
	if p.skip > 0 {
		st.WriteString(", row_number() OVER (ORDER BY w." + by + ") AS match")
	}
	st.WriteString(" FROM (")
	st.walk(t, s, p.budget+1)
	budget := st.arg(p.budget)
	st.WriteString(") w WHERE w.n > " + budget + " OR ")
	st.matches(s)
	st.WriteString(") m")
	if p.skip > 0 {
		fmt.Fprintf(st, " WHERE m.match > %s OR m.n > %s", st.arg(p.skip), budget)
	}
	fmt.Fprintf(st, " ORDER BY m.%s LIMIT %s) f %s ON true) x ON true WHERE t.tenant = %s ORDER BY x.n",
		by, st.arg(p.limit), recordSQL(st.arg(t.id), st.arg(s.Model.Name), "f.id"), st.arg(t.id))
	return st
}

// orderSQL is the column of walk that orders its entries, and how.
func orderSQL(s store.Scan) string {
	column := "key"
	if s.Index == nil {
		column = "id"
	}
	if s.Desc {
		return column + " DESC"
	}
	return column
}

// count gives a collector the number of entries that match. Only a scan that
// has to look into keys numbers them.
func (t *tenant) count(ctx context.Context, now *snapshot, s store.Scan, c *store.Collector) error {
	limit := c.Left() + 1
	if len(s.Needles()) == 0 && s.Max > 0 {
		limit = min(limit, s.Max)
	}
	st := &statement{}
	st.WriteString("SELECT t.revision, x.matched, x.walked FROM authhost_tenants t CROSS JOIN LATERAL (SELECT count(*) AS walked, ")
	if len(s.Needles()) == 0 {
		fmt.Fprintf(st, "least(count(*), %s) AS matched FROM (", st.arg(c.Left()))
		st.entries(t, s, limit, "1")
	} else {
		fmt.Fprintf(st, "count(*) FILTER (WHERE w.n <= %s AND ", st.arg(c.Left()))
		st.matches(s)
		st.WriteString(") AS matched FROM (")
		st.walk(t, s, limit)
	}
	st.WriteString(") w) x WHERE t.tenant = " + st.arg(t.id))
	var revision int64
	var matched, walked int
	if err := t.store.pool.QueryRow(ctx, st.String(), st.args...).Scan(&revision, &matched, &walked); err != nil {
		return err
	}
	if revision != now.revision {
		return errMoved
	}
	return c.Counted(matched, walked)
}
