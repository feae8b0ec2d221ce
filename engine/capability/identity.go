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

func (h *Host) identityFunctions() map[string]function {
	return map[string]function{
		"findUser":       h.reads(identity.User, h.findUser),
		"createUser":     h.writes(identity.User, h.createUser),
		"draftUser":      h.reads(identity.User, h.draftUser),
		"updateUser":     h.writes(identity.User, h.updateUser),
		"deleteUser":     h.writes(identity.User, h.deleteUser),
		"findAccount":    h.reads(identity.Account, h.findAccount),
		"listAccounts":   h.reads(identity.Account, h.listAccounts),
		"deleteAccount":  h.writes(identity.Account, h.deleteAccount),
		"verifyPassword": h.reads(identity.Account, h.verifyPassword),
		"setPassword":    h.writes(identity.Account, h.setPassword),
		"equalize":       h.equalize,
		"findLinked":     h.reads(identity.Account, h.findLinked),
		"linkAccount":    h.writes(identity.Account, h.linkAccount),
		"updateAccount":  h.writes(identity.Account, h.updateAccount),
		"accountTokens":  h.reads(pluginapi.IdentityTokens, h.accountTokens),
	}
}

// reads lets a function run if the manifest asks to read the model, or to
// write it.
func (h *Host) reads(model string, f function) function {
	return func(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
		if !asked(c, pluginapi.CapIdentity, model, readOrWrite) {
			return document.Value{}, refuse(pluginapi.StatusDenied, "the manifest does not ask to read "+model)
		}
		return f(ctx, c, args)
	}
}

func (h *Host) writes(model string, f function) function {
	return func(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
		if !asked(c, pluginapi.CapIdentity, model, onlyWrite) {
			return document.Value{}, refuse(pluginapi.StatusDenied, "the manifest does not ask to write "+model)
		}
		return f(ctx, c, args)
	}
}

func readOrWrite(c pluginapi.Capability) []string {
	return append(append([]string(nil), c.Read...), c.Write...)
}
func onlyWrite(c pluginapi.Capability) []string { return c.Write }

// lookup finds the user that the arguments id, userId or email name.
func (h *Host) lookup(ctx context.Context, c *dispatch.Call, args *document.Object) (*store.Record, error) {
	tx := c.Exchange.Tx()
	for _, name := range [...]string{"id", "userId"} {
		if id := args.Get(name).Str(); id != "" {
			return h.Identity.UserByID(ctx, tx, id)
		}
	}
	if email := args.Get("email").Str(); email != "" {
		return h.Identity.UserByEmail(ctx, tx, email)
	}
	return nil, invalid("one of the arguments id, userId or email is needed")
}

func (h *Host) findUser(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	user, err := h.lookup(ctx, c, args)
	if err != nil {
		return document.Value{}, err
	}
	return object(user.Fields), nil
}

// shown is a user as clients may see it: handlers answer with the users that
// they create, change and sign in.
func shown(c *dispatch.Call, user *store.Record) document.Value {
	return object(c.Exchange.Views().User(user))
}

func newUser(args *document.Object) (identity.NewUser, error) {
	fields := args.Get("user").Object()
	if fields.Get("email").Str() == "" {
		return identity.NewUser{}, invalid("argument user.email must be a string that is not empty")
	}
	account := args.Get("account")
	return identity.NewUser{
		Fields:     fields,
		Input:      args.Get("input").Object(),
		ProviderID: account.Get("providerId").Str(),
		AccountID:  account.Get("accountId").Str(),
		Password:   account.Get("password").Str(),
		Account:    account.Object(),
	}, nil
}

func (h *Host) draftUser(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	n, err := newUser(args)
	if err == nil && n.ProviderID == identity.CredentialProvider {
		err = h.Identity.CheckPassword(ctx, c.Exchange, n.Password)
	}
	if err != nil {
		return document.Value{}, err
	}
	user, err := h.Identity.DraftUser(n, c.Exchange.Now)
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(1).Set("user", shown(c, user))), nil
}

func (h *Host) createUser(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	n, err := newUser(args)
	if err != nil {
		return document.Value{}, err
	}
	if n.ProviderID != "" && !asked(c, pluginapi.CapIdentity, identity.Account, onlyWrite) {
		return document.Value{}, refuse(pluginapi.StatusDenied, "the manifest does not ask to write "+identity.Account)
	}
	if n.Account, err = h.sealTokens(c, n.Account); err != nil {
		return document.Value{}, err
	}
	ex := c.Exchange
	user, acc, err := h.Identity.CreateUser(ctx, ex.Tx(), ex, n, ex.Now)
	if err != nil {
		return document.Value{}, err
	}
	out := document.NewObject(2).Set("user", shown(c, user))
	if acc != nil {
		out.Set("account", object(publicAccount(acc)))
	}
	return object(out), nil
}

