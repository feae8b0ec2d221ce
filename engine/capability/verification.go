package capability

import (
	"context"

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
func verification(rec *store.Record, identifier string, err error) (document.Value, error) {
	if err != nil {
		return document.Value{}, err
	}
	return object(rec.Fields.Clone().Set("identifier", document.Text(identifier))), nil
}

func (h *Host) verificationCreate(ctx context.Context, c *dispatch.Call, a verificationCreateArgs) (document.Value, error) {
	ex := c.Exchange
	rec, err := h.Identity.CreateVerification(ctx, ex.Tx(), ex, own(c, a.Identifier), a.Value, life(a.ExpiresIn), ex.Now)
	return verification(rec, a.Identifier, err)
}

func (h *Host) verificationFind(ctx context.Context, c *dispatch.Call, a verificationFindArgs) (document.Value, error) {
	rec, err := h.Identity.FindVerification(ctx, c.Exchange.Tx(), own(c, a.Identifier), c.Exchange.Now)
	return verification(rec, a.Identifier, err)
}

func (h *Host) verificationConsume(ctx context.Context, c *dispatch.Call, a verificationConsumeArgs) (document.Value, error) {
	rec, err := h.Identity.ConsumeVerification(ctx, c.Exchange.Tx(), own(c, a.Identifier), c.Exchange.Now)
	return verification(rec, a.Identifier, err)
}

func (h *Host) verificationDelete(ctx context.Context, c *dispatch.Call, a verificationDeleteArgs) (document.Value, error) {
	return empty(), h.Identity.DeleteVerification(ctx, c.Exchange.Tx(), own(c, a.Identifier))
}
