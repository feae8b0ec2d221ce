package capability

import (
	"context"
	"time"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/store"
)

// own puts an identifier into the plugin's own namespace: what one plugin
// keeps, no other can find, plant or use up.
func own(c *dispatch.Call, identifier string) string {
	return identity.PluginIdentifier(c.Entry.Plugin.ID, identifier)
}

// verification is a result under the identifier that the guest gave.
func verification(fields *document.Object, identifier string) document.Value {
	return object(fields.Set("identifier", document.Text(identifier)))
}

func (h *Functions) verificationCreate(ctx context.Context, c *dispatch.Call, a verificationCreateArgs) (document.Value, error) {
	return h.keep(ctx, c, a.Identifier, identity.NewVerification{Value: a.Value, Life: life(a.ExpiresIn)})
}

// verificationCreateFor binds what it keeps to a user as the user is.
func (h *Functions) verificationCreateFor(ctx context.Context, c *dispatch.Call, a verificationCreateForArgs) (document.Value, error) {
	proof, err := h.proofs().Make(ctx, c.Exchange.Tx(), a.UserID, a.WhenVerified, c.Exchange.Now)
	if err != nil {
		return document.Value{}, err
	}
	return h.keep(ctx, c, a.Identifier, identity.NewVerification{Value: a.Value, Life: life(a.ExpiresIn), Proof: proof})
}

func (h *Functions) keep(ctx context.Context, c *dispatch.Call, identifier string, n identity.NewVerification) (document.Value, error) {
	n.Identifier = own(c, identifier)
	rec, err := h.Identity.CreateVerification(ctx, c.Exchange.Work(), n)
	if err != nil {
		return document.Value{}, err
	}
	_, fields := identity.ProofOf(rec)
	return verification(fields, identifier), nil
}

func (h *Functions) verificationFind(ctx context.Context, c *dispatch.Call, a verificationFindArgs) (document.Value, error) {
	return h.kept(ctx, c, a.Identifier, h.Identity.FindVerification, h.proofs().Check)
}

func (h *Functions) verificationConsume(ctx context.Context, c *dispatch.Call, a verificationConsumeArgs) (document.Value, error) {
	return h.kept(ctx, c, a.Identifier, h.Identity.ConsumeVerification, h.proofs().Use)
}

// kept reads a verification whose proof, if it is bound to one, holds.
func (h *Functions) kept(
	ctx context.Context, c *dispatch.Call, identifier string,
	read func(context.Context, *store.Tx, string, time.Time) (*store.Record, error),
	holds func(context.Context, *store.Tx, string, time.Time) (string, error),
) (document.Value, error) {
	ex := c.Exchange
	rec, err := read(ctx, ex.Tx(), own(c, identifier), ex.Now)
	if err != nil {
		return document.Value{}, err
	}
	proof, fields := identity.ProofOf(rec)
	if proof != "" {
		userID, err := holds(ctx, ex.Tx(), proof, ex.Now)
		if err == nil && userID == "" {
			err = store.ErrNotFound
		}
		if err != nil {
			return document.Value{}, err
		}
	}
	return verification(fields, identifier), nil
}

// proofs make and check what is bound to a user.
func (h *Functions) proofs() identity.Proofs {
	return identity.Proofs{Users: h.Identity, Secrets: h.Secrets}
}

func (h *Functions) verificationDelete(ctx context.Context, c *dispatch.Call, a verificationDeleteArgs) (document.Value, error) {
	return empty(), h.Identity.DeleteVerification(ctx, c.Exchange.Tx(), own(c, a.Identifier))
}
