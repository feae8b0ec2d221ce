package capability

import (
	"context"
	"slices"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// function is a host call as Functions.Call makes it: arguments are read, then what
// the manifest asks for is checked, then a method does the work. request is
// what the manifest says of the capability. The exchange's unit of work is open
// meanwhile.
type function func(ctx context.Context, h *Functions, c *dispatch.Call, request *pluginapi.Capability, args *document.Object) (document.Value, error)

// method does the work of a function whose arguments are A.
type method[A any] func(h *Functions, ctx context.Context, c *dispatch.Call, a A) (document.Value, error)

// decoder reads the arguments A.
type decoder[A any] func(*document.Object) (A, error)

// bind makes a function that needs no model.
func bind[A any](decode decoder[A], do method[A]) function {
	return func(ctx context.Context, h *Functions, c *dispatch.Call, _ *pluginapi.Capability, args *document.Object) (document.Value, error) {
		a, err := decode(args)
		if err != nil {
			return document.Value{}, err
		}
		return do(h, ctx, c, a)
	}
}

// bindModel makes a function that reads or writes a model: one of the engine's,
// or that which the arguments name.
func bindModel[A any](access pluginapi.Access, model func(A) string, decode decoder[A], do method[A]) function {
	return func(ctx context.Context, h *Functions, c *dispatch.Call, request *pluginapi.Capability, args *document.Object) (document.Value, error) {
		a, err := decode(args)
		if err == nil {
			err = mayUse(request, access, model(a))
		}
		if err != nil {
			return document.Value{}, err
		}
		return do(h, ctx, c, a)
	}
}

// mayUse checks that the manifest asks for a model. What may be written may be
// read. The engine's models have capabilities of their own, which keep their
// rules.
func mayUse(request *pluginapi.Capability, access pluginapi.Access, model string) error {
	switch {
	case request.Name == pluginapi.CapStorage && pluginapi.CoreModel(model):
		return refuse(pluginapi.StatusDenied, "the model "+model+" is the engine's")
	case slices.Contains(request.Write, model), access == pluginapi.AccessRead && slices.Contains(request.Read, model):
		return nil
	}
	return refuse(pluginapi.StatusDenied, "the manifest does not ask to "+string(access)+" "+model)
}

// mayWrite checks that the manifest asks to write a model of the engine, where
// that depends on the arguments.
func mayWrite(c *dispatch.Call, model string) error {
	request, _ := c.Entry.Plugin.Capability(pluginapi.CapIdentity)
	return mayUse(&request, pluginapi.AccessWrite, model)
}
