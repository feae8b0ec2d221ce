package pgsource

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/importer"
)

// connectTimeout bounds the connection in Open.
const connectTimeout = 10 * time.Second

// Config says where the tables are. Only URL is needed.
type Config struct {
	// URL is a PostgreSQL connection URI or a list of key=value pairs.
	URL string
	// Schema holds the tables; default the first of the connection's search
	// path that exists, which is "public" unless somebody changed it.
	Schema string
}

// Source is one snapshot of a database. It implements importer.Source.
type Source struct {
	conn   *pgx.Conn
	tx     pgx.Tx
	schema string
	name   string
}

var _ importer.Source = (*Source)(nil)

// Open connects and begins the transaction that everything is read in. Nothing
// is written to the database.
func Open(ctx context.Context, c Config) (_ *Source, err error) {
	pc, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("pgsource: %w", err)
	}
	first, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(first, pc)
	if err != nil {
		return nil, fmt.Errorf("pgsource: %w; check the URL and that the server runs", err)
	}
	s := &Source{conn: conn, schema: c.Schema, name: fmt.Sprintf("PostgreSQL at %s:%d, database %s", pc.Host, pc.Port, pc.Database)}
	defer func() {
		if err != nil {
			err = errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
		}
	}()
	if s.tx, err = conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}); err != nil {
		return nil, fmt.Errorf("pgsource: %w", err)
	}
	// Times come in UTC. Between two rows the importer may be busy elsewhere.
	_, err = s.tx.Exec(ctx, `SET LOCAL TimeZone = 'UTC'; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`)
	if err != nil {
		return nil, fmt.Errorf("pgsource: %w", err)
	}
	if s.schema == "" {
		if err := s.tx.QueryRow(ctx, `SELECT coalesce(current_schema(), 'public')`).Scan(&s.schema); err != nil {
			return nil, fmt.Errorf("pgsource: %w", err)
		}
	}
	return s, nil
}

// Name implements importer.Source.
func (s *Source) Name() string { return s.name + ", schema " + s.schema }

// Tables implements importer.Source.
func (s *Source) Tables(ctx context.Context) ([]importer.Table, error) {
	rows, err := s.tx.Query(ctx, `SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname`, s.schema)
	if err != nil {
		return nil, fmt.Errorf("pgsource: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("pgsource: %w", err)
	}
	tables := make([]importer.Table, len(names))
	for i, name := range names {
		tables[i] = importer.Table{Name: name, Rows: -1}
	}
	return tables, nil
}

func (s *Source) from(table string) string { return pgx.Identifier{s.schema, table}.Sanitize() }

// Rows implements importer.Source.
func (s *Source) Rows(ctx context.Context, table string, visit func(*document.Object) error) error {
	rows, err := s.tx.Query(ctx, `SELECT row_to_json(t)::text FROM `+s.from(table)+` AS t`)
	if err != nil {
		return s.describe(table, err)
	}
	defer rows.Close()
	var text string
	for n := 1; rows.Next(); n++ {
		if err := rows.Scan(&text); err != nil {
			return s.describe(table, err)
		}
		v, err := document.Parse([]byte(text), 0)
		if err != nil {
			return fmt.Errorf("pgsource: table %s, row %d: %w", table, n, err)
		}
		if err := visit(v.Object()); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.describe(table, err)
	}
	return nil
}

func (s *Source) describe(table string, err error) error {
	return fmt.Errorf("pgsource: table %s: %w", table, err)
}

// Count implements importer.Counter.
func (s *Source) Count(ctx context.Context, table string) (n int64, err error) {
	if err := s.tx.QueryRow(ctx, `SELECT count(*) FROM `+s.from(table)).Scan(&n); err != nil {
		return 0, s.describe(table, err)
	}
	return n, nil
}

// Close ends the transaction and the connection.
func (s *Source) Close(ctx context.Context) error {
	return errors.Join(s.tx.Rollback(ctx), s.conn.Close(ctx))
}
