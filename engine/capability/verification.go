package capability

import (
	"context"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
)

func (h *Host) verificationFunctions() map[string]function {
	return map[string]function{
		"create":  h.createVerification,
		"find":    h.findVerification,
		"consume": h.consumeVerification,
		"delete":  h.deleteVerification,
	}
}

func (h *Host) createVerification(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	identifier, err := text(args, "identifier")
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
	return object(rec.Fields), nil
}

func (h *Host) findVerification(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	identifier, err := text(args, "identifier")
	if err != nil {
		return document.Value{}, err
	}
	rec, err := h.Identity.FindVerification(ctx, c.Exchange.Tx(), identifier, c.Exchange.Now)
	if err != nil {
		return document.Value{}, err
	}
	return object(rec.Fields), nil
}

func (h *Host) consumeVerification(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	identifier, err := text(args, "identifier")
	if err != nil {
		return document.Value{}, err
	}
	rec, err := h.Identity.ConsumeVerification(ctx, c.Exchange.Tx(), identifier, c.Exchange.Now)
	if err != nil {
		return document.Value{}, err
	}
	return object(rec.Fields), nil
}

func (h *Host) deleteVerification(ctx context.Context, c *dispatch.Call, args *document.Object) (document.Value, error) {
	identifier, err := text(args, "identifier")
	if err != nil {
		return document.Value{}, err
	}
	return empty(), h.Identity.DeleteVerification(ctx, c.Exchange.Tx(), identifier)
}
