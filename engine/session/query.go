package session

import (
	"context"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// Query asks for the live sessions of a user.
type Query struct {
	// Where are further conditions on fields of the sessions.
	Where []store.Condition
	// Sort is the field that orders the sessions, and their ids where it is
	// the same; "" is createdAt, oldest first.
	Sort string
	// Desc turns the order around.
	Desc bool
	// Limit is the page size; 0 means store.DefaultLimit, at most
	// store.MaxLimit.
	Limit int
	// Offset passes over so many sessions; Cursor goes on after the page that
	// returned it. Only one of them is given.
	Offset int
	Cursor string
}

// Page returns a page of a user's live sessions. It reads the sessions of the
// user, which an index finds: in the order of createdAt those of the page, in
// any other at most store.MaxLimit, and to look for Where and live ones among
// those that are over, at most store.MaxExamined. Beyond that it returns a
// *store.LimitError.
func (m *Manager) Page(ctx context.Context, tx *store.Tx, userID string, q Query, now time.Time) (store.Page, error) {
	if q.Sort == "" {
		q.Sort = "createdAt"
	}
	return m.keep.page(ctx, tx, userID, store.Selection{
		Model: Model, Where: live(userID, q.Where, now), Sort: q.Sort, Desc: q.Desc, Limit: q.Limit, Offset: q.Offset, Cursor: q.Cursor,
	})
}

// Count returns how many live sessions of a user meet all conditions. It reads
// them, up to store.MaxExamined; beyond that it returns a *store.LimitError.
func (m *Manager) Count(ctx context.Context, tx *store.Tx, userID string, where []store.Condition, now time.Time) (int, error) {
	return m.keep.count(ctx, tx, userID, live(userID, where, now))
}

// live adds what makes a session a live one of the user. Ends are stored in
// milliseconds, so it does not matter that now loses what is below.
func live(userID string, where []store.Condition, now time.Time) []store.Condition {
	return append([]store.Condition{
		{Field: "userId", Op: store.Eq, Value: document.Text(userID)},
		{Field: "expiresAt", Op: store.Gt, Value: document.Time(now)},
	}, where...)
}
