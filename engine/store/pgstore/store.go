package pgstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/internal/plan"
)

const (
	// defaultMaxConns is the size of the pool.
	defaultMaxConns = 10
	// defaultTimeout is that of Config.
	defaultTimeout = 5 * time.Second
	// connectTimeout bounds the first connection in Open.
	connectTimeout = 10 * time.Second
	// growPage is the number of records that are indexed at a time.
	growPage = 1000
)

// Config says where the database is. Only URL is needed.
type Config struct {
	// URL is a PostgreSQL connection URI or a list of key=value pairs.
	URL string
	// MaxConns bounds the connections of this process; 0 means 10. One more is
	// opened now and then to see whether the database is there.
	MaxConns int
	// Timeout bounds each attempt at a call; 0 means 5 seconds. Commits whose
	// outcome is unknown, backups, checks and the growth of a schema take longer.
	Timeout time.Duration
}

// Store is a PostgreSQL database. It implements store.Store.
type Store struct {
	pool    *pgxpool.Pool
	closed  atomic.Bool
	commits atomic.Uint64 // counts, to sweep tokens now and then
	timeout time.Duration
	places  chan struct{} // as many as calls use the database at a time
	monitor monitor
	unwatch context.CancelFunc
	watched chan struct{} // closed when the watch has ended

	mu      sync.Mutex
	schemas map[store.TenantID]*atomic.Pointer[snapshot]
}

var (
	_ store.Store     = (*Store)(nil)
	_ store.Monitored = (*Store)(nil)
)

// Open connects and brings the tables to this version.
func Open(ctx context.Context, c Config) (*Store, error) {
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("pgstore: %w", err)
	}
	pc.MaxConns = defaultMaxConns
	if c.MaxConns > 0 {
		pc.MaxConns = int32(min(c.MaxConns, 1<<16))
	}
	return connect(ctx, pc, cmp.Or(c.Timeout, defaultTimeout))
}

func connect(ctx context.Context, pc *pgxpool.Config, timeout time.Duration) (*Store, error) {
	places := make(chan struct{}, pc.MaxConns)
	pc.MaxConns++ // for the watch
	pc.ConnConfig.OnNotice = noteWarning
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("pgstore: %w", err)
	}
	s := &Store{pool: pool, timeout: timeout, places: places, watched: make(chan struct{}), schemas: map[store.TenantID]*atomic.Pointer[snapshot]{}}
	first, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := pool.Ping(first); err != nil {
		pool.Close()
		return nil, fmt.Errorf("pgstore: cannot connect to %s: %w; check the URL and that the server runs", pc.ConnConfig.Host, err)
	}
	if err := s.migrate(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("pgstore: preparing the tables: %w", err)
	}
	var watch context.Context
	watch, s.unwatch = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(s.watched)
		s.watch(watch)
	}()
	return s, nil
}

// Close closes the connections, after the calls that are under way.
func (s *Store) Close() error {
	if !s.closed.Swap(true) {
		s.unwatch()
		<-s.watched
		s.pool.Close()
	}
	return nil
}

const tenantExistsSQL = `SELECT EXISTS (SELECT 1 FROM authhost_tenants WHERE tenant = $1)`

// Has reports whether there is data of a tenant.
func (s *Store) Has(ctx context.Context, id store.TenantID) (exists bool, err error) {
	if s.closed.Load() {
		return false, store.ErrClosed
	}
	err = s.retry(ctx, s.timeout, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, tenantExistsSQL, string(id)).Scan(&exists)
	})
	return exists, s.describe(ctx, err)
}

// Open returns a tenant's data; see store.Store.
func (s *Store) Open(ctx context.Context, id store.TenantID, schema store.Schema) (store.Tenant, error) {
	if s.closed.Load() {
		return nil, store.ErrClosed
	}
	if err := id.Validate(); err != nil {
		return nil, err
	}
	if err := schema.Validate(); err != nil {
		return nil, err
	}
	t := s.handle(id)
	err := s.retry(ctx, 0, func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return t.grow(ctx, tx, schema) })
	})
	if err == nil {
		err = t.reload(ctx)
	}
	if err != nil {
		return nil, s.describe(ctx, err)
	}
	return t, nil
}

