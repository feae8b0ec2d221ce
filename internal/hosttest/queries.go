package hosttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// where is one condition as an argument.
func where(field, operator string, value any) []any {
	return []any{object{"field": field, "operator": operator, "value": value}}
}

// list returns a field of each record of a list in a result.
func (r result) list(name, field string) string {
	var out []string
	records, _ := r.at(name).([]any)
	for _, rec := range records {
		o, _ := rec.(object)
		out = append(out, fmt.Sprint(o[field]))
	}
	return strings.Join(out, " ")
}

// pages makes a call page by page and returns a field of all its records.
func (g *guest) pages(function string, args object, name, field string) string {
	g.t.Helper()
	var out []string
	for range 20 {
		page := g.do(function, args)
		out = append(out, page.list(name, field))
		if page.text("cursor") == "" {
			return strings.Join(out, " ")
		}
		args = with(args, "cursor", page.text("cursor"))
	}
	g.t.Errorf("%s does not end", function)
	return ""
}

// people creates users, and returns their ids by name.
func people(g *guest) map[string]string {
	ids := map[string]string{}
	for _, p := range [][3]string{{"Zoe", "ZOE@example.com", "z"}, {"ada", "ada@example.com", "a"}, {"Bob", "bob@example.org", ""}, {"Ada B", "ada.b@example.org", "A"}} {
		user := object{"name": p[0], "email": p[1], "nickname": p[2]}
		if p[2] == "" {
			delete(user, "nickname")
		}
		created := g.do("identity.createUser", object{"user": user})
		ids[p[0]] = created.text("user.id")
	}
	return ids
}

// userConditions are conditions on people, with the names whom they find.
var userConditions = []struct {
	where []any
	names string
}{
	{nil, "ada,Ada B,Bob,Zoe"},
	{where("email", "eq", "ZOE@EXAMPLE.COM"), "Zoe"},
	{[]any{object{"field": "email", "value": "ada@example.com"}}, "ada"},
	{where("email", "ends_with", ".ORG"), "Ada B,Bob"},
	{where("email", "in", []any{"Bob@example.org", "nobody@example.com", "zoe@example.com"}), "Bob,Zoe"},
	{where("name", "starts_with", "ADA"), "ada,Ada B"},
	{where("name", "contains", "b"), "Ada B,Bob"},
	{where("name", "eq", "Ada"), ""},
	{where("name", "gt", "ADA B"), "Bob,Zoe"},
	{where("name", "lte", "ADA B"), "ada,Ada B"},
	{where("nickname", "eq", nil), "Bob"},
	{where("nickname", "ne", nil), "ada,Ada B,Zoe"},
	{where("nickname", "ne", "z"), "ada,Ada B"},
	{where("nickname", "not_in", []any{"a", "A"}), "Zoe"},
	{where("nickname", "in", []any{}), ""},
	{where("nickname", "contains", "a"), "ada,Ada B"},
	{where("emailVerified", "eq", false), "ada,Ada B,Bob,Zoe"},
	{where("emailVerified", "eq", true), ""},
	{append(where("name", "contains", "a"), where("email", "contains", "ORG")...), "Ada B"},
	{where("id", "eq", "nobody"), ""},
}

// badConditions are conditions that the contract allows and the user's fields
// do not.
var badConditions = [][]any{
	where("nope", "eq", 1), where("name", "eq", 1), where("emailVerified", "eq", "true"), where("name", "lt", nil), where("name", "in", "x"),
	where("name", "in", []any{nil}), where("emailVerified", "contains", "t"), where("name", "contains", strings.Repeat("x", 257)),
	slices.Repeat(where("name", "ne", "x"), 21),
}

