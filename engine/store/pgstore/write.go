package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/internal/plan"
)

// maxLooks bounds how often Consume looks again. Each time but the last,
// somebody else changed the record in between; more often than this it is the
// index that is wrong.
const maxLooks = 1000

// writer is one attempt at a write: a plan.Reader whose reads lock.
type writer struct {
	tenant *tenant
	ctx    context.Context
	tx     pgx.Tx
	now    *snapshot
	locked map[[2]string]*store.Record // by model and id; nil: not there
}

const (
	// boundsSQL bounds how long the transaction waits for a lock, and how long
	// the database keeps its locks when this node is gone.
	boundsSQL = `SELECT set_config('lock_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $2, true)`

	lockTenantSQL = `SELECT revision FROM authhost_tenants WHERE tenant = $1 FOR KEY SHARE`
	// Locks are taken in the order of keys, so that two writes to the same
	// records do not wait for each other in a circle.
	lockRecordsSQL = `SELECT r.model, r.id, r.version, r.fields FROM authhost_records r
		JOIN unnest($2::text[], $3::text[]) AS x(model, id) ON r.model = x.model AND r.id = x.id
		WHERE r.tenant = $1 ORDER BY r.model, r.id FOR UPDATE OF r`
	lockRecordSQL = `SELECT id, version, fields FROM authhost_records
		WHERE tenant = $1 AND model = $2 AND id = $3 FOR UPDATE`
	shareRecordSQL = `SELECT 1 FROM authhost_records
		WHERE tenant = $1 AND model = $2 AND id = $3 FOR KEY SHARE`
	referringSQL = `SELECT id FROM authhost_entries
		WHERE tenant = $1 AND model = $2 AND label = $3 AND key >= $4 AND key < $5 ORDER BY key`
)

// write runs f in a transaction, and commits it. The records of ops are locked
// beforehand, in one round trip.
func (t *tenant) write(ctx context.Context, ops []store.Op, f func(w *writer) error) error {
	return t.run(ctx, func(ctx context.Context, now *snapshot) error {
		if err := plan.Check(now.catalog, ops); err != nil {
			return err
		}
		conn, err := t.store.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
		if err != nil {
			return err
		}
		w := &writer{tenant: t, ctx: ctx, tx: tx, now: now, locked: make(map[[2]string]*store.Record, len(ops))}
		if err = w.lock(ops); err == nil {
			err = f(w)
		}
		if err != nil {
			return errors.Join(err, rollback(ctx, tx))
		}
		return t.commit(ctx, conn, tx)
	})
}

// rollback ends a transaction that failed. Its own failure closes the
// connection, which rolls back as well.
func rollback(ctx context.Context, tx pgx.Tx) error {
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTimeout)
	defer cancel()
	_ = tx.Rollback(short)
	return nil
}

// lock checks the schema's revision, keeps it until the end, and locks the
// records of ops.
func (w *writer) lock(ops []store.Op) error {
	var models, ids []string
	for _, op := range ops {
		key := [2]string{op.Model, op.ID}
		if _, twice := w.locked[key]; !twice {
			models, ids = append(models, op.Model), append(ids, op.ID)
			w.locked[key] = nil
		}
	}
	batch := &pgx.Batch{}
	batch.Queue(boundsSQL, milliseconds(w.tenant.store.timeout/2), milliseconds(w.tenant.store.timeout))
	var revision int64
	batch.Queue(lockTenantSQL, w.tenant.id).QueryRow(func(row pgx.Row) error { return row.Scan(&revision) })
	if len(ops) > 0 {
		batch.Queue(lockRecordsSQL, w.tenant.id, models, ids).Query(w.keep)
	}
	if err := w.tx.SendBatch(w.ctx, batch).Close(); err != nil {
		return err
	}
	if revision != w.now.revision {
		return errMoved
	}
	return nil
}

// milliseconds is a duration as the database's settings have it.
func milliseconds(d time.Duration) string { return fmt.Sprintf("%dms", max(d.Milliseconds(), 1)) }

// keep notes the records that a statement locked.
func (w *writer) keep(rows pgx.Rows) error {
	for rows.Next() {
		var model, id, fields string
		var version int64
		if err := rows.Scan(&model, &id, &version, &fields); err != nil {
			return err
		}
		r, err := w.tenant.record(model, id, version, fields)
		if err != nil {
			return err
		}
		w.locked[[2]string{model, id}] = r
	}
	return rows.Err()
}

// Record locks a record and returns it, or nil.
func (w *writer) Record(ctx context.Context, model, id string) (*store.Record, error) {
	key := [2]string{model, id}
	if r, ok := w.locked[key]; ok {
		return r, nil
	}
	rows, err := w.tx.Query(ctx, lockRecordSQL, w.tenant.id, model, id)
	if err != nil {
		return nil, err
	}
	found, err := w.tenant.collect(rows, model)
	if err != nil {
		return nil, err
	}
	var r *store.Record
	if len(found) > 0 {
		r = found[0]
	}
	w.locked[key] = r
	return r, nil
}

