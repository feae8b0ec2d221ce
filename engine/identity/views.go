package identity

import (
	"slices"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Views turns stored users and sessions into what clients may see: fields
// that were declared with returned: false are left out, and others that nobody
// set are null, as they are in the reference on SQL databases. The zero value
// hides nothing and adds nothing.
type Views struct {
	HiddenUser    []string
	HiddenSession []string
	HiddenAccount []string
	UserFields    []string // those that are null if nobody set them
	SessionFields []string // likewise
}

// User returns what clients may see of a user.
func (v *Views) User(rec *store.Record) document.View {
	return rec.Fields.View().Filled(v.UserFields...).Without(v.HiddenUser...)
}

// Session returns what clients may see of a session.
func (v *Views) Session(rec *store.Record) document.View {
	return rec.Fields.View().Filled(v.SessionFields...).Without(hiddenSession[:]...).Without(v.HiddenSession...)
}

// hiddenSession are the engine's fields of sessions that nobody is shown: what
// bounds a session with a lifetime of its own.
var hiddenSession = [...]string{"notAfter", "forgotten"}

// HiddenSession lists the engine's fields of sessions that clients do not see.
func HiddenSession() []string { return slices.Clone(hiddenSession[:]) }