// queryCases are those of functions that ask for records by what they are.
var queryCases = table{
	"identity.listUsers": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			people(g)
			for _, c := range userConditions {
				args := object{"where": c.where, "sort": "name"}
				if got := strings.Join(names(g.do("identity.listUsers", args)), ","); got != c.names {
					t.Errorf("listUsers%s: %s, want %s", text(args), got, c.names)
				}
			}
			byName := object{"sort": "name", "limit": 1}
			if got := g.pages("identity.listUsers", byName, "users", "name"); got != "ada Ada B Bob Zoe" {
				t.Errorf("page by page: %s", got)
			}
			if got := g.pages("identity.listUsers", object{"sort": "email", "desc": true, "limit": 3}, "users", "name"); got != "Zoe Bob ada Ada B" {
				t.Errorf("by address, the last first: %s", got)
			}
			if got := g.do("identity.listUsers", object{"sort": "name", "offset": 1, "limit": 2}).list("users", "name"); got != "Ada B Bob" {
				t.Errorf("behind an offset: %s", got)
			}
			cursor := g.do("identity.listUsers", byName).text("cursor")
			for _, bad := range badConditions {
				g.refused("identity.listUsers", object{"where": bad}, pluginapi.StatusInvalid, "")
			}
			for _, bad := range []object{{"sort": "nope"}, {"cursor": "!"}, {"cursor": cursor}, {"cursor": cursor, "sort": "name", "desc": true}, {"cursor": cursor, "sort": "name", "offset": 1}} {
				g.refused("identity.listUsers", bad, pluginapi.StatusInvalid, "")
			}
		})
		t.serve(Request{Body: `{"q":"ZO"}`}, func(g *guest) {
			g.set("args", pluginapi.KindJSON, `{"where":[{"field":"name","operator":"starts_with","value":null}]}`, pluginapi.StatusOK)
			g.set("args.where.0.value", pluginapi.KindPath, "request.body.q", pluginapi.StatusOK)
			if got := g.do("identity.listUsers", nil).list("users", "name"); got != "Zoe" {
				t.Errorf("with a value that the host copies: %s", got)
			}
		})
	},
	"identity.countUsers": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			people(g)
			for _, c := range userConditions {
				want := len(strings.FieldsFunc(c.names, func(r rune) bool { return r == ',' }))
				if got := fmt.Sprint(g.do("identity.countUsers", object{"where": c.where}).at("count")); got != fmt.Sprint(want) {
					t.Errorf("countUsers%s: %s, want %d", text(c.where), got, want)
				}
			}
			if got := fmt.Sprint(g.do("identity.countUsers", object{"atMost": 3}).at("count")); got != "3" {
				t.Errorf("at most three: %s", got)
			}
			for _, bad := range badConditions {
				g.refused("identity.countUsers", object{"where": bad}, pluginapi.StatusInvalid, "")
			}
		})
	},
	"identity.getUsers": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			ids := people(g)
			got := g.do("identity.getUsers", object{"ids": []any{ids["Zoe"], "nobody", ids["ada"], ids["Zoe"]}})
			if got.list("users", "name") != "Zoe ada" || g.do("identity.getUsers", object{"ids": []any{}}).list("users", "name") != "" {
				t.Errorf("got %s", text(got))
			}
			g.refused("identity.getUsers", object{"ids": slices.Repeat([]any{"x"}, pluginapi.MaxPage+1)}, pluginapi.StatusInvalid, "")
		})
	},
	"session.count": testSessions,
	"storage.count": func(t *tester) { t.serve(Request{}, listNotes) },
	"storage.getMany": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			first, second := noteOf(g, "a", "x", 1), noteOf(g, "b", "x", 2)
			got := g.do("storage.getMany", object{"model": "note", "ids": []any{second, "nobody", first, second}})
			if got.list("records", "name") != "b a" {
				t.Errorf("got %s", text(got))
			}
			g.refused("storage.getMany", object{"model": "note", "ids": slices.Repeat([]any{"x"}, pluginapi.MaxPage+1)}, pluginapi.StatusInvalid, "")
			g.refused("storage.getMany", object{"model": "unlisted", "ids": []any{}}, pluginapi.StatusDenied, "")
		})
	},
	"storage.write": func(t *tester) {
		var id, kept, gone string
		t.serve(Request{}, func(g *guest) {
			id, kept, gone = noteOf(g, "a", "x", 1), noteOf(g, "kept", "x", 1), noteOf(g, "gone", "x", 1)
		})
		t.serve(Request{}, func(g *guest) { updateNote(g, id) })
		t.serve(Request{}, func(g *guest) { writeNotes(g, kept, gone) })
	},
}

func names(r result) []string {
	var out []string
	users, _ := r.at("users").([]any)
	for _, u := range users {
		out = append(out, u.(object)["name"].(string))
	}
	return out
}

