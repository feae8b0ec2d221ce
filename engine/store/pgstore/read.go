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
		sql.WriteString(`SELECT r.id, r.version, r.fields, e.key AS place FROM authhost_entries e ` + recordSQL("e.tenant", "e.model", "e.id") + ` ON true
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

// recordSQL joins the record with an id. It is a query of its own for each id,
// so that it is the key's whole index that finds it: a join is planned by
// statistics, which know nothing of a tenant that has grown since they were
// made, and then reads all of its records for each entry.
func recordSQL(tenant, model, id string) string {
	return "JOIN LATERAL (SELECT * FROM authhost_records WHERE tenant = " + tenant + " AND model = " + model + " AND id = " + id + " LIMIT 1) r"
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

// scan gives a collector up to limit records, each entry of the range being one
// that it asks for. The tenant's revision comes with the same statement, so that
// a page never misses an index that another node built or dropped.
func (t *tenant) scan(ctx context.Context, now *snapshot, s store.Scan, c *store.Collector, limit int) error {
	sql := `SELECT t.revision, x.id, x.version, x.fields, x.place FROM authhost_tenants t
		LEFT JOIN LATERAL (` + scanSQL(s) + `) x ON true WHERE t.tenant = $1`
	rows, err := t.store.pool.Query(ctx, sql, t.scanArgs(s, limit)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var f found
		var revision int64
		if err := rows.Scan(&revision, &f.id, &f.version, &f.fields, &f.place); err != nil {
			return err
		}
		if revision != now.revision {
			return errMoved
		}
		if f.id == nil {
			break
		}
		if err := t.give(s, c, f); err != nil {
			return err
		}
	}
	rows.Close()
	return rows.Err()
}

// found is a row of a scan, of which only the revision is there when the scan
// found nothing.
type found struct {
	id, fields *string
	version    *int64
	place      []byte
}

// give gives a collector a record.
func (t *tenant) give(s store.Scan, c *store.Collector, f found) error {
	if c.Done() {
		return nil
	}
	r, err := t.record(s.Model.Name, *f.id, *f.version, *f.fields)
	if err != nil {
		return err
	}
	return c.Record(f.place, r)
}
