package realmtest

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// checked performs host calls and compares their results with the contract.
type checked struct {
	t    testing.TB
	host dispatch.Capabilities
}

// Call implements dispatch.Capabilities.
func (h checked) Call(ctx context.Context, c *dispatch.Call, capability, function string, args *document.Object) (document.Value, error) {
	v, err := h.host.Call(ctx, c, capability, function, args)
	f, ok := pluginapi.FindFunction(capability, function)
	if err != nil || !ok {
		return v, err
	}
	dec := json.NewDecoder(bytes.NewReader(v.JSON()))
	dec.UseNumber()
	var result any
	if err := dec.Decode(&result); err != nil {
		h.t.Errorf("the result of %s: %v", f.FullName(), err)
	} else if err := f.CheckResult(result); err != nil {
		h.t.Errorf("the result of %s is not as the contract says: %v", f.FullName(), err)
	}
	return v, nil
}
