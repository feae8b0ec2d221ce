package hosttest

import (
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
)

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// serviceCases are those of the capabilities random, ratelimit, audit, email, sms
// and openapi.
var serviceCases = table{
	"random.uuid": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			a, b := g.do("random.uuid", nil), g.do("random.uuid", object{})
			if !uuidPattern.MatchString(a.text("value")) || a.text("value") == b.text("value") {
				t.Errorf("got %s and %s", text(a), text(b))
			}
		})
	},
	"random.string": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			for alphabet, pattern := range map[string]string{
				"": "^[A-Za-z0-9]{40}$", "lower": "^[a-z]{40}$", "upper": "^[A-Z]{40}$", "digits": "^[0-9]{40}$", "url": "^[A-Za-z0-9_-]{40}$", "xy": "^[xy]{40}$",
			} {
				args := object{"length": 40}
				if alphabet != "" {
					args["alphabet"] = alphabet
				}
				a, b := g.do("random.string", args).text("value"), g.do("random.string", args).text("value")
				if !regexp.MustCompile(pattern).MatchString(a) || a == b {
					t.Errorf("%q: got %s and %s", alphabet, a, b)
				}
			}
			for _, alphabet := range []string{"x", strings.Repeat("xy", 129)} {
				g.refused("random.string", object{"length": 1, "alphabet": alphabet}, pluginapi.StatusInvalid, "")
			}
		})
	},
	"ratelimit.hit": func(t *tester) {
		hit := func(g *guest, key string) result {
			return g.do("ratelimit.hit", object{"key": key, "window": 60, "max": 2})
		}
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{"": func(g *guest) pluginapi.Result {
			if out := hit(g, "a"); out.at("allowed") != true || out.number("retryAfter") != 0 {
				t.Errorf("the first: got %s", text(out))
			}
			return pluginapi.Deny // which keeps it
		}})
		t.Advance(10 * time.Second)
		t.serve(Request{}, func(g *guest) {
			if out := hit(g, "a"); out.at("allowed") != true {
				t.Errorf("the second: got %s", text(out))
			}
			if out := hit(g, "a"); out.at("allowed") != false || out.number("retryAfter") != 50 {
				t.Errorf("the third: got %s", text(out))
			}
			if out := hit(g, "b"); out.at("allowed") != true {
				t.Errorf("another key: got %s", text(out))
			}
		})
		t.Advance(50 * time.Second)
		t.serve(Request{}, func(g *guest) {
			if out := hit(g, "a"); out.at("allowed") != true {
				t.Errorf("in the next window: got %s", text(out))
			}
		})
	},
	"ratelimit.reset": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			for range 2 {
				if out := g.do("ratelimit.hit", object{"key": "a", "window": 60, "max": 1}); out.at("allowed") != true {
					t.Errorf("got %s", text(out))
				}
				g.do("ratelimit.reset", object{"key": "a"})
			}
		})
	},
	"audit.record": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			g.do("audit.record", object{"action": "looked"})
			g.do("audit.record", object{"action": "looked", "userId": "u1", "outcome": "failure", "details": object{"why": "test", "n": 1, "list": []any{"a"}}})
		})
	},
	"email.send": func(t *tester) {
		var seen result
		t.serveHooks(Request{}, map[string]func(*guest) pluginapi.Result{
			"": func(g *guest) pluginapi.Result {
				g.do("email.send", mailTo("ada@example.com", object{"data": object{"n": 1}}))
				g.do("email.send", mailTo("ada@example.com", object{
					"otp": "123-abc", "token": "t", "languages": "de", "data": object{"name": "<b>", "n": 1.5, "until": "2026-01-02T03:04:05.678Z"},
				}))
				g.do("email.send", mailTo("no@example.com", object{"decoy": true})) // no hook sees it
				g.refused("email.send", mailTo("ada@example.com", object{"decoy": true, "url": ""}), pluginapi.StatusInvalid, "")
				g.refused("email.send", mailTo("ada@example.com\n", nil), pluginapi.StatusInvalid, "")
				g.refused("email.send", mailTo("no@example.com", nil), pluginapi.StatusDenied, "UNWANTED")
				for _, bad := range []object{
					{"template": "nope"}, {"url": ""}, {"url": "/relative"}, {"url": "javascript:alert(1)"}, {"otp": "1 2"}, {"data": object{"name": 1}},
					{"data": object{"n": "1"}}, {"data": object{"until": "tomorrow"}}, {"data": object{"other": "x"}}, {"data": object{"url": "https://a.example"}},
					{"data": object{"name": strings.Repeat("x", pluginapi.MaxMailText+1)}},
				} {
					g.refused("email.send", mailTo("ada@example.com", bad), pluginapi.StatusInvalid, "")
				}
				return pluginapi.Continue
			},
			pluginapi.EventMailSending: func(g *guest) pluginapi.Result {
				if g.read("record").text("to") == "no@example.com" {
					return g.deny("UNWANTED")
				}
				if seen == nil {
					seen = g.read("record")
				}
				return pluginapi.Continue
			},
		})
		if seen.text("to") != "ada@example.com" || seen.text("template") != "verify-email" || seen.text("url") != "https://a.example" || seen.number("data.n") != 1 || seen.at("subject") != nil {
			t.Errorf("the hook saw %s", text(seen))
		}
	},
	"sms.send": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			for _, good := range []object{
				{}, {"decoy": true}, {"to": "+12"}, {"to": "+123456789012345"}, {"languages": "de"}, {"data": object{"code": "1-a", "name": "\n<b>", "n": 1.5}},
				{"kind": "empty", "data": object{"name": strings.Repeat("ü", pluginapi.MaxMessageLength)}},
			} {
				g.do("sms.send", messageTo(good))
			}
			for _, number := range []string{
				"4915112345678", "+", "+1", "+0123456", "+1234567890123456", "+49 151 1234567", "+49151-1234567", "+4915112345678\n", "+49151123456x", "tel:+4915112345678", "+٤٩١٥١",
			} {
				g.refused("sms.send", messageTo(object{"to": number}), pluginapi.StatusInvalid, pluginapi.CodeNumber)
			}
			for _, bad := range []object{
				{"kind": "nope"}, {"data": nil}, {"data": object{}}, {"data": object{"code": 1}}, {"data": object{"code": "1 2"}}, {"data": object{"code": "1", "other": "x"}},
			} {
				g.refused("sms.send", messageTo(bad), pluginapi.StatusInvalid, "")
			}
			for _, text := range []string{"", " \n ", strings.Repeat("x", pluginapi.MaxMessageLength+1)} {
				g.refused("sms.send", messageTo(object{"kind": "empty", "data": object{"name": text}}), pluginapi.StatusInvalid, pluginapi.CodeLength)
			}
		})
	},
	"openapi.describe": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			if out := g.do("openapi.describe", nil); !strings.HasPrefix(out.text("openapi"), "3.1") || out.at("paths") == nil {
				t.Errorf("got %s", text(out))
			}
		})
	},
}

// mailTo are the arguments of email.send for a mail that may be sent, with some
// members in place of those.
func mailTo(to string, members object) object {
	a := object{"to": to, "template": "verify-email", "url": "https://a.example"}
	maps.Copy(a, members)
	return a
}

// messageTo are the arguments of sms.send for a message that may be sent, with
// some members in place of those.
func messageTo(members object) object {
	a := object{"to": "+4915112345678", "kind": "code", "data": object{"code": "123456"}}
	maps.Copy(a, members)
	return a
}
