// Package document holds JSON-shaped values with member order kept.
//
// It is the one JSON representation inside the engine: request bodies,
// records, capability arguments and the document that a plugin reads and
// writes are all document values. It knows nothing of HTTP, storage or
// plugins; those packages import it, and it imports only the standard
// library.
//
//	v, err := document.Parse([]byte(`{"email":"a@example.com"}`), document.MaxDepth)
//	email := v.Get("email").Str()
//
// A Value is immutable in kind and text; an *Object is mutable and is shared
// by every Value that wraps it, so Clone before handing one to code that may
// write to it.
//
// Decisions and their reasons: docs/rationale/work.md.
package document
