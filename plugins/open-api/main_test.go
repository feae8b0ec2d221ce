//go:build !wasip1

package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/authhost/authhost/sdk"
	"github.com/authhost/authhost/sdk/plugintest"
)

//go:embed manifest.json
var manifest []byte

func TestSchema(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest, AppName: "Acme"})
	r := h.GET("/open-api/generate-schema")
	if r.Status != 200 || r.Text("openapi") != "3.1.1" || r.Text("info.title") != "Acme" {
		t.Errorf("got %s", r)
	}
}

// hostile is a document whose texts want to be markup.
func hostile() plugintest.Function {
	return func(plugintest.Object) (sdk.Status, any) {
		const bad = `<img src=x onerror="alert(1)">'&`
		type object = plugintest.Object
		op := object{
			"summary": bad, "description": bad, "tags": []any{bad},
			"parameters":  []any{object{"name": bad, "in": "query", "required": true, "description": bad}},
			"requestBody": object{"content": object{"application/json": object{"schema": object{"type": "object", "description": `a "quoted\" {[,:` + bad, "required": []any{}}}}},
			"responses":   object{"200": object{"description": bad, "content": object{"application/json": object{"schema": object{"const": bad}}}}},
		}
		return sdk.OK, object{
			"info": object{"title": bad, "description": bad}, "servers": []any{object{"url": bad}},
			"paths":      object{"/.well-known/" + bad: object{"post": op}, "/ok": object{"get": object{"tags": []any{"Server"}, "responses": object{}}}},
			"components": object{"schemas": object{bad: object{}}},
		}
	}
}

func TestPage(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest, AppName: "Acme"})
	h.On("openapi.describe", hostile())
	r := h.GET("/reference")
	page, _ := r.Body.(string)
	if r.Status != 200 || r.Headers["content-type"] != "text/html" {
		t.Fatalf("%d %v", r.Status, r.Headers)
	}
	for _, never := range []string{"<img", "<script", "onerror=\"", "<link", "src=\"http"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s:\n%s", never, page)
		}
	}
	for _, want := range []string{"<b>POST</b> <code>/.well-known/&lt;img", "<b>GET</b> <code>/ok</code>", "<h2>Server</h2>", ", query, required</dt>", "&#34;required&#34;: []"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
	if policy := r.Headers["content-security-policy"]; !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("policy %q", policy)
	}
	sum := sha256.Sum256([]byte(style))
	if hash := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(r.Headers["content-security-policy"], hash) {
		t.Errorf("the manifest lacks the hash of style, %s", hash)
	}
}

func TestDisabled(t *testing.T) {
	h := plugintest.New(t, plugintest.Config{Manifest: manifest, Config: `{"disableDefaultReference": true}`})
	if r := h.GET("/reference"); r.Status != 404 {
		t.Errorf("%d", r.Status)
	}
	h = plugintest.New(t, plugintest.Config{Manifest: manifest, Config: `{"path": "/docs"}`})
	if r := h.GET("/docs"); r.Status != 200 {
		t.Errorf("%d", r.Status)
	}
}

func TestIndent(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: `{}`, `[]`: `[]`, `{"a\"":"\"{"}`: "{\n  \"a\\\"\": \"\\\"{\"\n}",
		`{"a":[1,{"b":"x,:y"}],"c":{}}`: "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x,:y\"\n    }\n  ],\n  \"c\": {}\n}",
	} {
		if got := indent(sdk.JSON(text), "\n"); got != want {
			t.Errorf("%s:\n%s", text, got)
		}
	}
}
