package session

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// fieldVirtual marks a session that is not stored.
const fieldVirtual = "virtual"

// Virtual reports whether a session is there for one request alone. It is not
// stored and has no token, so that it cannot be found, extended, changed or
// ended, and it is never fresh.
func Virtual(rec *store.Record) bool { return rec.Fields.Get(fieldVirtual).Bool() }

// NewVirtual returns a session of a user for one request. id is the session's,
// or "" for a random one. Of p only UserID, IPAddress, UserAgent, Fields and Life
// count.
func (m *Manager) NewVirtual(id string, p CreateParams, now time.Time) *store.Record {
	if id == "" {
		id = secret.RandomString(idLength, secret.Alnum)
	}
	end, _ := m.end(CreateParams{Life: p.Life}, now)
	fields := m.newFields(p, end, now)
	fields.Delete("token")
	fields.Set("id", document.Text(id)).Set(fieldVirtual, document.Boolean(true))
	return store.NewRecord(id, fields)
}

// virtual completes a session for one request with its user.
func (m *Manager) virtual(ctx context.Context, rec *store.Record) (Current, error) {
	user, err := m.store.Get(ctx, userModel, rec.Str("userId"))
	if errors.Is(err, store.ErrNotFound) {
		return Current{State: Unknown}, nil
	}
	if err != nil {
		return Current{}, err
	}
	return Current{State: Live, Session: rec, User: user}, nil
}

// storedOnly refuses to change or end a session that is there for one request alone.
func storedOnly(rec *store.Record) error {
	if !Virtual(rec) {
		return nil
	}
	return apierror.New(http.StatusForbidden, pluginapi.VirtualSessionCode, "The session is there for this request alone")
}
