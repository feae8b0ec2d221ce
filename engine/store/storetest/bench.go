package storetest

import (
	"context"
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
	tenant, err := s.Open(ctx, "bench", Schema())
	if err != nil {
		b.Fatal(err)
	}
	fill(b, tenant)
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