// handle returns a new handle, which shares the schema with the others.
func (s *Store) handle(id store.TenantID) *tenant {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.schemas[id] == nil {
		s.schemas[id] = &atomic.Pointer[snapshot]{}
	}
	return &tenant{store: s, id: string(id), current: s.schemas[id]}
}

// grow brings the tenant's stored schema and indexes to a schema. The lock on
// the tenant's row keeps the writes of all nodes waiting until it commits.
func (t *tenant) grow(ctx context.Context, tx pgx.Tx, schema store.Schema) error {
	_, err := tx.Exec(ctx, `INSERT INTO authhost_tenants (tenant, revision, schema) VALUES ($1, 0, '{"models":null}') ON CONFLICT DO NOTHING`, t.id)
	if err != nil {
		return err
	}
	var text string
	var stored store.Schema
	if err := tx.QueryRow(ctx, `SELECT schema FROM authhost_tenants WHERE tenant = $1 FOR UPDATE`, t.id).Scan(&text); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return t.corrupt("schema", err)
	}
	grown, err := stored.Grow(schema)
	if err != nil || grown.Equal(stored) {
		return err
	}
	old, err := store.NewCatalog(stored)
	if err != nil {
		return t.corrupt("schema", err)
	}
	next, err := store.NewCatalog(grown)
	if err != nil {
		return err
	}
	for _, m := range grown.Models {
		if err := t.buildIndexes(ctx, tx, old, next, m.Name); err != nil {
			return err
		}
	}
	now, err := json.Marshal(grown)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE authhost_tenants SET revision = revision + 1, schema = $2 WHERE tenant = $1`, t.id, string(now))
	return err
}

// buildIndexes fills the indexes of a model that the old catalog does not
// have, and drops the entries of those that became others.
func (t *tenant) buildIndexes(ctx context.Context, tx pgx.Tx, old, next *store.Catalog, model string) error {
	was, err := old.Model(model)
	if err != nil {
		return nil //nolint:nilerr // a new model has no records
	}
	m, err := next.Model(model)
	if err != nil {
		return err
	}
	had := map[string]bool{}
	for _, ix := range was.Indexes {
		had[ix.Label()] = true
	}
	var missing []*store.IndexInfo
	for _, ix := range m.Indexes {
		if !had[ix.Label()] {
			missing = append(missing, ix)
		}
		delete(had, ix.Label())
	}
	for label := range had {
		_, err := tx.Exec(ctx, `DELETE FROM authhost_entries WHERE tenant = $1 AND model = $2 AND label = $3`, t.id, model, label)
		if err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return t.eachPage(ctx, tx, model, func(records []*store.Record) error {
		var entries []plan.Entry
		for _, r := range records {
			for _, ix := range missing {
				entries = append(entries, plan.EntryOf(m, ix, r))
			}
		}
		return t.addEntries(ctx, tx, entries)
	})
}

// eachPage visits all records of a model in the order of ids.
func (t *tenant) eachPage(ctx context.Context, tx pgx.Tx, model string, visit func([]*store.Record) error) error {
	after := ""
	for {
		rows, err := tx.Query(ctx, `SELECT id, version, fields FROM authhost_records
			WHERE tenant = $1 AND model = $2 AND id > $3 ORDER BY id LIMIT $4`, t.id, model, after, growPage)
		if err != nil {
			return err
		}
		records, err := t.collect(rows, model)
		if err != nil || len(records) == 0 {
			return err
		}
		if err := visit(records); err != nil {
			return err
		}
		after = records[len(records)-1].ID
	}
}

// reload reads the tenant's schema and revision.
func (t *tenant) reload(ctx context.Context) error {
	var text string
	next := &snapshot{}
	err := t.store.pool.QueryRow(ctx, `SELECT revision, schema FROM authhost_tenants WHERE tenant = $1`, t.id).Scan(&next.revision, &text)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("pgstore: tenant %q was removed from the database", t.id)
	}
	if err != nil {
		return err
	}
	var schema store.Schema
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		return t.corrupt("schema", err)
	}
	if next.catalog, err = store.NewCatalog(schema); err != nil {
		return t.corrupt("schema", err)
	}
	for {
		have := t.current.Load()
		if have != nil && have.revision >= next.revision || t.current.CompareAndSwap(have, next) {
			return nil
		}
	}
}
