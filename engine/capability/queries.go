package capability

import (
	"context"
	"fmt"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// conditions reads the argument where.
func conditions(where []*argCondition) []store.Condition {
	out := make([]store.Condition, len(where))
	for i, c := range where {
		out[i] = store.Condition{Field: c.Field, Op: store.Operator(c.Operator), Value: c.Value}
		if c.Operator == "" {
			out[i].Op = store.Eq
		}
	}
	return out
}

// listed is the result of a function that gives records, and what continues
// it. one makes what is shown of a record.
func listed(name string, records []*store.Record, cursor string, one func(*store.Record) document.Value) document.Value {
	items := make([]document.Value, len(records))
	for i, rec := range records {
		items[i] = one(rec)
	}
	out := document.NewObject(2).Set(name, document.List(items...))
	if cursor != "" {
		out.Set("cursor", document.Text(cursor))
	}
	return object(out)
}

func counted(n int, err error) (document.Value, error) {
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(1).Set("count", document.Int(int64(n)))), nil
}

// whole is a record as findUser gives it.
func whole(rec *store.Record) document.Value { return object(rec.Fields) }

func (h *Functions) identityListUsers(ctx context.Context, c *dispatch.Call, a identityListUsersArgs) (document.Value, error) {
	page, err := h.Identity.SearchUsers(ctx, c.Exchange.Tx(), identity.UserQuery{
		Where: conditions(a.Where), Sort: a.Sort, Desc: a.Desc, Limit: int(a.Limit), Offset: int(a.Offset), Cursor: a.Cursor,
	})
	if err != nil {
		return document.Value{}, err
	}
	return listed("users", page.Records, page.Cursor, whole), nil
}

func (h *Functions) identityCountUsers(ctx context.Context, c *dispatch.Call, a identityCountUsersArgs) (document.Value, error) {
	return counted(h.Identity.CountUsers(ctx, c.Exchange.Tx(), conditions(a.Where), int(a.AtMost)))
}

func (h *Functions) identityGetUsers(ctx context.Context, c *dispatch.Call, a identityGetUsersArgs) (document.Value, error) {
	if err := atMostPage("ids", len(a.IDs)); err != nil {
		return document.Value{}, err
	}
	users, err := h.Identity.UsersByID(ctx, c.Exchange.Tx(), a.IDs)
	if err != nil {
		return document.Value{}, err
	}
	return listed("users", users, "", whole), nil
}

// atMostPage refuses an array with too many values.
func atMostPage(name string, n int) error {
	if n > pluginapi.MaxPage {
		return invalid(fmt.Sprintf("argument %s has %d values; the limit is %d", name, n, pluginapi.MaxPage))
	}
	return nil
}

func (h *Functions) sessionList(ctx context.Context, c *dispatch.Call, a sessionListArgs) (document.Value, error) {
	ex := c.Exchange
	page, err := ex.Realm.Sessions.Page(ctx, ex.Tx(), a.UserID, session.Query{
		Where: conditions(a.Where), Sort: a.Sort, Desc: a.Desc, Limit: int(a.Limit), Offset: int(a.Offset), Cursor: a.Cursor,
	}, ex.Now)
	if err != nil {
		return document.Value{}, err
	}
	return listed("sessions", page.Records, page.Cursor, func(rec *store.Record) document.Value { return ex.Views().Session(rec).Value() }), nil
}

func (h *Functions) sessionCount(ctx context.Context, c *dispatch.Call, a sessionCountArgs) (document.Value, error) {
	ex := c.Exchange
	return counted(ex.Realm.Sessions.Count(ctx, ex.Tx(), a.UserID, conditions(a.Where), ex.Now))
}
