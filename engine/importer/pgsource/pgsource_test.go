package pgsource_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/importer/pgsource"
	"github.com/authhost/authhost/internal/pgtest"
)

func exec(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // nothing depends on it
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestSource(t *testing.T) {
	url := pgtest.Start(t)
	exec(t, url, `
		CREATE TABLE "user" (id uuid, "emailVerified" boolean, n bigint, f double precision, zoned timestamptz, bare timestamp, doc jsonb, tags text[], gone text);
		INSERT INTO "user" VALUES ('00000000-0000-0000-0000-000000000001', true, 9007199254740993, 1.5, '2026-01-02 03:04:05.678901+02', '2026-01-02 03:04:05.5', '{"a": 1}', '{x,y}', NULL);
		CREATE VIEW accounts AS SELECT id FROM "user";
		CREATE SCHEMA other; CREATE TABLE other."od""d" (id int); INSERT INTO other."od""d" SELECT generate_series(1, 3000);
		ALTER ROLE current_user SET TimeZone = 'Asia/Tokyo'; ALTER ROLE current_user SET DateStyle = 'German'`)
	s, err := pgsource.Open(t.Context(), pgsource.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	tables, err := s.Tables(t.Context())
	if err != nil || len(tables) != 2 || tables[0].Name != "accounts" || tables[1].Name != "user" {
		t.Fatalf("%+v, %v", tables, err)
	}
	// All reads are of one moment.
	exec(t, url, `DELETE FROM "user"`)
	const want = `{"id":"00000000-0000-0000-0000-000000000001","emailVerified":true,"n":9007199254740993,"f":1.5,"zoned":"2026-01-02T01:04:05.678901+00:00",` +
		`"bare":"2026-01-02T03:04:05.5","doc":{"a":1},"tags":["x","y"],"gone":null}`
	rows := 0
	err = s.Rows(t.Context(), "user", func(row *document.Object) error {
		rows++
		if got := string(document.Obj(row).JSON()); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		return nil
	})
	if n, countErr := s.Count(t.Context(), "user"); err != nil || countErr != nil || rows != 1 || n != 1 {
		t.Errorf("%d rows, %d counted: %v, %v", rows, n, err, countErr)
	}

	other, err := pgsource.Open(t.Context(), pgsource.Config{URL: url, Schema: "other"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	enough := errors.New("enough")
	if err := other.Rows(t.Context(), `od"d`, func(*document.Object) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	if n, err := other.Count(t.Context(), `od"d`); err != nil || n != 3000 {
		t.Errorf("%d, %v", n, err)
	}
	if err := other.Rows(t.Context(), "nothing", nil); err == nil || !strings.Contains(err.Error(), "table nothing") {
		t.Errorf("got %v", err)
	}
	if _, err := pgsource.Open(t.Context(), pgsource.Config{URL: "postgres://secret-password:x@127.0.0.1:1/x"}); err == nil || !strings.Contains(err.Error(), "check the URL") {
		t.Errorf("got %v", err)
	}
}
