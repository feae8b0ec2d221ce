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
		return c.Exchange.body().json()
	}
	return nil
}

// body returns the request's body. changeRequest makes it be encoded anew.
func (ex *Exchange) body() *encoded {
	if now := ex.Request.Body; ex.bodyText.value.Object() != now.Object() {
		ex.bodyText = encoded{value: now}
	}
	return &ex.bodyText
}