// Exists reports whether a record is there, and keeps it there.
func (w *writer) Exists(ctx context.Context, model, id string) (bool, error) {
	if strings.ContainsRune(id, 0) {
		return false, nil // no text of PostgreSQL has one, and no id
	}
	var one int
	err := w.tx.QueryRow(ctx, shareRecordSQL, w.tenant.id, model, id).Scan(&one)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Referring returns the ids of the records that refer to id.
func (w *writer) Referring(ctx context.Context, ref store.Reference, id string) ([]string, error) {
	s, err := w.now.catalog.Scan(store.Query{Model: ref.Model, Index: ref.Field, Key: []document.Value{document.Text(id)}})
	if err != nil {
		return nil, err
	}
	rows, err := w.tx.Query(ctx, referringSQL, w.tenant.id, ref.Model, s.Index.Label(), s.From, s.To)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// lockFirst locks the first record of a scan and returns it, or ErrNotFound.
// When somebody else took it first, it looks again.
func (w *writer) lockFirst(s store.Scan) (*store.Record, error) {
	for range maxLooks {
		rows, err := w.tx.Query(w.ctx, scanSQL(s), w.tenant.scanArgs(s, 1)...)
		if err != nil {
			return nil, err
		}
		var id, fields string
		var version int64
		var place []byte
		if _, err := pgx.CollectOneRow(rows, func(row pgx.CollectableRow) (int, error) {
			return 0, row.Scan(&id, &version, &fields, &place)
		}); errors.Is(err, pgx.ErrNoRows) {
			return nil, store.ErrNotFound
		} else if err != nil {
			return nil, err
		}
		delete(w.locked, [2]string{s.Model.Name, id})
		r, err := w.Record(w.ctx, s.Model.Name, id)
		if err != nil {
			return nil, err
		}
		if r != nil && s.Contains(s.Key(r)) {
			return r, nil
		}
	}
	return nil, w.tenant.corrupt("index of "+s.Model.Name, errors.New("an entry leads to a record of another value"))
}

// apply plans operations and sends the plan in one round trip.
func (w *writer) apply(ops []store.Op) error {
	p, err := plan.Make(w.ctx, w.now.catalog, w, ops)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	if len(p.Remove) > 0 {
		models, labels, keys, _ := entryArrays(p.Remove)
		batch.Queue(`DELETE FROM authhost_entries e USING unnest($2::text[], $3::text[], $4::bytea[]) AS x(model, label, key)
			WHERE e.tenant = $1 AND e.model = x.model AND e.label = x.label AND e.key = x.key`, w.tenant.id, models, labels, keys)
	}
	w.queueChanges(batch, p.Changes)
	if batch.Len() > 0 {
		if err := w.tx.SendBatch(w.ctx, batch).Close(); err != nil {
			return err
		}
	}
	return w.tenant.addEntries(w.ctx, w.tx, p.Add)
}

// rowArrays are changed records as arrays for unnest.
type rowArrays struct {
	models, ids []string
	versions    []int64
	fields      []string
}

func (a *rowArrays) add(c plan.Change) {
	a.models = append(a.models, c.Model.Name)
	a.ids = append(a.ids, c.ID)
	if c.After != nil {
		a.versions = append(a.versions, int64(c.After.Version))
		a.fields = append(a.fields, fieldsText(c.After))
	}
}

func (w *writer) queueChanges(batch *pgx.Batch, changes []plan.Change) {
	var added, changed, gone rowArrays
	for _, c := range changes {
		switch {
		case c.After == nil:
			gone.add(c)
		case c.Before == nil:
			added.add(c)
		default:
			changed.add(c)
		}
	}
	if len(gone.ids) > 0 {
		batch.Queue(`DELETE FROM authhost_records r USING unnest($2::text[], $3::text[]) AS x(model, id)
			WHERE r.tenant = $1 AND r.model = x.model AND r.id = x.id`, w.tenant.id, gone.models, gone.ids)
	}
	if len(changed.ids) > 0 {
		batch.Queue(`UPDATE authhost_records r SET version = x.version, fields = x.fields
			FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[]) AS x(model, id, version, fields)
			WHERE r.tenant = $1 AND r.model = x.model AND r.id = x.id`,
			w.tenant.id, changed.models, changed.ids, changed.versions, changed.fields)
	}
	if len(added.ids) > 0 {
		batch.Queue(`INSERT INTO authhost_records (tenant, model, id, version, fields)
			SELECT $1, x.* FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[]) AS x(model, id, version, fields)
			ORDER BY x.model, x.id ON CONFLICT DO NOTHING RETURNING model, id`,
			w.tenant.id, added.models, added.ids, added.versions, added.fields).Query(added.allReturned)
	}
}

// allReturned finds the record whose id another transaction took.
func (a *rowArrays) allReturned(rows pgx.Rows) error {
	stored := map[[2]string]bool{}
	for rows.Next() {
		var model, id string
		if err := rows.Scan(&model, &id); err != nil {
			return err
		}
		stored[[2]string{model, id}] = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for i, id := range a.ids {
		if !stored[[2]string{a.models[i], id}] {
			return &store.ConflictError{Model: a.models[i], Index: "id", ID: id}
		}
	}
	return nil
}

// addEntries inserts index entries; the primary key refuses those whose unique
// key is taken.
func (t *tenant) addEntries(ctx context.Context, tx pgx.Tx, entries []plan.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b plan.Entry) int { return strings.Compare(a.Place(), b.Place()) })
	models, labels, keys, ids := entryArrays(entries)
	rows, err := tx.Query(ctx, `INSERT INTO authhost_entries (tenant, model, label, key, id)
		SELECT $1, x.* FROM unnest($2::text[], $3::text[], $4::bytea[], $5::text[]) AS x(model, label, key, id)
		ON CONFLICT DO NOTHING RETURNING model, label, key`, t.id, models, labels, keys, ids)
	if err != nil {
		return err
	}
	defer rows.Close()
	stored := map[string]bool{}
	for rows.Next() {
		var model, label string
		var key []byte
		if err := rows.Scan(&model, &label, &key); err != nil {
			return err
		}
		stored[model+"\x00"+label+"\x00"+string(key)] = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, e := range entries {
		place := e.Model.Name + "\x00" + e.Index.Label() + "\x00" + string(e.Key)
		if !stored[place] {
			return e.Conflict()
		}
		delete(stored, place) // twice in one statement is taken, too
	}
	return nil
}
