package budget

import (
	"fmt"
	"sync"
)

// Limits bound what is taken at the same time. Zero means no bound.
type Limits struct {
	Total  int64 // by everybody
	Tenant int64 // by one tenant
	Client int64 // by one client of a tenant
}

// Owner is whose bound was reached.
type Owner string

// The owners of bounds.
const (
	Everybody Owner = "all"
	Tenant    Owner = "tenant"
	Client    Owner = "client"
)

// Exhausted is the error of Take when a bound is reached.
type Exhausted struct {
	Owner Owner
	Limit int64
}

func (e *Exhausted) Error() string {
	return fmt.Sprintf("budget: all %d are in use (%s)", e.Limit, e.Owner)
}

// Budget is safe for concurrent use.
type Budget struct {
	limits Limits

	mu      sync.Mutex
	used    int64
	tenants map[string]*tenant // those that use some of it
}

type tenant struct {
	used    int64
	clients map[string]int64
}

// New returns a budget of which nothing is used.
func New(l Limits) *Budget { return &Budget{limits: l, tenants: map[string]*tenant{}} }

// Used returns how much is taken at the moment.
func (b *Budget) Used() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// Open returns a share that has taken nothing; of a nil Budget, one without
// bound. The client is "" where there is none.
func (b *Budget) Open(tenant, client string) *Share {
	if b == nil {
		return nil
	}
	return &Share{budget: b, tenant: tenant, client: client}
}

// Share is what one request, or one call, has taken. It is used by one
// goroutine at a time. A nil Share has no bound.
type Share struct {
	budget         *Budget
	tenant, client string
	taken          int64
}

// Take takes n more, or nothing: then it returns an *Exhausted.
func (s *Share) Take(n int64) error {
	if s == nil || n <= 0 {
		return nil
	}
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tenants[s.tenant]
	if t == nil {
		t = &tenant{clients: map[string]int64{}}
	}
	for _, bound := range [...]struct {
		owner       Owner
		used, limit int64
	}{{Client, t.clients[s.client], b.limits.Client}, {Tenant, t.used, b.limits.Tenant}, {Everybody, b.used, b.limits.Total}} {
		if bound.limit > 0 && n > bound.limit-bound.used {
			return &Exhausted{bound.owner, bound.limit}
		}
	}
	b.tenants[s.tenant] = t
	b.used += n
	t.used += n
	t.clients[s.client] += n
	s.taken += n
	return nil
}

// Taken returns what the share has.
func (s *Share) Taken() int64 {
	if s == nil {
		return 0
	}
	return s.taken
}

// Close gives everything back. The share may be used again.
func (s *Share) Close() {
	if s == nil || s.taken == 0 {
		return
	}
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tenants[s.tenant]
	b.used -= s.taken
	t.used -= s.taken
	if t.clients[s.client] -= s.taken; t.clients[s.client] == 0 {
		delete(t.clients, s.client)
	}
	if t.used == 0 {
		delete(b.tenants, s.tenant)
	}
	s.taken = 0
}
