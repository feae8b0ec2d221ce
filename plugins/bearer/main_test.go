//go:build !wasip1

package main

import (
	_ "embed"
	"testing"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

func TestUseToken(t *testing.T) {
	for _, tt := range []struct{ header, used string }{
		{"Bearer abc", "abc"},
		{"bEARER  abc ", "abc"},
		{"Bearer abc.c2lnbmF0dXJl", "abc.c2lnbmF0dXJl"},
		{"Bearer abc.c2ln%3D", "abc.c2ln="},
		{"Bearer abc.c2ln%zz", "abc.c2ln%zz"},
		{"Bearer ", ""},
		{"Bearer", ""},
		{"Basic YWRhOng=", ""},
	} {
		for config, signed := range map[string]any{"": nil, `{"requireSignature":true}`: true} {
			h := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: config})
			used := ""
			h.On("session.use", func(args plugintest.Object) (sdk.Status, any) {
				used, _ = args["token"].(string)
				if args["requireSignature"] != signed {
					t.Errorf("%s: requireSignature is %v", config, args["requireSignature"])
				}
				return sdk.OK, nil
			})
			r := fireBefore(h, tt.header)
			if used != tt.used || r.Result != sdk.ResultContinue {
				t.Errorf("%q: used %q, want %q", tt.header, used, tt.used)
			}
		}
	}
}

func fireBefore(h *plugintest.Host, header string) plugintest.Response {
	return h.Fire(plugintest.Event{
		Name:    pluginapi.EventRequestBefore,
		Request: plugintest.Request{Headers: map[string]string{"Authorization": header}},
	})
}

func TestRefusedToken(t *testing.T) {
	for status, want := range map[sdk.Status]sdk.Result{sdk.Invalid: sdk.ResultContinue, sdk.Internal: sdk.ResultFailed} {
		h := plugintest.New(t, plugintest.Config{Manifest: manifest})
		h.On("session.use", func(plugintest.Object) (sdk.Status, any) { return status, nil })
		if r := fireBefore(h, "Bearer a.b"); r.Result != want {
			t.Errorf("status %d: got result %d, want %d", status, r.Result, want)
		}
	}
}

func TestShowToken(t *testing.T) {
	for _, token := range []string{"", "abc.c2ln="} {
		h := plugintest.New(t, plugintest.Config{Manifest: manifest})
		r := h.Fire(plugintest.Event{Name: pluginapi.EventRequestAfter, Answer: plugintest.Answer{SessionToken: token}})
		if _, exposed := r.Headers["access-control-expose-headers"]; r.Headers["set-auth-token"] != token || exposed != (token != "") {
			t.Errorf("session token %q: headers %v", token, r.Headers)
		}
	}
}
