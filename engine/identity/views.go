package identity

import (
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Views turns stored users and sessions into what clients may see: fields
// that were declared with returned: false are left out. The zero value hides
// nothing.
type Views struct {
	HiddenUser    []string
	HiddenSession []string
}

// User returns what clients may see of a user. The object must not be
// changed.
func (v *Views) User(rec *store.Record) *document.Object { return without(rec, v.HiddenUser) }

// Session returns what clients may see of a session. The object must not be
// changed.
func (v *Views) Session(rec *store.Record) *document.Object { return without(rec, v.HiddenSession) }

func without(rec *store.Record, hidden []string) *document.Object {
	if len(hidden) == 0 {
		return rec.Fields
	}
	o := rec.Fields.Clone()
	for _, name := range hidden {
		o.Delete(name)
	}
	return o
}
