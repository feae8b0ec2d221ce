package capability

import (
	"context"
	"errors"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// tokenFields are the fields of an account that only plugins with "tokens"
// write and read. Those that give access are sealed where they are stored.
var tokenFields = []struct {
	name   string
	sealed bool
}{
	{"accessToken", true}, {"refreshToken", true}, {"idToken", false},
}

// sealTokens returns the fields of an account as they are to be stored.
func (h *Functions) sealTokens(c *dispatch.Call, account *document.Object) (*document.Object, error) {
	out := account.Clone()
	for _, f := range tokenFields {
		token := account.Get(f.name).Str()
		if token == "" {
			continue
		}
		if err := mayWrite(c, pluginapi.IdentityTokens); err != nil {
			return nil, err
		}
		if !f.sealed || h.PlainTokens {
			continue
		}
		sealed, err := h.Secrets.Seal([]byte(token))
		if err != nil {
			return nil, err
		}
		out.Set(f.name, document.Text(sealed))
	}
	return out, nil
}

// openToken returns a stored token, sealed or not: which one it is depends on
// how the tenant was configured when it was stored.
func (h *Functions) openToken(stored string) string {
	plain, err := h.Secrets.Open(stored)
	if errors.Is(err, secret.ErrSealed) {
		return stored
	}
	return string(plain)
}

// linked returns the account with an id at a provider, and its user.
func (h *Functions) linked(ctx context.Context, c *dispatch.Call, provider, id string) (account, user *store.Record, err error) {
	tx := c.Exchange.Tx()
	if account, err = h.Identity.FindLinked(ctx, tx, provider, id); err != nil {
		return nil, nil, err
	}
	user, err = h.Identity.UserByID(ctx, tx, account.Str("userId"))
	return account, user, err
}

func (h *Functions) identityFindLinked(ctx context.Context, c *dispatch.Call, a identityFindLinkedArgs) (document.Value, error) {
	account, user, err := h.linked(ctx, c, a.ProviderID, a.AccountID)
	if err != nil {
		return document.Value{}, err
	}
	return object(document.NewObject(2).Set("account", object(publicAccount(account))).Set("user", object(user.Fields))), nil
}

// identityLinkAccount adds an account at a provider to a user. Hooks on
// identity.linking may refuse.
func (h *Functions) identityLinkAccount(ctx context.Context, c *dispatch.Call, a identityLinkAccountArgs) (document.Value, error) {
	provider, id := a.Account.ProviderID, a.Account.AccountID
	if provider == identity.CredentialProvider {
		return document.Value{}, invalid("a password is set with setPassword")
	}
	ex := c.Exchange
	user, err := h.Identity.UserByID(ctx, ex.Tx(), a.UserID)
	if err != nil {
		return document.Value{}, err
	}
	event := document.NewObject(6).Set("userId", document.Text(a.UserID)).Set("providerId", document.Text(provider)).Set("accountId", document.Text(id)).
		Set("userEmail", user.Get("email")).Set("implicit", document.Boolean(a.Implicit))
	for name, v := range a.Profile.All() {
		if !event.Has(name) {
			event.Set(name, v.Clone())
		}
	}
	if err := ex.Verdict(ctx, pluginapi.EventIdentityLinking, event, nil); err != nil {
		return document.Value{}, err
	}
	fields, err := h.sealTokens(c, a.Account.Fields)
	if err != nil {
		return document.Value{}, err
	}
	account, err := h.Identity.CreateAccount(ctx, ex.Work(), identity.NewAccount{UserID: a.UserID, ProviderID: provider, AccountID: id, Fields: fields})
	if err != nil {
		return document.Value{}, err
	}
	return object(publicAccount(account)), nil
}

// identityUpdateAccount changes tokens and other fields of an account that a
// provider vouches for.
func (h *Functions) identityUpdateAccount(ctx context.Context, c *dispatch.Call, a identityUpdateAccountArgs) (document.Value, error) {
	account, _, err := h.linked(ctx, c, a.ProviderID, a.AccountID)
	if err != nil {
		return document.Value{}, err
	}
	set, err := h.sealTokens(c, a.Set)
	if err != nil {
		return document.Value{}, err
	}
	account, err = h.Identity.UpdateAccount(ctx, c.Exchange.Work(), account, set)
	if err != nil {
		return document.Value{}, err
	}
	return object(publicAccount(account)), nil
}

// identityAccountTokens gives the tokens of an account, opened or as they are
// stored.
func (h *Functions) identityAccountTokens(ctx context.Context, c *dispatch.Call, a identityAccountTokensArgs) (document.Value, error) {
	account, _, err := h.linked(ctx, c, a.ProviderID, a.AccountID)
	if err != nil {
		return document.Value{}, err
	}
	out := document.NewObject(len(tokenFields))
	for _, f := range tokenFields {
		token := account.Str(f.name)
		if token == "" {
			continue
		}
		if f.sealed && !a.Stored {
			token = h.openToken(token)
		}
		out.Set(f.name, document.Text(token))
	}
	return object(out), nil
}
