package hosttest

import (
	"slices"
	"time"

	"github.com/authhost/authhost/pluginapi"
)

func note(fields object) object { return with(fields, "model", "note") }

// insert stores a note.
func (g *guest) insert(fields object) result {
	g.t.Helper()
	return g.do("storage.insert", object{"model": "note", "record": fields})
}

// storageCases are those of the capability storage.
var storageCases = table{
	"storage.insert": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			a, b := g.insert(object{"name": "a", "count": 1.5}), g.insert(object{})
			if a.text("name") != "a" || a.at("count") == nil || a.number("version") != 1 || a.text("id") == "" || a.text("id") == b.text("id") {
				t.Errorf("got %s and %s", text(a), text(b))
			}
			g.insert(object{}) // no name is not the same name
			g.refused("storage.insert", object{"model": "note", "record": object{"name": "a"}}, pluginapi.StatusConflict, "")
			for _, bad := range []object{{"unheardOf": 1}, {"name": 1}, {"count": "1"}, {"group": object{}}} {
				g.refused("storage.insert", object{"model": "note", "record": bad}, pluginapi.StatusInvalid, "")
			}
			for _, model := range []string{"unlisted", "user", "nothing"} {
				g.refused("storage.insert", object{"model": model, "record": object{}}, pluginapi.StatusDenied, "")
			}
		})
	},
	"storage.get": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			id := g.insert(object{"name": "a"}).text("id")
			if out := g.do("storage.get", note(object{"id": id})); out.text("id") != id || out.text("name") != "a" || out.number("version") != 1 {
				t.Errorf("got %s", text(out))
			}
			g.refused("storage.get", note(object{"id": "nothing"}), pluginapi.StatusNotFound, "")
			g.refused("storage.get", object{"model": "unlisted", "id": id}, pluginapi.StatusDenied, "")
		})
	},
	"storage.find": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			a := g.insert(object{"name": "a", "group": "g"}).text("id")
			b := g.insert(object{"name": "b", "group": "g"}).text("id")
			if out := g.do("storage.find", note(object{"index": "name", "value": "b"})); out.text("id") != b {
				t.Errorf("got %s", text(out))
			}
			if out := g.do("storage.find", note(object{"index": "group", "value": []any{"g"}})); out.text("id") != min(a, b) {
				t.Errorf("the first of several: got %s", text(out))
			}
			g.refused("storage.find", note(object{"index": "name", "value": "c"}), pluginapi.StatusNotFound, "")
			g.refused("storage.find", note(object{"index": "count", "value": 1}), pluginapi.StatusInvalid, "")
			g.refused("storage.find", note(object{"index": "name", "value": []any{"a", "b"}}), pluginapi.StatusInvalid, "")
		})
	},
	"storage.list": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			for _, name := range []string{"c", "a", "d", "b", "e"} {
				g.insert(object{"name": name, "group": "g"})
			}
			names := func(args object) (list []string, cursor string) {
				t.Helper()
				out := g.do("storage.list", note(args))
				records, _ := out.at("records").([]any)
				for _, r := range records {
					list = append(list, result(r.(object)).text("name"))
				}
				return list, out.text("cursor")
			}
			if got, cursor := names(object{"index": "name"}); !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) || cursor != "" {
				t.Errorf("by name: got %v and the cursor %q", got, cursor)
			}
			var pages []string
			args := object{"index": "name", "limit": 2}
			for {
				page, cursor := names(args)
				pages = append(append(pages, page...), "|")
				if cursor == "" {
					break
				}
				args = with(args, "cursor", cursor)
			}
			if !slices.Equal(pages, []string{"a", "b", "|", "c", "d", "|", "e", "|"}) {
				t.Errorf("in pages: got %v", pages)
			}
			if got, _ := names(object{}); len(got) != 5 {
				t.Errorf("by id: got %v", got)
			}
			if got, _ := names(object{"index": "group", "value": "other"}); len(got) != 0 {
				t.Errorf("of another group: got %v", got)
			}
			g.refused("storage.list", note(object{"cursor": "!"}), pluginapi.StatusInvalid, "")
			g.refused("storage.list", note(object{"index": "nothing"}), pluginapi.StatusInvalid, "")
		})
	},
	"storage.update": func(t *tester) {
		var id string
		t.serve(Request{}, func(g *guest) {
			id = g.insert(object{"name": "a", "group": "g"}).text("id")
			g.insert(object{"name": "b"})
			if out := g.do("storage.update", note(object{"id": id, "set": object{"count": 1}, "version": 1})); out.number("version") != 1 {
				t.Errorf("in the unit of work that made it: got %s", text(out))
			}
		})
		t.serve(Request{}, func(g *guest) {
			out := g.do("storage.update", note(object{"id": id, "set": object{"name": "c", "id": "other"}, "version": 1}))
			if out.text("id") != id || out.text("name") != "c" || out.text("group") != "g" || out.number("version") != 2 {
				t.Errorf("got %s", text(out))
			}
			if out := g.do("storage.update", note(object{"id": id, "set": object{"name": nil}})); out.at("name") != nil || out.number("version") != 2 {
				t.Errorf("without a name: got %s", text(out))
			}
			g.refused("storage.update", note(object{"id": id, "set": object{"name": "d"}, "version": 1}), pluginapi.StatusConflict, "")
			g.refused("storage.update", note(object{"id": id, "set": object{"name": "b"}}), pluginapi.StatusConflict, "")
			g.refused("storage.update", note(object{"id": id, "set": object{"unheardOf": 1}}), pluginapi.StatusInvalid, "")
			g.refused("storage.update", note(object{"id": "nothing", "set": object{}}), pluginapi.StatusNotFound, "")
		})
	},
	"storage.delete": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			id := g.insert(object{"name": "a"}).text("id")
			g.do("storage.delete", note(object{"id": id}))
			g.refused("storage.get", note(object{"id": id}), pluginapi.StatusNotFound, "")
			g.refused("storage.delete", note(object{"id": id}), pluginapi.StatusNotFound, "")
			g.insert(object{"name": "a"})
		})
	},
	"storage.consume": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			id := g.insert(object{"name": "a"}).text("id")
			if out := g.do("storage.consume", note(object{"index": "name", "value": "a"})); out.text("id") != id {
				t.Errorf("got %s", text(out))
			}
			g.refused("storage.consume", note(object{"index": "name", "value": "a"}), pluginapi.StatusNotFound, "")
		})
	},
	"storage.increment": func(t *tester) {
		var id string
		t.serve(Request{}, func(g *guest) { id = g.insert(object{"name": "a"}).text("id") })
		add := func(g *guest, args object) int64 {
			return g.do("storage.increment", with(with(note(args), "id", id), "field", "count")).number("value")
		}
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{"": func(g *guest) pluginapi.Result {
			if n := add(g, object{}); n != 1 {
				t.Errorf("from nothing: got %d", n)
			}
			return pluginapi.Deny // which keeps it
		}})
		t.serve(Request{}, func(g *guest) {
			if n := add(g, object{"by": -3}); n != -2 {
				t.Errorf("got %d", n)
			}
			if out := g.do("storage.get", note(object{"id": id})); out.number("count") != -2 {
				t.Errorf("got %s", text(out))
			}
			g.refused("storage.increment", note(object{"id": id, "field": "name"}), pluginapi.StatusInvalid, "")
			g.refused("storage.increment", note(object{"id": "nothing", "field": "count"}), pluginapi.StatusNotFound, "")
			fresh := g.insert(object{"name": "b"}).text("id") // which is not stored yet
			g.refused("storage.increment", note(object{"id": fresh, "field": "count"}), pluginapi.StatusNotFound, "")
		})
	},
}