func testSessions(t *tester) {
	t.serve(Request{}, func(g *guest) {
		ids := people(g)
		var tokens []string
		for range 3 {
			tokens = append(tokens, g.do("session.create", object{"userId": ids["ada"]}).text("session.token"))
		}
		g.do("session.create", object{"userId": ids["Bob"]})
		slices.Sort(tokens)
		want := strings.Join(tokens, " ")
		args := object{"userId": ids["ada"], "sort": "token"}
		if got := g.do("session.list", args).list("sessions", "token"); got != want {
			t.Errorf("by token: %s, want %s", got, want)
		}
		if got := g.pages("session.list", with(args, "limit", 2), "sessions", "token"); got != want {
			t.Errorf("page by page: %s, want %s", got, want)
		}
		if got := g.do("session.list", with(with(args, "desc", true), "offset", 2)).list("sessions", "token"); got != tokens[0] {
			t.Errorf("the last one, backwards: %s, want %s", got, tokens[0])
		}
		one := where("token", "eq", tokens[1])
		if got := g.do("session.list", with(args, "where", one)).list("sessions", "token"); got != tokens[1] {
			t.Errorf("by condition: %s, want %s", got, tokens[1])
		}
		for want, where := range map[string][]any{"3": nil, "1": one} {
			if got := fmt.Sprint(g.do("session.count", object{"userId": ids["ada"], "where": where}).at("count")); got != want {
				t.Errorf("count: %s, want %s", got, want)
			}
		}
		g.refused("session.list", with(args, "sort", "nope"), pluginapi.StatusInvalid, "")
		g.refused("session.count", object{"userId": ids["ada"], "where": where("nope", "eq", 1)}, pluginapi.StatusInvalid, "")
		if got := g.do("session.list", object{"userId": "nobody"}).list("sessions", "token"); got != "" {
			t.Errorf("of nobody: %s", got)
		}
	})
	t.Advance(8 * 24 * 60 * 60 * 1e9)
	t.serve(Request{}, func(g *guest) {
		ada := g.do("identity.findUser", object{"email": "ada@example.com"})
		if n := fmt.Sprint(g.do("session.count", object{"userId": ada.at("id")}).at("count")); n != "0" {
			t.Errorf("%s sessions are live after their time", n)
		}
	})
}

// note stores a note and returns its id.
func noteOf(g *guest, name, group string, count any) string {
	return g.do("storage.insert", object{"model": "note", "record": object{"name": name, "group": group, "count": count}}).text("id")
}

// listNotes asks for parts of an index of notes.
func listNotes(g *guest) {
	for i, name := range []string{"a", "b", "c", "d", "e"} {
		noteOf(g, name, []string{"x", "y"}[i%2], i)
	}
	tests := []struct {
		args  object
		names string
	}{
		{object{"index": "name"}, "a b c d e"},
		{object{"index": "name", "desc": true}, "e d c b a"},
		{object{"index": "name", "value": "d"}, "d"},
		{object{"index": "name", "from": "b", "to": "d"}, "b c"},
		{object{"index": "name", "from": "b", "fromExclusive": true, "to": "d", "toInclusive": true}, "c d"},
		{object{"index": "name", "from": "c", "desc": true}, "e d c"},
		{object{"index": "name", "to": "a"}, ""},
		{object{"index": "name", "offset": 3}, "d e"},
		{object{"index": "name", "where": where("count", "gte", 2)}, "c d e"},
		{object{"index": "name", "from": "d", "where": where("group", "eq", "x")}, "e"},
		{object{"index": "name", "where": where("name", "contains", "C")}, "c"},
	}
	for _, tt := range tests {
		args := with(tt.args, "model", "note")
		if got := g.do("storage.list", args).list("records", "name"); got != tt.names {
			g.t.Errorf("list%s: %s, want %s", text(args), got, tt.names)
		}
		if got := g.pages("storage.list", with(args, "limit", 2), "records", "name"); got != tt.names {
			g.t.Errorf("list%s, page by page: %s, want %s", text(args), got, tt.names)
		}
		want := fmt.Sprint(len(strings.Fields(tt.names)))
		if got := fmt.Sprint(g.do("storage.count", without(without(args, "desc"), "offset")).at("count")); tt.args["offset"] == nil && got != want {
			g.t.Errorf("count%s: %s, want %s", text(args), got, want)
		}
	}
	titles(g)
	if got := fmt.Sprint(g.do("storage.count", object{"model": "note", "atMost": 2}).at("count")); got != "2" {
		g.t.Errorf("at most two: %s", got)
	}
	for _, bad := range []object{{"index": "nope"}, {"index": "group", "value": "x", "from": "y"}, {"where": where("nope", "eq", 1)}} {
		g.refused("storage.list", with(bad, "model", "note"), pluginapi.StatusInvalid, "")
		g.refused("storage.count", with(bad, "model", "note"), pluginapi.StatusInvalid, "")
	}
	g.refused("storage.list", object{"model": "unlisted"}, pluginapi.StatusDenied, "")
	g.refused("storage.count", object{"model": "unlisted"}, pluginapi.StatusDenied, "")
}

