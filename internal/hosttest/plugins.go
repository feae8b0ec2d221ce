package hosttest

import (
	"github.com/authhost/authhost/pluginapi"
)

// echo is the full name of the service.
var echo = pluginapi.FullName(PluginID, serviceName)

// pluginCases are those of the capability plugins.
var pluginCases = table{
	"plugins.call":  callsService,
	"plugins.raise": raisesEvents,
}

// callsService calls the plugin's own service: what it takes and gives is
// checked, its error is the caller's, and nothing is left of one that refuses.
func callsService(t *tester) {
	t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
		"": continues(func(g *guest) {
			out := g.do("plugins.call", object{"service": echo, "input": object{"text": "hello"}})
			t.want("the output", out.at("output"), object{"text": "hello"})
			for _, input := range []object{{}, {"text": ""}, {"text": 1}} {
				g.refused("plugins.call", object{"service": echo, "input": input}, pluginapi.StatusInvalid, "")
			}
			g.refused("plugins.call", object{"service": "other/echo", "input": object{"text": "x"}}, pluginapi.StatusDenied, "")
			g.refused("plugins.call", object{"service": echo, "input": object{"text": "refuse"}}, pluginapi.StatusDenied, "REFUSED")
			g.refused("plugins.call", object{"service": echo, "input": object{"text": "fail"}}, pluginapi.StatusInternal, "")
			g.refused("plugins.call", object{"service": echo, "input": object{"text": "wrong"}}, pluginapi.StatusInternal, "")
			t.want("the notes", g.do("storage.count", object{"model": "note"}).at("count"), 1)
			g.set("output.text", pluginapi.KindString, "x", pluginapi.StatusDenied)
		}),
		pluginapi.EventRequestAfter: continues(func(g *guest) {
			t.want("the cookie that the service set", g.cookieValue(), "hello")
		}),
		pluginapi.KindService: func(g *guest) pluginapi.Result {
			checkSets(t, pluginapi.KindService, g.Host)
			g.set("output", pluginapi.KindAbsent, "", pluginapi.StatusOK)
			if _, plugin := g.Get("event.plugin"); string(plugin) != PluginID {
				t.Errorf("event.plugin is %q", plugin)
			}
			_, text := g.Get("input.text")
			g.set("response.cookies."+cookie, pluginapi.KindString, string(text), pluginapi.StatusOK)
			g.do("storage.insert", object{"model": "note", "record": object{"name": string(text)}})
			switch string(text) {
			case "refuse":
				return g.deny("REFUSED")
			case "fail":
				return pluginapi.Failed
			case "wrong":
				g.set("output.text", pluginapi.KindNumber, "1", pluginapi.StatusOK)
				return pluginapi.Continue
			}
			g.refused("plugins.call", object{"service": echo, "input": object{"text": "again"}}, pluginapi.StatusLimit, "")
			g.set("output.text", pluginapi.KindPath, "input.text", pluginapi.StatusOK)
			return pluginapi.Continue
		},
	})
}

// raisesEvents raises both of the plugin's events. The hook on the first one
// refuses; that on the second is called when the unit of work is committed.
func raisesEvents(t *tester) {
	told := []string{}
	t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
		"": continues(func(g *guest) {
			g.do("plugins.raise", object{"event": eventAfter, "record": object{"name": "first"}})
			g.do("plugins.raise", object{"event": eventBefore, "record": object{"name": "kept"}})
			g.refused("plugins.raise", object{"event": eventBefore, "record": object{"name": "bad"}}, pluginapi.StatusDenied, "BAD_NAME")
			g.refused("plugins.raise", object{"event": eventBefore, "record": object{}}, pluginapi.StatusInvalid, "")
			g.refused("plugins.raise", object{"event": "note.unheard", "record": object{}}, pluginapi.StatusDenied, "")
			told = append(told, "endpoint")
		}),
		pluginapi.FullName(PluginID, eventBefore): func(g *guest) pluginapi.Result {
			checkSets(t, pluginapi.FullName(PluginID, eventBefore), g.Host)
			g.set("record.name", pluginapi.KindString, "other", pluginapi.StatusDenied)
			name := g.read("record").text("name")
			told = append(told, name)
			if name == "bad" {
				return g.deny("BAD_NAME")
			}
			return pluginapi.Continue
		},
		pluginapi.FullName(PluginID, eventAfter): func(g *guest) pluginapi.Result {
			told = append(told, g.read("record").text("name"))
			return pluginapi.Continue
		},
	})
	t.want("the order", told, []string{"kept", "bad", "endpoint", "first"})
}
