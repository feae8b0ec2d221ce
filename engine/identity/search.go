package identity

import (
	"context"
	"fmt"
	"slices"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

// UserQuery asks for users by what they are: fields of theirs, those that
// plugins and the configuration declare among them. An address in Where is
// compared in the form in which addresses are stored, whatever its case.
//
// Conditions on email, name, createdAt and other indexed fields, and the order
// of these, cost what they find; Contains and EndsWith on email and name read
// that index, up to store.MaxEntries users; anything else reads users, up to
// store.MaxExamined. Beyond that the answer is a *store.LimitError.
type UserQuery struct {
	Where []store.Condition
	// Sort is the field that orders the users, and their ids where it is the
	// same; "" is createdAt, oldest first.
	Sort string
	// Desc turns the order around.
	Desc bool
	// Limit is the page size; 0 means store.DefaultLimit, at most
	// store.MaxLimit.
	Limit int
	// Offset passes over so many users, up to store.MaxOffset; Cursor goes on
	// after the page that returned it. Only one of them is given.
	Offset int
	Cursor string
}

// SearchUsers returns a page of users.
func (s *Service) SearchUsers(ctx context.Context, tx *store.Tx, q UserQuery) (store.Page, error) {
	if q.Sort == "" {
		q.Sort = "createdAt"
	}
	return tx.Select(ctx, store.Selection{
		Model: User, Where: normalized(q.Where), Sort: q.Sort, Desc: q.Desc, Limit: q.Limit, Offset: q.Offset, Cursor: q.Cursor,
	})
}

// CountUsers returns how many users meet all conditions, up to atMost; 0 means
// no such bound. Users are counted as SearchUsers finds them, with the same
// limits.
func (s *Service) CountUsers(ctx context.Context, tx *store.Tx, where []store.Condition, atMost int) (int, error) {
	return tx.CountWhere(ctx, User, normalized(where), atMost)
}

// UsersByID returns the users with some ids, up to store.MaxLimit: those that
// there are, in the order of ids.
func (s *Service) UsersByID(ctx context.Context, tx *store.Tx, ids []string) ([]*store.Record, error) {
	return tx.GetMany(ctx, User, ids)
}

// UserByField finds a user by a field that tells users apart: the id, or one
// that is declared unique. It is an *store.InvalidError for another field.
func (s *Service) UserByField(ctx context.Context, tx *store.Tx, field string, value document.Value) (*store.Record, error) {
	if unique := tx.UniqueFields(User); !slices.Contains(unique, field) {
		return nil, &store.InvalidError{Model: User, Field: field, Reason: fmt.Sprintf("not a field that tells users apart; those are %q", unique)}
	}
	if value.IsNullish() {
		return nil, &store.InvalidError{Model: User, Field: field, Reason: "users without it are not told apart by it"}
	}
	where := normalized([]store.Condition{{Field: field, Op: store.Eq, Value: value}})
	page, err := tx.Select(ctx, store.Selection{Model: User, Where: where, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(page.Records) == 0 {
		return nil, store.ErrNotFound
	}
	return page.Records[0], nil
}

// normalized brings the addresses in conditions into the form in which they
// are stored.
func normalized(where []store.Condition) []store.Condition {
	out := slices.Clone(where)
	for i := range out {
		if out[i].Field == "email" {
			out[i].Value = normalizedValue(out[i].Value)
		}
	}
	return out
}

func normalizedValue(v document.Value) document.Value {
	switch v.Kind() {
	case document.String:
		return document.Text(NormalizeEmail(v.Str()))
	case document.Array:
		items := slices.Clone(v.Items())
		for i := range items {
			items[i] = normalizedValue(items[i])
		}
		return document.List(items...)
	default:
		return v
	}
}
