package dispatch

import "github.com/authhost/authhost/engine/document"

// encoded is an object that does not change, with its JSON text once somebody
// has asked for that.
type encoded struct {
	value document.Value
	text  []byte
}

// json returns the text; nil if there is no object.
func (e *encoded) json() []byte {
	if e.text == nil && e.value.Kind() == document.ObjectKind {
		e.text = e.value.JSON()
	}
	return e.text
}

// whole returns the JSON text of a part of the document that guests read as a
// whole, and that does not change between their calls; nil for every other
// path, and where there is nothing.
func (c *Call) whole(path string) []byte {
	switch path {
	case "config":
		return c.Entry.Plugin.config.json()
	case "tenant":
		return c.Exchange.tenant().json()
	case "session":
		view, err := c.session()
		if err != nil {
			return nil // read meets it, too
		}
		return view.json()
	case "request.body":
		c.trace.reads("request")
		if !c.own() && !c.Entry.Plugin.May.Has(bodySecrets) {
			return nil // not all of it is seen
		}
		if !c.loaded() {
			return nil
		}
		return c.Exchange.body().json()
	}
	return nil
}

// LoadBody makes sure that the request's body is there. A unit of work that is
// dropped drops it, too, and the next one has it again.
func (ex *Exchange) LoadBody() error {
	if ex.Request.Load == nil {
		return ex.loadFault
	}
	body, err := ex.Request.Load()
	ex.Request.Load, ex.loadFault = nil, err
	if ex.ownRequest {
		body.Value = body.Value.Clone()
	}
	ex.Request.Body, ex.Request.RawBody = body.Value, body.Raw
	return err
}

// loaded makes sure of the body for a handler. Where it cannot be had the
// request fails, whatever the handler makes of that.
func (c *Call) loaded() bool {
	err := c.Exchange.LoadBody()
	if err != nil {
		c.refusal = err
		c.Exchange.FailUnit(err)
	}
	return err == nil
}

// body returns the request's body. changeRequest makes it be encoded anew.
func (ex *Exchange) body() *encoded {
	if now := ex.Request.Body; ex.bodyText.value.Object() != now.Object() {
		ex.bodyText = encoded{value: now}
	}
	return &ex.bodyText
}
