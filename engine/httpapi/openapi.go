package httpapi

import (
	_ "embed" // openapi.json
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/session"
	"github.com/authhost/authhost/pluginapi"
)

// engineOperations describes the engine's own endpoints, by method and path, in
// the words of manifests.
//
//go:embed openapi.json
var engineOperations []byte

// openAPIVersion is that of the documents that are made here.
const openAPIVersion = "3.1.1"

// Names of security schemes in documents.
const (
	schemeCookie = "sessionCookie"
	schemeBearer = "bearerAuth"
	schemeServer = "serviceKey"
)

// OpenAPI describes what the tenant serves (OpenAPI 3.1): the engine's
// endpoints and those of its plugins, with what manifests say of them and what
// the engine itself does with every request. The document is made once and
// must not be changed.
func (a *API) OpenAPI() document.Value { return a.openAPI() }

// describe makes the document.
func (a *API) describe() document.Value {
	d := describing{API: a, paths: document.NewObject(len(a.described)), ids: map[string]bool{}}
	own, err := document.Parse(engineOperations, 0)
	if err != nil {
		own = document.Value{} // a test reads it
	}
	for _, e := range a.described {
		if e.Plugin == "" {
			e.operation = own.Get(e.Method + " " + e.Path)
		}
		d.add(e)
	}
	origin := a.Realm.BaseURL
	tags := make([]document.Value, len(d.tags))
	for i, name := range d.tags {
		tags[i] = document.Obj(document.NewObject(1).Set("name", document.Text(name)))
	}
	info := document.NewObject(3).Set("title", document.Text(a.Realm.AppName+" authentication")).
		Set("description", document.Text("Sign-up, sign-in and sessions of "+a.Realm.AppName+". Clients of Better Auth call this for you.")).Set("version", document.Text("1"))
	return document.Obj(document.NewObject(6).
		Set("openapi", document.Text(openAPIVersion)).
		Set("info", document.Obj(info)).
		Set("servers", document.List(server(origin+a.Realm.BasePath))).
		Set("tags", document.List(tags...)).
		Set("paths", document.Obj(d.paths)).
		Set("components", document.Obj(document.NewObject(2).Set("schemas", a.schemas()).Set("securitySchemes", a.securitySchemes()))))
}

func server(url string) document.Value {
	return document.Obj(document.NewObject(1).Set("url", document.Text(url)))
}

// describing is a document in the making.
type describing struct {
	*API
	paths *document.Object
	tags  []string
	ids   map[string]bool
}

func (d *describing) add(e *endpoint) {
	if slices.Contains(d.DisabledPaths, e.Path) {
		return
	}
	path := muxPath(e.Path) // "{name}" here as there
	item := d.paths.Get(path).Object()
	if item == nil {
		item = document.NewObject(2)
		if e.root {
			item.Set("servers", document.List(server(d.Realm.BaseURL)))
		}
		d.paths.Set(path, document.Obj(item))
	}
	op := document.NewObject(8)
	for name, v := range e.operation.Object().All() {
		op.Set(name, v)
	}
	op.Delete(pluginapi.OpenAPIFields)
	op.Set("operationId", document.Text(d.operationID(e)))
	if op.Get("tags").IsAbsent() {
		op.Set("tags", document.List(document.Text(e.tag)))
	}
	for _, tag := range op.Get("tags").Items() {
		if !slices.Contains(d.tags, tag.Str()) {
			d.tags = append(d.tags, tag.Str())
		}
	}
	op.Set("parameters", parameters(e))
	op.Set("requestBody", d.requestBody(e))
	op.Set("security", d.security(e))
	op.Set("responses", responses(e))
	item.Set(strings.ToLower(e.Method), document.Obj(op))
}

// operationID names an operation: as its manifest does, or after its path.
func (d *describing) operationID(e *endpoint) string {
	id := e.operation.Get("operationId").Str()
	if id == "" {
		var b strings.Builder
		upper := false
		for _, c := range e.Path {
			switch {
			case !unicode.IsLetter(c) && !unicode.IsDigit(c):
				upper = b.Len() > 0
			case upper:
				b.WriteRune(unicode.ToUpper(c))
				upper = false
			default:
				b.WriteRune(c)
			}
		}
		id = b.String()
	}
	for _, suffix := range [...]string{"", strings.ToLower(e.Method), "root"} {
		if suffix != "" {
			id += strings.ToUpper(suffix[:1]) + suffix[1:]
		}
		if !d.ids[id] {
			break
		}
	}
	d.ids[id] = true
	return id
}