// titles asks for notes by a field without case.
func titles(g *guest) {
	for _, title := range []string{"Émile", "zoe", "ada", "Ada B"} {
		g.do("storage.insert", object{"model": "note", "record": object{"title": title}})
	}
	for args, want := range map[string]string{
		`{"from":"A"}`: "ada Ada B zoe Émile", `{"from":"ADA B","to":"ZOE","toInclusive":true}`: "Ada B zoe", `{"value":"ADA"}`: "ada",
		`{"from":"A","desc":true,"where":[{"field":"title","operator":"starts_with","value":"ADA"}]}`: "Ada B ada",
		`{"where":[{"field":"title","operator":"contains","value":"É"}]}`:                             "Émile",
		`{"where":[{"field":"title","operator":"eq","value":"Ada"}]}`:                                 "",
	} {
		var in object
		if err := json.Unmarshal([]byte(args), &in); err != nil {
			g.t.Fatal(err)
		}
		in["model"], in["index"] = "note", "title"
		if got := g.do("storage.list", in).list("records", "title"); got != want {
			g.t.Errorf("list%s by title: %s, want %s", args, got, want)
		}
	}
}

// updateNote changes a note that is as expected.
func updateNote(g *guest, id string) {
	update := object{"model": "note", "id": id, "set": object{"count": 2}}
	changed := g.do("storage.update", with(with(update, "if", object{"count": 1, "group": "x"}), "version", 1))
	if fmt.Sprint(changed.at("count")) != "2" || fmt.Sprint(changed.at("version")) != "2" {
		g.t.Errorf("changed to %s", text(changed))
	}
	for _, expected := range []object{{"count": 1}, {"count": nil}, {"group": "x", "name": "b"}} {
		g.refused("storage.update", with(update, "if", expected), pluginapi.StatusConflict, "")
	}
	g.refused("storage.update", with(update, "version", 1), pluginapi.StatusConflict, "")
	g.refused("storage.update", with(update, "set", object{"name": "kept"}), pluginapi.StatusConflict, "")
	g.refused("storage.update", with(update, "if", object{"nope": 1}), pluginapi.StatusInvalid, "")
	g.refused("storage.update", with(update, "if", object{"count": "1"}), pluginapi.StatusInvalid, "")
	g.refused("storage.update", with(update, "set", object{"count": "1"}), pluginapi.StatusInvalid, "")
	g.refused("storage.update", with(update, "id", "nobody"), pluginapi.StatusNotFound, "")
	g.refused("storage.update", with(update, "model", "unlisted"), pluginapi.StatusDenied, "")
	if got := g.do("storage.get", object{"model": "note", "id": id}); fmt.Sprint(got.at("version")) != "2" {
		g.t.Errorf("after refusals: %s", text(got))
	}
}

// writeNotes writes several notes at once.
func writeNotes(g *guest, kept, gone string) {
	write := func(writes ...any) object {
		return object{"model": "note", "writes": append([]any{}, writes...)}
	}
	got := g.do("storage.write", write(
		object{"op": "insert", "record": object{"name": "new", "group": "x", "count": 7}},
		object{"op": "update", "id": kept, "set": object{"count": 2}, "if": object{"count": 1}, "version": 1},
		object{"op": "delete", "id": gone, "if": object{"group": "x"}},
	))
	if got.list("records", "name") != "new kept" || got.list("records", "version") != "1 2" {
		g.t.Errorf("written: %s", text(got))
	}
	all := func() string {
		return g.do("storage.list", object{"model": "note", "index": "name"}).list("records", "name")
	}
	if all() != "a kept new" {
		g.t.Errorf("there are now: %s", all())
	}
	first := object{"op": "insert", "record": object{"name": "first"}}
	for status, last := range map[pluginapi.Status][]any{
		pluginapi.StatusConflict: {
			object{"op": "insert", "record": object{"name": "kept"}}, object{"op": "update", "id": kept, "set": object{"count": 3}, "if": object{"count": 1}},
			object{"op": "update", "id": kept, "set": object{"count": 3}, "version": 1}, object{"op": "delete", "id": kept, "version": 1},
			object{"op": "update", "id": kept, "set": object{"name": "first"}},
		},
		pluginapi.StatusNotFound: {object{"op": "update", "id": "nobody", "set": object{"count": 3}}, object{"op": "delete", "id": "nobody"}},
		pluginapi.StatusInvalid: {
			object{"op": "insert", "record": object{"nope": 1}}, object{"op": "insert"}, object{"op": "insert", "record": object{}, "id": "x"},
			object{"op": "update", "id": kept}, object{"op": "update", "set": object{}}, object{"op": "delete"}, object{"op": "delete", "id": kept, "set": object{}},
		},
	} {
		for _, w := range last {
			g.refused("storage.write", write(first, w), status, "")
		}
	}
	g.refused("storage.write", write(slices.Repeat([]any{object{"op": "delete", "id": "x"}}, pluginapi.MaxPage+1)...), pluginapi.StatusInvalid, "")
	g.refused("storage.write", object{"model": "unlisted", "writes": []any{}}, pluginapi.StatusDenied, "")
	if all() != "a kept new" || g.do("storage.write", write()).list("records", "name") != "" {
		g.t.Errorf("after refusals there are: %s", all())
	}
}
