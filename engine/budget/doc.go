// Package budget shares a bounded amount, such as bytes of memory, among
// tenants and the clients of each.
//
// Whoever takes of it has a share, and gives everything back at once when it is
// closed. A client can use up what is a client's, a tenant's clients together
// what is a tenant's; neither takes what is left to the others.
//
//	b := budget.New(budget.Limits{Total: 64 << 20, Tenant: 32 << 20, Client: 8 << 20})
//	share := b.Open("acme", "203.0.113.7")
//	defer share.Close()
//	if err := share.Take(1 << 20); err != nil { … } // *budget.Exhausted
//
// It imports the standard library alone and knows nothing of what is counted.
//
// Decisions and their reasons: docs/rationale/http.md.
package budget
