// Package budget shares a bounded amount, such as bytes of memory, among
// tenants and the clients of each.
//
// Each user of the budget opens a share, takes from it, and gives everything back
// by closing it. One client can use up the bound of a client, and the clients of
// one tenant the bound of a tenant; the rest stays for others.
//
//	b := budget.New(budget.Limits{Total: 64 << 20, Tenant: 32 << 20, Client: 8 << 20})
//	share := b.Open("acme", "203.0.113.7")
//	defer share.Close()
//	if err := share.Take(1 << 20); err != nil { … } // *budget.Exhausted
//
// It imports only the standard library, and does not know what it counts.
//
// Decisions and their reasons: docs/rationale/http.md.
package budget
