package identity

import (
	"slices"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Views turns stored users and sessions into what clients may see: fields
// that were declared with returned: false are left out. The zero value hides
// nothing.
type Views struct {
	HiddenUser    []string
	HiddenSession []string
	HiddenAccount []string
}

// User returns what clients may see of a user.
func (v *Views) User(rec *store.Record) document.View {
	return rec.Fields.View().Without(v.HiddenUser...)
}

// Session returns what clients may see of a session.
func (v *Views) Session(rec *store.Record) document.View {
	return rec.Fields.View().Without(hiddenSession[:]...).Without(v.HiddenSession...)
}

// hiddenSession are the engine's fields of sessions that nobody is shown: what
// bounds a session with a lifetime of its own.
var hiddenSession = [...]string{"notAfter", "forgotten"}

// HiddenSession lists the engine's fields of sessions that clients do not see.
func HiddenSession() []string { return slices.Clone(hiddenSession[:]) }