// parameters lists those of the path and of the query, after what the
// operation says itself.
func parameters(e *endpoint) document.Value {
	list := slices.Clone(e.operation.Get("parameters").Items())
	add := func(name, in string, required bool, schema document.Value, description string) {
		for _, have := range list {
			if have.Get("name").Str() == name && have.Get("in").Str() == in {
				return
			}
		}
		p := document.NewObject(5).Set("name", document.Text(name)).Set("in", document.Text(in)).Set("schema", schema)
		if required {
			p.Set("required", document.Boolean(true))
		}
		if description != "" {
			p.Set("description", document.Text(description))
		}
		list = append(list, document.Obj(p))
	}
	for segment := range strings.SplitSeq(e.Path, "/") {
		if name, ok := strings.CutPrefix(segment, ":"); ok {
			add(name, "path", true, typed("string"), "")
		}
	}
	if e.query != nil {
		for _, p := range e.query.Properties {
			add(p.Name, "query", slices.Contains(e.query.Required, p.Name), schemaOf(p.Schema), p.Schema.Description)
		}
	}
	if len(list) == 0 {
		return document.Value{}
	}
	return document.List(list...)
}

func typed(name string) document.Value {
	return document.Obj(document.NewObject(1).Set("type", document.Text(name)))
}

// schemaOf writes a schema of the ABI as JSON Schema: it is a part of it.
func schemaOf(s *pluginapi.Schema) document.Value {
	text, err := json.Marshal(s)
	if err != nil {
		return document.Obj(document.NewObject(0)) // of its own types only
	}
	v, _ := document.Parse(text, 0)
	return v
}

func (d *describing) requestBody(e *endpoint) document.Value {
	if e.Method == http.MethodGet || e.body == nil {
		return e.operation.Get("requestBody")
	}
	content := document.NewObject(len(e.mediaTypes))
	fields, required := d.inputFields(e.operation)
	for _, media := range e.mediaTypes {
		schema := withFields(schemaOf(e.body), fields, required)
		content.Set(media, document.Obj(document.NewObject(1).Set("schema", schema)))
	}
	needed := len(e.body.Required) > 0 || len(required) > 0
	for _, part := range e.body.AllOf {
		needed = needed || len(part.Required) > 0
	}
	needed = needed && !e.bodyless
	return document.Obj(document.NewObject(2).Set("required", document.Boolean(needed)).Set("content", document.Obj(content)))
}

// security says how a session is proven, where an endpoint asks for one.
func (d *describing) security(e *endpoint) document.Value {
	var list []document.Value
	if e.Server {
		return document.List(document.Obj(document.NewObject(1).Set(schemeServer, document.List())))
	}
	if e.session == "" {
		return document.List()
	}
	if e.session == pluginapi.SessionOptional {
		list = append(list, document.Obj(document.NewObject(0)))
	}
	for name := range d.securitySchemes().Object().All() {
		if name == schemeServer {
			continue
		}
		list = append(list, document.Obj(document.NewObject(1).Set(name, document.List())))
	}
	return document.List(list...)
}

// securitySchemes are the session's cookie, and bearer tokens if a plugin reads
// the header.
func (a *API) securitySchemes() document.Value {
	cookie := session.CookieToken
	if a.Realm.Sessions != nil {
		cookie = a.Realm.Sessions.Cookies().Name(session.CookieToken)
	}
	out := document.NewObject(2).Set(schemeCookie, document.Obj(document.NewObject(4).
		Set("type", document.Text("apiKey")).Set("in", document.Text("cookie")).Set("name", document.Text(cookie)).
		Set("description", document.Text("The cookie that every sign-in sets."))))
	for _, p := range a.Plugins.Plugins() {
		for _, h := range p.Manifest.Handlers {
			if h.Event == pluginapi.EventRequestBefore && h.Match != nil && slices.Contains(h.Match.Headers, "authorization") {
				out.Set(schemeBearer, document.Obj(document.NewObject(3).Set("type", document.Text("http")).Set("scheme", document.Text("bearer")).
					Set("description", document.Text("A session's token in the Authorization header."))))
			}
		}
	}
	if slices.ContainsFunc(a.described, func(e *endpoint) bool { return e.Server }) {
		out.Set(schemeServer, document.Obj(document.NewObject(3).Set("type", document.Text("http")).Set("scheme", document.Text("bearer")).
			Set("description", document.Text("A service key of the tenant in the Authorization header; to everybody else the endpoint is not there."))))
	}
	return document.Obj(out)
}
