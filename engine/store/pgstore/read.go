package pgstore

import (
	"context"
	"strings"

	"github.com/authhost/authhost/engine/store"
)

// scanSQL returns the inner query of a scan: ids and keys in its order. The
// arguments are tenant, model, from, limit, then label for an index, then to
// when the scan has an end.
func scanSQL(s store.Scan) string {
	var sql strings.Builder
	place, next := "r.id", "$5"
	if s.Index == nil {
		sql.WriteString(`SELECT r.id, r.version, r.fields, convert_to(r.id, 'UTF8') AS place FROM authhost_records r
			WHERE r.tenant = $1 AND r.model = $2 AND r.id >= $3`)
	} else {
		place, next = "e.key", "$6"
		sql.WriteString(`SELECT r.id, r.version, r.fields, e.key AS place FROM authhost_entries e
			JOIN authhost_records r ON r.tenant = e.tenant AND r.model = e.model AND r.id = e.id
			WHERE e.tenant = $1 AND e.model = $2 AND e.label = $5 AND e.key >= $3`)
	}
	if s.To != nil {
		sql.WriteString(" AND " + place + " < " + next)
	}
	sql.WriteString(" ORDER BY " + place)
	if s.Desc {
		sql.WriteString(" DESC")
	}
	sql.WriteString(" LIMIT $4")
	return sql.String()
}

func (t *tenant) scanArgs(s store.Scan, limit int) []any {
	if s.Index == nil {
		args := []any{t.id, s.Model.Name, idBound(s.From), limit}
		if s.To != nil {
			args = append(args, idBound(s.To))
		}
		return args
	}
	args := []any{t.id, s.Model.Name, notNil(s.From), limit, s.Index.Label()}
	if s.To != nil {
		args = append(args, s.To)
	}
	return args
}

// idBound makes a bound of ids a text that PostgreSQL takes: a scan ends a
// range with a 0x00 after an id, and no id has a control character.
func idBound(b []byte) string { return strings.ReplaceAll(string(b), "\x00", "\x01") }

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// scan returns a page. The tenant's revision comes with the same statement, so
// that a page never misses an index that another node built or dropped.
func (t *tenant) scan(ctx context.Context, now *snapshot, s store.Scan, limit int) (store.Page, error) {
	sql := `SELECT t.revision, x.id, x.version, x.fields, x.place FROM authhost_tenants t
		LEFT JOIN LATERAL (` + scanSQL(s) + `) x ON true WHERE t.tenant = $1`
	rows, err := t.store.pool.Query(ctx, sql, t.scanArgs(s, limit)...)
	if err != nil {
		return store.Page{}, err
	}
	defer rows.Close()
	var page store.Page
	var last []byte
	for rows.Next() {
		var revision int64
		var id, fields *string
		var version *int64
		var place []byte
		if err := rows.Scan(&revision, &id, &version, &fields, &place); err != nil {
			return store.Page{}, err
		}
		if revision != now.revision {
			return store.Page{}, errMoved
		}
		if id == nil {
			break
		}
		if len(page.Records) == s.Limit {
			page.Cursor = s.Cursor(last)
			break
		}
		r, err := t.record(s.Model.Name, *id, *version, *fields)
		if err != nil {
			return store.Page{}, err
		}
		page.Records = append(page.Records, r)
		last = place
	}
	rows.Close()
	return page, rows.Err()
}