func (h *Host) updateUser(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	id, err := text(args, "id")
	if err != nil {
		return document.Value{}, err
	}
	ex := c.Exchange
	user, err := h.Identity.UpdateUser(ctx, ex.Tx(), ex, id, args.Get("set").Object(), args.Get("input").Object(), ex.Now)
	if errors.Is(err, identity.ErrNoFields) {
		return document.Value{}, noFields(err)
	}
	if err != nil {
		return document.Value{}, err
	}
	if cur, err := ex.Current(ctx); err == nil && cur.Valid() && cur.User.ID == id {
		ex.ReplaceCurrent(nil, user)
	}
	return shown(c, user), nil
}

// noFields is the answer to a change of nothing.
func noFields(cause error) error {
	return &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: "NO_FIELDS", Message: "No fields to update", Cause: cause}
}

func (h *Host) deleteUser(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	id, err := text(args, "id")
	if err != nil {
		return document.Value{}, err
	}
	ex := c.Exchange
	if _, err := ex.Realm.Sessions.DeleteUser(ctx, ex.Tx(), ex, id, ""); err != nil {
		return document.Value{}, err
	}
	return empty(), h.Identity.DeleteUser(ctx, ex.Tx(), ex, id)
}

// publicAccount is an account as guests see it: without secrets, but with
// hasPassword.
func publicAccount(rec *store.Record) *document.Object {
	return identity.WithoutSecrets(rec.Fields).Set("hasPassword", document.Boolean(rec.Str("password") != ""))
}

func (h *Host) account(ctx context.Context, c *dispatch.Call, args *document.Object) (*store.Record, error) {
	userID, err := text(args, "userId")
	if err != nil {
		return nil, err
	}
	provider, err := text(args, "providerId")
	if err != nil {
		return nil, err
	}
	want := args.Get("accountId").Str()
	if want == "" {
		return h.Identity.FindAccount(ctx, c.Exchange.Tx(), userID, provider)
	}
	rec, err := h.Identity.FindLinked(ctx, c.Exchange.Tx(), provider, want)
	if err == nil && rec.Str("userId") != userID {
		return nil, store.ErrNotFound
	}
	return rec, err
}

func (h *Host) findAccount(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	rec, err := h.account(ctx, c, args)
	if err != nil {
		return document.Value{}, err
	}
	return object(publicAccount(rec)), nil
}

func (h *Host) listAccounts(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	userID, err := text(args, "userId")
	if err != nil {
		return document.Value{}, err
	}
	recs, err := h.Identity.ListAccounts(ctx, c.Exchange.Tx(), userID)
	if err != nil {
		return document.Value{}, err
	}
	items := make([]document.Value, len(recs))
	for i, rec := range recs {
		items[i] = object(publicAccount(rec))
	}
	return object(document.NewObject(1).Set("accounts", document.List(items...))), nil
}

func (h *Host) deleteAccount(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	rec, err := h.account(ctx, c, args)
	if err != nil {
		return document.Value{}, err
	}
	return empty(), h.Identity.DeleteAccount(ctx, c.Exchange.Tx(), c.Exchange, rec)
}

func (h *Host) verifyPassword(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	ex := c.Exchange
	user, err := h.lookup(ctx, c, args)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return document.Value{}, err
	}
	valid, err := h.Identity.VerifyPassword(ctx, ex.Tx(), user, args.Get("password").Str(), ex.Now)
	if err != nil {
		return document.Value{}, err
	}
	out := document.NewObject(2).Set("valid", document.Boolean(valid))
	if valid {
		out.Set("user", shown(c, user))
	}
	return object(out), nil
}

func (h *Host) setPassword(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	userID, err := text(args, "userId")
	if err != nil {
		return document.Value{}, err
	}
	password, err := text(args, "password")
	if err != nil {
		return document.Value{}, err
	}
	ex := c.Exchange
	if _, err := h.Identity.UserByID(ctx, ex.Tx(), userID); err != nil {
		return document.Value{}, err
	}
	return empty(), h.Identity.SetPassword(ctx, ex.Tx(), ex, userID, password, ex.Now)
}

func (h *Host) equalize(ctx context.Context, _ *dispatch.Call, args *document.Object) (document.Value, error) {
	return empty(), h.Identity.Equalize(ctx, args.Get("password").Str())
}
