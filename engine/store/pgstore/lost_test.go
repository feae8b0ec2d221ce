package pgstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/pgstore"
	"github.com/authhost/authhost/internal/pgtest"
)

// losses says which messages get lost, as the number of messages that pass
// before each.
type losses struct {
	mu     sync.Mutex
	gaps   []int
	passed int
}

// counted reports whether a message is worth losing: what ends a request, and
// what answers it. To lose the others is the same.
func counted(m pgtest.Message) bool {
	if m.FromServer {
		return m.Type == 'C'
	}
	return m.Type == 'S' || m.Type == 'Q'
}

func (l *losses) pass(m pgtest.Message) bool {
	if !counted(m) {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passed++
	if len(l.gaps) == 0 {
		return true
	}
	if l.gaps[0] > 0 {
		l.gaps[0]--
		return true
	}
	l.gaps = l.gaps[1:]
	return false
}

// plan sets what gets lost next, and returns how many messages passed since the
// last plan.
func (l *losses) plan(gaps ...int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	passed := l.passed
	l.gaps, l.passed = append([]int(nil), gaps...), 0
	return passed
}

// lossy is a tenant behind a proxy that loses messages, and the same one
// without.
type lossy struct {
	losses
	behind, direct store.Tenant
}

func newLossy(t *testing.T) *lossy {
	t.Helper()
	pg := &server{url: pgtest.Start(t)}
	url := pg.empty(t)
	proxy := pgtest.StartProxy(t, pg.url)
	l := &lossy{}
	schema := store.Schema{Models: []store.Model{
		{Name: "counter", Fields: []store.Field{{Name: "n", Type: store.Number}}},
		{Name: "token", Fields: []store.Field{{Name: "value", Type: store.String}}, Indexes: []store.Index{{Fields: []string{"value"}, Unique: true}}},
	}}
	for tenant, address := range map[*store.Tenant]string{&l.direct: url, &l.behind: proxy.URL(url)} {
		s, err := pgstore.Open(t.Context(), pgstore.Config{URL: address, MaxConns: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		if *tenant, err = s.Open(t.Context(), "main", schema); err != nil {
			t.Fatal(err)
		}
	}
	proxy.Decide(l.pass)
	return l
}

func (l *lossy) insert(t *testing.T, tenant store.Tenant, model, id string, fields *document.Object) error {
	t.Helper()
	return tenant.Apply(t.Context(), []store.Op{{Kind: store.Insert, Model: model, ID: id, Fields: fields}})
}

// A lossyCase does one write through the proxy and compares what it said with
// what is there.
type lossyCase struct {
	name string
	run  func(t *testing.T, l *lossy, n int, gaps []int) (passed int)
}

var lossyCases = []lossyCase{
	{"increment", func(t *testing.T, l *lossy, n int, gaps []int) int {
		id := fmt.Sprint("c", n)
		if err := l.insert(t, l.direct, "counter", id, document.NewObject(0)); err != nil {
			t.Fatal(err)
		}
		l.plan(gaps...)
		sum, err := l.behind.Increment(t.Context(), "counter", id, "n", 1)
		passed := l.plan()
		r, found := l.direct.Get(t.Context(), "counter", id)
		if found != nil {
			t.Fatal(found)
		}
		have, _ := r.Int("n")
		if err == nil && (sum != 1 || have != 1) || have > 1 {
			t.Errorf("lost after %v: Increment says %d, %v; the record has %d", gaps, sum, err, have)
		}
		return passed
	}},
	{"insert", func(t *testing.T, l *lossy, n int, gaps []int) int {
		id := fmt.Sprint("i", n)
		l.plan(gaps...)
		err := l.insert(t, l.behind, "token", id, document.NewObject(1).Set("value", document.Text(id)))
		passed := l.plan()
		_, found := l.direct.Get(t.Context(), "token", id)
		// A conflict with itself would be a write that was done and denied.
		if err == nil && found != nil || errors.Is(err, store.ErrConflict) {
			t.Errorf("lost after %v: Apply says %v; Get: %v", gaps, err, found)
		}
		return passed
	}},
	{"consume", func(t *testing.T, l *lossy, n int, gaps []int) int {
		id := fmt.Sprint("t", n)
		if err := l.insert(t, l.direct, "token", id, document.NewObject(1).Set("value", document.Text(id))); err != nil {
			t.Fatal(err)
		}
		l.plan(gaps...)
		_, err := l.behind.Consume(t.Context(), "token", "value", document.Text(id))
		passed := l.plan()
		_, again := l.direct.Consume(t.Context(), "token", "value", document.Text(id))
		if err == nil && !errors.Is(again, store.ErrNotFound) {
			t.Errorf("lost after %v: the token was used twice (%v)", gaps, again)
		}
		if errors.Is(err, store.ErrNotFound) {
			t.Errorf("lost after %v: the token was used up, and nobody got it", gaps)
		}
		return passed
	}},
}

// TestLostMessages loses every request of a write, and every answer, once, twice and
// three times: what is acknowledged is there, and nothing is done twice.
func TestLostMessages(t *testing.T) {
	if testing.Short() {
		t.Skip("it loses hundreds of messages, each with a connection; SHORT= runs it")
	}
	l := newLossy(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range lossyCases {
		t.Run(c.name, func(t *testing.T) {
			n := 0
			run := func(gaps ...int) (passed int) {
				n++
				return c.run(t, l, n, gaps)
			}
			run() // statements are prepared
			length := run()
			for first := range length {
				run(first)
			}
			// COMMIT or its answer is lost, and then what is asked about it.
			for _, first := range []int{length - 2, length - 1} {
				for second := range 3 {
					run(first, second)
					run(first, second, 1)
				}
			}
			for range 10 {
				run(random.IntN(length), random.IntN(length), random.IntN(length))
			}
		})
	}
}