// verificationCases are those of the capability verification.
var verificationCases = table{
	"verification.create": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			out := g.do("verification.create", object{"identifier": "a:1", "value": "", "expiresIn": 60})
			if out.text("identifier") != "a:1" || out.text("value") != "" {
				t.Errorf("got %s", text(out))
			}
			g.do("verification.create", object{"identifier": "a:1", "value": "new", "expiresIn": 60})
			if out := g.do("verification.find", object{"identifier": "a:1"}); out.text("value") != "new" {
				t.Errorf("got %s", text(out))
			}
		})
	},
	"verification.createFor": func(t *tester) {
		t.proofs(keptProof)
		t.serve(Request{}, func(g *guest) {
			id := g.addUser()
			g.refused("verification.createFor", object{"identifier": "a", "value": "", "userId": id, "expiresIn": pluginapi.MaxProofSeconds + 1}, pluginapi.StatusInvalid, "")
			g.do("verification.createFor", object{"identifier": "a", "value": "", "userId": id, "expiresIn": 60})
			g.do("verification.createFor", object{"identifier": "nobody", "value": "", "userId": "nobody", "expiresIn": 60})
			g.refused("verification.find", object{"identifier": "nobody"}, pluginapi.StatusNotFound, "")
		})
		t.Advance(time.Minute)
		t.serve(Request{}, func(g *guest) {
			g.refused("verification.find", object{"identifier": "a"}, pluginapi.StatusNotFound, "")
		})
	},
	"verification.find": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			g.do("verification.create", object{"identifier": "a", "value": "v", "expiresIn": 60})
			for range 2 {
				if out := g.do("verification.find", object{"identifier": "a"}); out.text("value") != "v" || out.text("identifier") != "a" {
					t.Errorf("got %s", text(out))
				}
			}
			g.refused("verification.find", object{"identifier": "b"}, pluginapi.StatusNotFound, "")
		})
		t.Advance(time.Minute)
		t.serve(Request{}, func(g *guest) {
			g.refused("verification.find", object{"identifier": "a"}, pluginapi.StatusNotFound, "")
			g.refused("verification.consume", object{"identifier": "a"}, pluginapi.StatusNotFound, "")
		})
	},
	"verification.consume": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			g.do("verification.create", object{"identifier": "a", "value": "v", "expiresIn": 60})
			if out := g.do("verification.consume", object{"identifier": "a"}); out.text("value") != "v" {
				t.Errorf("got %s", text(out))
			}
			g.refused("verification.consume", object{"identifier": "a"}, pluginapi.StatusNotFound, "")
		})
	},
	"verification.delete": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			g.do("verification.create", object{"identifier": "a", "value": "v", "expiresIn": 60})
			for range 2 {
				g.do("verification.delete", object{"identifier": "a"})
			}
			g.refused("verification.find", object{"identifier": "a"}, pluginapi.StatusNotFound, "")
		})
	},
}
