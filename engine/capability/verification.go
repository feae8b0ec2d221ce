package capability

import (
	"context"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/store"
)

func (h *Host) verificationFunctions() map[string]function {
	return map[string]function{
		"create":  h.createVerification,
		"find":    h.findVerification,
		"consume": h.consumeVerification,
		"delete":  h.deleteVerification,
	}
}

// ownIdentifier returns the argument of that name within the plugin's own
// namespace: what one plugin keeps, no other can find, plant or use up.
func ownIdentifier(c *dispatch.Call, args *document.Object) (string, error) {
	identifier, err := text(args, "identifier")
	return identity.PluginIdentifier(c.Entry.Plugin.ID, identifier), err
}

// asAsked returns a verification under the identifier that the guest gave.
func asAsked(rec *store.Record, args *document.Object) document.Value {
	return object(rec.Fields.Clone().Set("identifier", args.Get("identifier")))
}

func (h *Host) createVerification(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	identifier, err := ownIdentifier(c, args)
	if err != nil {
		return document.Value{}, err
	}
	life, err := seconds(args, "expiresIn")
	if err != nil {
		return document.Value{}, err
	}
	ex := c.Exchange
	rec, err := h.Identity.CreateVerification(ctx, ex.Tx(), ex, identifier, args.Get("value").Str(), life, ex.Now)
	if err != nil {
		return document.Value{}, err
	}
	return asAsked(rec, args), nil
}

func (h *Host) findVerification(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	identifier, err := ownIdentifier(c, args)
	if err != nil {
		return document.Value{}, err
	}
	rec, err := h.Identity.FindVerification(ctx, c.Exchange.Tx(), identifier, c.Exchange.Now)
	if err != nil {
		return document.Value{}, err
	}
	return asAsked(rec, args), nil
}

func (h *Host) consumeVerification(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	identifier, err := ownIdentifier(c, args)
	if err != nil {
		return document.Value{}, err
	}
	rec, err := h.Identity.ConsumeVerification(ctx, c.Exchange.Tx(), identifier, c.Exchange.Now)
	if err != nil {
		return document.Value{}, err
	}
	return asAsked(rec, args), nil
}

func (h *Host) deleteVerification(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	identifier, err := ownIdentifier(c, args)
	if err != nil {
		return document.Value{}, err
	}
	return empty(), h.Identity.DeleteVerification(ctx, c.Exchange.Tx(), identifier)
}
