package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
	"github.com/authhost/authhost/engine/store/pgstore"
	"github.com/authhost/authhost/engine/sweep"
	"github.com/authhost/authhost/internal/pgtest"
)

var schema = store.Schema{Models: []store.Model{
	{Name: "user", Fields: []store.Field{{Name: "name", Type: store.String}}},
	{Name: "session", Fields: []store.Field{
		{Name: "userId", Type: store.String, References: "user"}, {Name: "expiresAt", Type: store.Date, Index: true}, {Name: "agent", Type: store.String},
	}},
	{Name: "verification", Fields: []store.Field{{Name: "expiresAt", Type: store.Date, Index: true}}},
}}

var models = []sweep.Model{{Name: "session", Expires: "expiresAt"}, {Name: "verification", Expires: "expiresAt"}}

// stores are the drivers.
func stores() map[string]func(t *testing.T) store.Store {
	return map[string]func(t *testing.T) store.Store{
		"bolt": func(t *testing.T) store.Store {
			s, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		"postgres": func(t *testing.T) store.Store {
			s, err := pgstore.Open(t.Context(), pgstore.Config{URL: pgtest.Start(t)})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
	}
}

func openMain(t *testing.T, open func(t *testing.T) store.Store) store.Tenant {
	t.Helper()
	s := open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	tenant, err := s.Open(t.Context(), "main", schema)
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

func insert(model, id string, expires document.Value) store.Op {
	return store.Op{Kind: store.Insert, Model: model, ID: id, Fields: document.NewObject(1).Set("expiresAt", expires)}
}

// TestEveryExpiredRecordGoes makes records that expire at random times, or never:
// those that have expired are gone after a run, and all others are there.
func TestEveryExpiredRecordGoes(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			tenant := openMain(t, open)
			random := rand.New(rand.NewPCG(51, 52))
			now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
			stays := map[string]bool{}
			gone := 0
			for _, m := range models {
				var ops []store.Op
				for i := range 350 {
					id := fmt.Sprintf("%s%d", m.Name, i)
					expires := document.NullValue()
					stays[id] = true
					if random.IntN(10) > 0 {
						at := now.Add(-sweep.Grace).Add(time.Duration(random.Int64N(int64(20*24*time.Hour))) - 15*24*time.Hour).Truncate(time.Millisecond)
						expires, stays[id] = document.Time(at), !at.Before(now.Add(-sweep.Grace))
					}
					if !stays[id] {
						gone++
					}
					ops = append(ops, insert(m.Name, id, expires))
				}
				if err := tenant.Apply(t.Context(), ops); err != nil {
					t.Fatal(err)
				}
			}
			counted := 0
			n, err := sweep.Run(t.Context(), sweep.Config{Store: tenant, Models: models, Now: func() time.Time { return now }, Deleted: func(_ string, n int) { counted += n }})
			if err != nil || n != gone || counted != gone {
				t.Errorf("%d deleted, %d told, %v; want %d", n, counted, err, gone)
			}
			for _, m := range models {
				for i := range 350 {
					id := fmt.Sprintf("%s%d", m.Name, i)
					if _, err := tenant.Get(t.Context(), m.Name, id); (err == nil) != stays[id] || err != nil && !errors.Is(err, store.ErrNotFound) {
						t.Errorf("%s: %v; it stays: %v", id, err, stays[id])
					}
				}
			}
		})
	}
}

// BenchmarkYear is a year of a tenant with a thousand sign-ins a day, each session
// good for seven days, that is swept every day. It reports the size of the store after
// a month and after a year.
func BenchmarkYear(b *testing.B) {
	for b.Loop() {
		year(b)
	}
}

func year(b *testing.B) {
	dir := b.TempDir()
	s, err := boltstore.Open(boltstore.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	tenant, err := s.Open(ctx, "main", schema)
	if err != nil {
		b.Fatal(err)
	}
	size := func() float64 {
		info, err := os.Stat(filepath.Join(dir, "tenant-main.db"))
		if err != nil {
			b.Fatal(err)
		}
		return float64(info.Size()) / 1e6
	}
	const days, signIns = 365, 1000
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for day := range days {
		ops := make([]store.Op, signIns)
		for i := range ops {
			ops[i] = insert("session", fmt.Sprintf("%x-%d-%d", (day*signIns+i)*2654435761%1000003, day, i), document.Time(now.AddDate(0, 0, 7)))
		}
		if err := tenant.Apply(ctx, ops); err != nil {
			b.Fatal(err)
		}
		now = now.AddDate(0, 0, 1)
		if _, err := sweep.Run(ctx, sweep.Config{Store: tenant, Models: models, Now: func() time.Time { return now }}); err != nil {
			b.Fatal(err)
		}
		if day == 30 {
			b.ReportMetric(size(), "MB/month")
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(size(), "MB/year")
}
