package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

type run = func(ctx context.Context, ex *dispatch.Exchange) error

// endpoints lists everything that the tenant serves: the engine's own first,
// the most used of them at the top, because routes are tried in order.
func (a *API) endpoints() ([]*endpoint, error) {
	get := func(path string, run run) *endpoint {
		return &endpoint{Route: Route{Method: http.MethodGet, Path: path}, run: run}
	}
	post := func(path, session string, run run) *endpoint {
		return &endpoint{Route: Route{Method: http.MethodPost, Path: path}, session: session, run: run, mediaTypes: []string{mediaJSON}}
	}
	list := get("/list-sessions", a.listSessions)
	list.session = pluginapi.SessionFresh
	revoke := post("/revoke-session", pluginapi.SessionRequired, a.revokeSession)
	revoke.body = &pluginapi.Schema{Type: "object", Required: []string{"token"}, Properties: pluginapi.Properties{{Name: "token", Schema: &pluginapi.Schema{Type: "string"}}}}
	all := []*endpoint{
		get("/get-session", a.getSession),
		post("/get-session", "", a.getSession),
		get("/ok", ok),
		get("/error", newErrorPages(a.Config).serve),
		post("/sign-out", "", a.signOut),
		list,
		revoke,
		post("/revoke-sessions", pluginapi.SessionRequired, a.revokeSessions),
		post("/revoke-other-sessions", pluginapi.SessionRequired, a.revokeOtherSessions),
	}
	engine := map[string]bool{}
	for _, e := range all {
		engine[e.Path] = true
	}
	for _, entry := range a.Plugins.Endpoints() {
		e, err := pluginEndpoint(entry)
		if err != nil {
			return nil, err
		}
		if !e.root && engine[e.Path] {
			return nil, fmt.Errorf("plugin %q claims %s %s, which is the engine's own", e.Plugin, e.Method, e.Path)
		}
		if e.root && (e.Path == a.Realm.BasePath || strings.HasPrefix(e.Path, a.Realm.BasePath+"/")) {
			return nil, fmt.Errorf("plugin %q claims %s %s, which is below the base path", e.Plugin, e.Method, e.Path)
		}
		all = append(all, e)
	}
	return all, nil
}

func pluginEndpoint(entry dispatch.Entry) (*endpoint, error) {
	h := entry.Handler
	e := &endpoint{
		Route: Route{Method: h.Method, Path: h.Path, Plugin: entry.Plugin.ID, Server: h.Access == pluginapi.AccessServer},
		owner: entry.Plugin, root: h.Root, bodyless: h.BodyOptional, mediaTypes: h.MediaTypes, session: h.Session, formCSRF: h.CSRF == "form", crossSite: h.CSRF == "none",
		tag: cmp.Or(entry.Plugin.Manifest.Name, entry.Plugin.ID),
		run: func(ctx context.Context, ex *dispatch.Exchange) error { return ex.RunEndpoint(ctx, entry) },
	}
	for _, name := range h.Errors {
		if refused, ok := entry.Plugin.Manifest.Error(name); ok {
			e.errors = append(e.errors, refused)
		}
	}
	for _, part := range [...]struct {
		name string
		raw  json.RawMessage
		into *document.Value
	}{{"response", h.Response, &e.response}, {"openapi", h.OpenAPI, &e.operation}} {
		if len(part.raw) == 0 {
			continue
		}
		value, err := document.Parse(part.raw, 0)
		if err != nil {
			return nil, fmt.Errorf("plugin %q, %s %s: %s: %w", entry.Plugin.ID, h.Method, h.Path, part.name, err)
		}
		*part.into = value
	}
	if len(e.mediaTypes) == 0 {
		e.mediaTypes = []string{mediaJSON}
	}
	for _, part := range [...]struct {
		raw  json.RawMessage
		into **pluginapi.Schema
	}{{h.Body, &e.body}, {h.Query, &e.query}} {
		if len(part.raw) == 0 {
			continue
		}
		schema, err := pluginapi.ParseSchema(part.raw)
		if err != nil {
			return nil, fmt.Errorf("plugin %q, %s %s: %w", entry.Plugin.ID, h.Method, h.Path, err)
		}
		*part.into = schema
	}
	for _, name := range slices.Sorted(maps.Keys(h.RequiredUnless)) {
		if !entry.Plugin.Allows(h.RequiredUnless[name]) {
			e.body.Required = append(e.body.Required, name)
		}
	}
	return e, nil
}

func ok(_ context.Context, ex *dispatch.Exchange) error {
	ex.Response.Body = document.Obj(document.NewObject(1).Set("ok", document.Boolean(true)))
	return nil
}
