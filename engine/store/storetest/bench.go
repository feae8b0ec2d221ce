package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/authhost/authhost/engine/store"
)

// benchUsers is the number of users, and of sessions, in the benchmarks.
const benchUsers = 10_000

// Bench measures the paths that requests take, over ten thousand users with a
// session each: reading a session as get-session does, and committing a
// sign-up alone and with many at a time.
func Bench(b *testing.B, open func(b *testing.B) store.Store) {
	ctx := context.Background()
	s := open(b)
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	tenant, err := s.Open(ctx, "bench", benchSchema())
	if err != nil {
		b.Fatal(err)
	}
	fill(b, tenant)
	benchQueries(b, tenant)
	b.Run("GetSession", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			readSession(b, tenant, i%benchUsers)
		}
	})
	b.Run("GetSessionParallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				readSession(b, tenant, i%benchUsers)
			}
		})
	})
	b.Run("TxGetSession", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			tx := store.Begin(tenant)
			s, err := tx.Find(ctx, "session", "token", value(fmt.Sprintf("token-id%030d", i%benchUsers)))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := tx.Get(ctx, "user", s.Str("userId")); err != nil {
				b.Fatal(err)
			}
		}
	})
	var next atomic.Int64
	signUp := func(b *testing.B) {
		id := fmt.Sprint("new", next.Add(1))
		if err := tenant.Apply(ctx, []store.Op{user(id), session(id, id)}); err != nil {
			b.Error(err)
		}
	}
	b.Run("SignUp", func(b *testing.B) {
		for b.Loop() {
			signUp(b)
		}
	})
	b.Run("SignUpParallel", func(b *testing.B) {
		b.SetParallelism(100)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				signUp(b)
			}
		})
	})
}

// benchSchema has the indexes that the engine gives users.
func benchSchema() store.Schema {
	s := Schema()
	fields := s.Model("user").Fields
	fields[0].Index, fields[0].Fold = true, true // name
	fields[1].Fold = true                        // email
	return s
}

// benchQueries measures what an administrator's list of users asks for. The
// names have their number in them, which is that of the address, too.
func benchQueries(b *testing.B, tenant store.Tenant) {
	ctx := context.Background()
	last := fmt.Sprint(benchUsers - 1)
	rare, all := store.Condition{Field: "email", Op: store.Contains, Value: value(last)}, store.Condition{Field: "email", Op: store.Contains, Value: value("Example")}
	admins := store.Condition{Field: "admin", Op: store.Eq, Value: value(true)}
	for _, q := range []struct {
		name string
		sel  store.Selection
		err  error
	}{
		{"ListSorted", store.Selection{Sort: "createdAt", Desc: true, Limit: 50}, nil},
		{"ListOffset", store.Selection{Sort: "createdAt", Limit: 50, Offset: benchUsers / 2}, nil},
		{"SearchPrefix", store.Selection{Sort: "createdAt", Limit: 50, Where: []store.Condition{{Field: "email", Op: store.StartsWith, Value: rare.Value}}}, nil},
		{"SearchRare", store.Selection{Sort: "createdAt", Limit: 50, Where: []store.Condition{rare}}, nil},
		{"SearchAll", store.Selection{Sort: "createdAt", Limit: 50, Where: []store.Condition{all}}, nil},
		{"FilterUnindexed", store.Selection{Sort: "createdAt", Limit: 50, Where: []store.Condition{admins}}, nil},
	} {
		q.sel.Model = "user"
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Begin(tenant).Select(ctx, q.sel); !errors.Is(err, q.err) {
					b.Fatal(err)
				}
			}
		})
	}
	for _, q := range []struct {
		name  string
		where []store.Condition
	}{{"CountAll", nil}, {"CountSearch", []store.Condition{all}}, {"CountUnindexed", []store.Condition{admins}}} {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Begin(tenant).CountWhere(ctx, "user", q.where, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func fill(b *testing.B, tenant store.Tenant) {
	const batch = 500
	for i := 0; i < benchUsers; i += batch {
		ops := make([]store.Op, 0, 2*batch)
		for j := i; j < i+batch; j++ {
			id := fmt.Sprintf("id%030d", j)
			ops = append(ops, user(id, "createdAt", "2026-01-02T03:04:05.678Z", "admin", false), session(id, id))
		}
		if err := tenant.Apply(context.Background(), ops); err != nil {
			b.Fatal(err)
		}
	}
}

func readSession(b *testing.B, tenant store.Tenant, i int) {
	ctx := context.Background()
	s, err := tenant.Find(ctx, "session", "token", value(fmt.Sprintf("token-id%030d", i)))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := tenant.Get(ctx, "user", s.Str("userId")); err != nil {
		b.Fatal(err)
	}
}
