package capability

import (
	"context"
	"errors"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

func (h *Functions) identityFindUser(ctx context.Context, c *dispatch.Call, a identityFindUserArgs) (document.Value, error) {
	find := func() (*store.Record, error) { return h.lookup(ctx, c, a.ID, a.Email) }
	if a.Field != "" {
		find = func() (*store.Record, error) {
			return h.Identity.UserByField(ctx, c.Exchange.Tx(), a.Field, a.Value)
		}
	}
	user, err := find()
	if err != nil {
		return document.Value{}, err
	}
	return whole(user), nil
}

// lookup finds a user by id or, if that is "", by address.
func (h *Functions) lookup(ctx context.Context, c *dispatch.Call, id, email string) (*store.Record, error) {
	if id != "" {
		return h.Identity.UserByID(ctx, c.Exchange.Tx(), id)
	}
	return h.Identity.UserByEmail(ctx, c.Exchange.Tx(), email)
}

// shown is a user as clients may see it: handlers answer with the users that
// they create, change and sign in.
func shown(c *dispatch.Call, user *store.Record) document.Value {
	return c.Exchange.Views().User(user).Value()
}

func newUser(user *argNewUser, input *document.Object, account *argNewAccount) identity.NewUser {
	n := identity.NewUser{Fields: user.Fields, Input: input}
	if account != nil {
		n.ProviderID, n.AccountID, n.Password, n.Account = account.ProviderID, account.AccountID, account.Password, account.Fields
	}
	return n
}

func (h *Functions) identityDraftUser(ctx context.Context, c *dispatch.Call, a identityDraftUserArgs) (document.Value, error) {
	n := newUser(a.User, a.Input, a.Account)
	if n.ProviderID == identity.CredentialProvider {
		if err := h.Identity.CheckPassword(ctx, c.Exchange, n.Password); err != nil {
			return document.Value{}, err
		}
	}
	user, err := h.Identity.DraftUser(n, c.Exchange.Now)
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(1).Set("user", shown(c, user))), nil
}

func (h *Functions) identityCreateUser(ctx context.Context, c *dispatch.Call, a identityCreateUserArgs) (document.Value, error) {
	n := newUser(a.User, a.Input, a.Account)
	err := error(nil)
	if a.Account != nil {
		if err = mayWrite(c, identity.Account); err == nil {
			n.Account, err = h.sealTokens(c, n.Account)
		}
	}
	if err != nil {
		return document.Value{}, err
	}
	ex := c.Exchange
	user, acc, err := h.Identity.CreateUser(ctx, ex.Work(), n)
	if err != nil {
		return document.Value{}, err
	}
	out := document.NewObject(2).Set("user", shown(c, user))
	if acc != nil {
		out.Set("account", object(publicAccount(acc)))
	}
	return object(out), nil
}

func (h *Functions) identityUpdateUser(ctx context.Context, c *dispatch.Call, a identityUpdateUserArgs) (document.Value, error) {
	ex := c.Exchange
	user, err := h.Identity.UpdateUser(ctx, ex.Work(), a.ID, a.Set, a.Input)
	if errors.Is(err, identity.ErrNoFields) {
		return document.Value{}, noFields(err)
	}
	if err != nil {
		return document.Value{}, err
	}
	if cur, err := ex.Session.Current(ctx); err == nil && cur.Valid() && cur.User.ID == a.ID {
		ex.Session.ReplaceCurrent(nil, user)
	}
	return shown(c, user), nil
}

// noFields is the answer to a change of nothing.
func noFields(cause error) error {
	return &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: pluginapi.NoFields, Message: "No fields to update", Cause: cause}
}

func (h *Functions) identityDeleteUser(ctx context.Context, c *dispatch.Call, a identityDeleteUserArgs) (document.Value, error) {
	ex := c.Exchange
	if _, err := ex.Realm.Sessions.DeleteUser(ctx, ex.Work(), a.ID, ""); err != nil {
		return document.Value{}, err
	}
	return empty(), h.Identity.DeleteUser(ctx, ex.Work(), a.ID)
}

// publicAccount is an account as guests see it: without secrets, but with
// hasPassword.
func publicAccount(rec *store.Record) *document.Object {
	return identity.WithoutSecrets(rec.Fields).Set("hasPassword", document.Boolean(rec.Str("password") != ""))
}

func (h *Functions) identityFindAccount(ctx context.Context, c *dispatch.Call, a identityFindAccountArgs) (document.Value, error) {
	rec, err := h.Identity.FindAccount(ctx, c.Exchange.Tx(), a.UserID, a.ProviderID)
	if err != nil {
		return document.Value{}, err
	}
	return object(publicAccount(rec)), nil
}

func (h *Functions) identityListAccounts(ctx context.Context, c *dispatch.Call, a identityListAccountsArgs) (document.Value, error) {
	recs, err := h.Identity.ListAccounts(ctx, c.Exchange.Tx(), a.UserID)
	if err != nil {
		return document.Value{}, err
	}
	items := make([]document.Value, len(recs))
	for i, rec := range recs {
		account := publicAccount(rec)
		for name := range rec.Fields.All() {
			if !c.Entry.Plugin.Fields.Sees(identity.Account, name) {
				account.Delete(name)
			}
		}
		items[i] = object(account)
	}
	return object(document.NewObject(1).Set("accounts", document.List(items...))), nil
}

func (h *Functions) identityDeleteAccount(ctx context.Context, c *dispatch.Call, a identityDeleteAccountArgs) (document.Value, error) {
	tx := c.Exchange.Tx()
	find := func() (*store.Record, error) { return h.Identity.FindAccount(ctx, tx, a.UserID, a.ProviderID) }
	if a.AccountID != "" {
		find = func() (*store.Record, error) { return h.Identity.FindLinked(ctx, tx, a.ProviderID, a.AccountID) }
	}
	rec, err := find()
	if err == nil && rec.Str("userId") != a.UserID {
		err = store.ErrNotFound
	}
	if err != nil {
		return document.Value{}, err
	}
	return empty(), h.Identity.DeleteAccount(ctx, store.Work{Tx: tx, Hooks: c.Exchange}, rec)
}

func (h *Functions) identityVerifyPassword(ctx context.Context, c *dispatch.Call, a identityVerifyPasswordArgs) (document.Value, error) {
	ex := c.Exchange
	user, err := h.lookup(ctx, c, a.UserID, a.Email)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return document.Value{}, err
	}
	valid, err := h.Identity.VerifyPassword(ctx, ex.Tx(), user, a.Password, ex.Now)
	if err != nil {
		return document.Value{}, err
	}
	out := document.NewObject(2).Set("valid", document.Boolean(valid))
	if valid {
		out.Set("user", shown(c, user))
	}
	return object(out), nil
}

func (h *Functions) identitySetPassword(ctx context.Context, c *dispatch.Call, a identitySetPasswordArgs) (document.Value, error) {
	ex := c.Exchange
	if _, err := h.Identity.UserByID(ctx, ex.Tx(), a.UserID); err != nil {
		return document.Value{}, err
	}
	return empty(), h.Identity.SetPassword(ctx, ex.Work(), a.UserID, a.Password)
}

func (h *Functions) identityEqualize(ctx context.Context, _ *dispatch.Call, a identityEqualizeArgs) (document.Value, error) {
	return empty(), h.Identity.Equalize(ctx, a.Password)
}
