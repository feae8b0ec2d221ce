package capability

import (
	"slices"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// placed is a secret and its place in a request.
type placed struct{ place, value string }

// requestSecrets gives what a request has secrets for: settings that it names, and texts
// that the plugin has had sealed. They are named beside the request and not
// within it, so that nothing which a plugin passes on can name one.
func (h *Functions) requestSecrets(c *dispatch.Call, a httpRequestArgs) ([]placed, error) {
	list := make([]placed, 0, a.Secrets.Len()+len(a.SealedSecrets))
	for place, path := range a.Secrets.All() {
		value, err := secretSetting(c.Entry.Plugin, path.Str())
		if err != nil {
			return nil, err
		}
		list = append(list, placed{place, value})
	}
	for _, s := range a.SealedSecrets {
		value, err := h.unsealed(c, s.Purpose, s.Sealed)
		if err != nil {
			return nil, err
		}
		list = append(list, placed{s.Place, value})
	}
	return list, nil
}

// fill puts secrets into the arguments of a request.
func (a *httpRequestArgs) fill(secrets []placed) error {
	if len(secrets) == 0 {
		return nil
	}
	places := document.NewObject(4).Set("headers", object(a.Headers.Clone())).Set("json", a.JSON.Clone())
	if a.Form != nil {
		places.Set("form", object(a.Form.Clone()))
	}
	if a.Auth != nil {
		places.Set("auth", object(a.Auth.Fields.Clone()))
	}
	for _, s := range secrets {
		if !putSecret(places, s.place, s.value) {
			return invalid(s.place + " is no place for a secret")
		}
	}
	a.Headers, a.JSON, a.Form = places.Get("headers").Object(), places.Get("json"), places.Get("form").Object()
	auth := places.Get("auth").Object()
	if auth == nil {
		return nil
	}
	var err error
	a.Auth, err = decodeArgHTTPAuth(auth)
	return err
}

// putSecret puts a text at a path of an object; what it runs through is made.
// The first name must be one of a request's places.
func putSecret(places *document.Object, path, value string) bool {
	segments, err := pluginapi.ParsePath(path)
	if err != nil || len(segments) < 2 || !slices.Contains([]string{"headers", "form", "json", "auth"}, segments[0]) {
		return false
	}
	into := places
	for _, name := range segments[:len(segments)-1] {
		next := into.Get(name).Object()
		if next == nil {
			next = document.NewObject(2)
			into.Set(name, object(next))
		}
		into = next
	}
	into.Set(segments[len(segments)-1], document.Text(value))
	return true
}

// secretSetting returns a text of the plugin's settings, secret or not.
func secretSetting(p *dispatch.Plugin, path string) (string, error) {
	segments, err := pluginapi.ParsePath(path)
	v := p.Setting(segments)
	if err != nil || v.Kind() != document.String {
		return "", invalid("there is no text at config." + path)
	}
	return v.Str(), nil
}
