package httpapi

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/identity"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// reference points to a schema of the document.
func reference(name string) document.Value {
	return document.Obj(document.NewObject(1).Set("$ref", document.Text("#/components/schemas/"+name)))
}

func jsonContent(schema document.Value) document.Value {
	return document.Obj(document.NewObject(1).Set(mediaJSON, document.Obj(document.NewObject(1).Set("schema", schema))))
}

// responses are what the operation says, the errors that the manifest names for
// the handler, and what the host answers before the handler runs. Errors have
// one form.
func responses(e *endpoint) document.Value {
	out := document.NewObject(8)
	for status, v := range e.operation.Get("responses").Object().All() {
		r := v.Object().Clone()
		if n, err := strconv.Atoi(status); err == nil && n >= http.StatusBadRequest && !r.Has("content") {
			r.Set("content", jsonContent(reference("Error")))
		}
		out.Set(status, document.Obj(r))
	}
	if out.Len() == 0 || !e.response.IsAbsent() {
		out.Set("200", e.answer(out.Get("200").Object()))
	}
	refused := e.refusals()
	for _, status := range slices.Sorted(maps.Keys(refused)) {
		code := strconv.Itoa(status)
		if !out.Has(code) {
			out.Set(code, document.Obj(document.NewObject(2).
				Set("description", document.Text(strings.Join(refused[status], "; "))).Set("content", jsonContent(reference("Error")))))
		}
	}
	return document.Obj(out)
}

// answer describes an answer with status 200, beyond what the operation says of
// it.
func (e *endpoint) answer(said *document.Object) document.Value {
	r := document.NewObject(2).Set("description", document.Text("The answer"))
	for name, v := range said.All() {
		r.Set(name, v)
	}
	if !r.Has("content") && !e.response.IsAbsent() {
		r.Set("content", jsonContent(e.response))
	}
	return document.Obj(r)
}

// refusals lists by status what an endpoint refuses with, and why.
func (e *endpoint) refusals() map[int][]string {
	out := map[int][]string{}
	add := func(status int, why string) { out[status] = append(out[status], why) }
	for _, refused := range e.errors {
		add(refused.Status, cmp.Or(strings.TrimPrefix(*refused.Code+": "+refused.Message, ": "), http.StatusText(refused.Status)))
	}
	if e.body != nil || e.query != nil {
		add(http.StatusBadRequest, "VALIDATION_ERROR: body or query is not as described")
	}
	if e.session == pluginapi.SessionRequired || e.session == pluginapi.SessionFresh {
		add(http.StatusUnauthorized, "UNAUTHORIZED: there is no session")
	}
	switch {
	case e.session == pluginapi.SessionFresh:
		add(http.StatusForbidden, "SESSION_NOT_FRESH: the session began too long ago; or the request comes from an origin that is not trusted")
	case e.Method != http.MethodGet:
		add(http.StatusForbidden, "INVALID_ORIGIN, MISSING_OR_NULL_ORIGIN: the request comes from an origin that is not trusted")
	}
	add(http.StatusTooManyRequests, "Too many requests. The header X-Retry-After says how many seconds to wait.")
	return out
}

// schemas are those that manifests may refer to: ABI.md lists them.
func (a *API) schemas() document.Value {
	object := func(properties *document.Object, required ...string) document.Value {
		o := document.NewObject(3).Set("type", document.Text("object")).Set("properties", document.Obj(properties))
		if len(required) > 0 {
			var list []document.Value
			for _, name := range required {
				list = append(list, document.Text(name))
			}
			o.Set("required", document.List(list...))
		}
		return document.Obj(o)
	}
	var hidden identity.Views
	if a.Views != nil {
		hidden = *a.Views
	}
	both := document.NewObject(2).Set("session", reference("Session")).Set("user", reference("User"))
	failure := document.NewObject(2).Set("message", typed("string")).Set("code", typed("string"))
	jwk := document.NewObject(3).Set("kty", typed("string")).Set("kid", typed("string")).Set("alg", typed("string"))
	list := document.NewObject(2).Set("type", document.Text("array")).Set("items", object(jwk, "kty", "kid", "alg"))
	account := a.model(identity.Account, append([]string{"password", "accessToken", "refreshToken", "idToken", "accessTokenExpiresAt", "refreshTokenExpiresAt", "scope"}, hidden.HiddenAccount...))
	scopes := document.NewObject(2).Set("type", document.Text("array")).Set("items", typed("string"))
	account.Get("properties").Object().Set("scopes", document.Obj(scopes))
	sess := a.model(session.Model, slices.Concat(identity.HiddenSession(), hidden.HiddenSession))
	sess.Get("properties").Object().Set("virtual", typed("boolean"))
	return document.Obj(document.NewObject(8).
		Set("User", declared(a.model(identity.User, hidden.HiddenUser), a.UserFields)).
		Set("Session", declared(sess, a.SessionFields)).
		Set("Account", account).
		Set("SessionAndUser", object(both, "session", "user")).
		Set("Status", object(document.NewObject(1).Set("status", typed("boolean")), "status")).
		Set("JWKS", object(document.NewObject(1).Set("keys", document.Obj(list)), "keys")).
		Set("Error", object(failure, "message")))
}

// model is the schema of a model's records as clients see them.
func (a *API) model(name string, hidden []string) document.Value {
	properties := document.NewObject(12).Set("id", typed("string"))
	required := []document.Value{document.Text("id")}
	schema := identity.CoreSchema()
	if a.Realm.Store != nil {
		schema = a.Realm.Store.Catalog().Schema()
	}
	for _, f := range schema.Model(name).Fields {
		if slices.Contains(hidden, f.Name) {
			continue
		}
		properties.Set(f.Name, fieldSchema(f))
		if f.Required {
			required = append(required, document.Text(f.Name))
		}
	}
	return document.Obj(document.NewObject(3).Set("type", document.Text("object")).Set("properties", document.Obj(properties)).Set("required", document.List(required...)))
}

func fieldSchema(f store.Field) document.Value {
	o := document.NewObject(2)
	kind := string(f.Type)
	switch f.Type {
	case store.JSON:
		return document.Obj(o) // anything
	case store.Date:
		kind = "string"
		o.Set("format", document.Text("date-time"))
	}
	if f.Required {
		return document.Obj(o.Set("type", document.Text(kind)))
	}
	return document.Obj(o.Set("type", document.List(document.Text(kind), document.Text("null"))))
}
