package hosttest

import "github.com/authhost/authhost/pluginapi"

// documentCases are about the document, by a name of their own.
var documentCases = table{
	"arguments in the document": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			g.set("args.length", pluginapi.KindNumber, "3", pluginapi.StatusOK)
			g.set("scratch.letters", pluginapi.KindString, "xx", pluginapi.StatusOK)
			g.set("args.alphabet", pluginapi.KindPath, "scratch.letters", pluginapi.StatusOK)
			if out := g.do("random.string", nil); out.text("value") != "xxx" {
				t.Errorf("got %s", text(out))
			}
			if kind, _ := g.Get("args"); kind != pluginapi.KindAbsent {
				t.Error("the call has left its arguments")
			}
			if _, value := g.Get("result.value"); string(value) != "xxx" {
				t.Errorf("result.value is %q", value)
			}
		})
	},
	"what an answer is": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			g.set("response.headers.content-type", pluginapi.KindString, "text/html", pluginapi.StatusDenied)
			g.set("response.headers.content-type", pluginapi.KindString, "application/javascript", pluginapi.StatusDenied)
			g.set("response.headers.content-type", pluginapi.KindString, "application/scim+json", pluginapi.StatusOK)
		})
	},
	"arguments that could not be written": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			refused := func(message string) {
				t.Helper()
				status, out := g.call("random.string", nil)
				if status != pluginapi.StatusInvalid || out.text("message") != message {
					t.Errorf("got %s %s, want %q", status, text(out), message)
				}
			}
			length := func() { g.set("args.length", pluginapi.KindNumber, "3", pluginapi.StatusOK) }
			length()
			g.set("args.length.x", pluginapi.KindString, "y", pluginapi.StatusInvalid)
			g.set("args.alphabet", pluginapi.KindJSON, "{", pluginapi.StatusInvalid)
			g.do("random.uuid", object{})
			refused("args.length.x could not be written (invalid)")
			length()
			g.do("random.string", nil)

			g.set("args", pluginapi.KindString, "y", pluginapi.StatusInvalid)
			length()
			refused("args could not be written (invalid)")

			g.set("args.length", pluginapi.KindJSON, "{", pluginapi.StatusInvalid)
			g.set("args", pluginapi.KindJSON, `{"length":3}`, pluginapi.StatusOK)
			g.do("random.string", nil)
		})
	},
}
