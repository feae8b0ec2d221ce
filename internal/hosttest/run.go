package hosttest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/pluginapi"
)

// Run runs the case of each function, and those of what is not a function.
func Run(t *testing.T, start Maker) {
	for name, test := range documentCases {
		t.Run(name, func(t *testing.T) { test(newTester(t, start)) })
	}
	for name, test := range cases() {
		t.Run(name, func(t *testing.T) {
			c := newTester(t, start)
			test(c)
			if !c.done[name] {
				t.Errorf("its case does not call %s so that it is done", name)
			}
		})
	}
}

// RunArguments tries every fault of the arguments of each function.
func RunArguments(t *testing.T, start Maker) {
	for f := range pluginapi.Functions() {
		t.Run(f.FullName(), func(t *testing.T) { badArguments(newTester(t, start), f) })
	}
}

// cases are the cases of all functions, by full name.
func cases() map[string]func(*tester) {
	all := map[string]func(*tester){}
	for _, table := range []map[string]func(*tester){identityCases, queryCases, storageCases, verificationCases, cryptoCases, keysCases, serviceCases} {
		for name, test := range table {
			all[name] = test
		}
	}
	return all
}

// otherServers plays the servers that plugins call.
func otherServers() http.Handler {
	return http.NotFoundHandler()
}

// tester is a case under way.
type tester struct {
	testing.TB
	World
	done map[string]bool // functions that were called and did what they are for
}

func newTester(t *testing.T, start Maker) *tester {
	t.Helper()
	return &tester{TB: t, World: start(t, otherServers()), done: map[string]bool{}}
}

// serve runs f as the endpoint of a request; hooks do nothing.
func (t *tester) serve(r Request, f func(*guest)) {
	t.Helper()
	t.serveHooks(r, map[string]func(*guest) pluginapi.Result{"": func(g *guest) pluginapi.Result {
		f(g)
		return pluginapi.Continue
	}})
}

// serveHooks runs handlers, by event, in a request.
func (t *tester) serveHooks(r Request, handlers map[string]func(*guest) pluginapi.Result) {
	t.Helper()
	ran := false
	t.Serve(t, r, func(event string, h Host) pluginapi.Result {
		ran = ran || event == ""
		if f := handlers[event]; f != nil {
			return f(&guest{t, h})
		}
		return pluginapi.Continue
	})
	if _, endpoint := handlers[""]; endpoint && !ran {
		t.Error("the endpoint was not run")
	}
}

// guest is a handler under way.
type guest struct {
	t *tester
	Host
}

// set writes a field of the document.
func (g *guest) set(path string, kind pluginapi.Kind, value string, want pluginapi.Status) {
	g.t.Helper()
	if status := g.Set(path, kind, []byte(value)); status != want {
		g.t.Errorf("set %s: %s, want %s", path, status, want)
	}
}

// object is a JSON object.
type object = map[string]any

// do makes a call that has to be done and returns its result.
func (g *guest) do(function string, args object) result {
	g.t.Helper()
	status, out := g.call(function, args)
	if status != pluginapi.StatusOK {
		g.t.Errorf("%s%s: %s %s", function, text(args), status, text(out))
	}
	return out
}

// refused makes a call that must not be done.
func (g *guest) refused(function string, args object, want pluginapi.Status, code string) {
	g.t.Helper()
	status, out := g.call(function, args)
	if status != want || out.text("code") != code {
		g.t.Errorf("%s%s: %s %s, want %s with the code %q", function, text(args), status, text(out), want, code)
	}
}

// call makes a call and compares the form of its result with the contract.
// Without args, the arguments are those in the document.
func (g *guest) call(function string, args object) (pluginapi.Status, result) {
	g.t.Helper()
	capability, name, _ := strings.Cut(function, ".")
	var in []byte
	if args != nil {
		in = text(args)
	}
	status, out := g.Call(capability, name, in)
	dec := json.NewDecoder(bytes.NewReader(out))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		g.t.Fatalf("the result of %s is not JSON: %v", function, err)
	}
	object, _ := v.(map[string]any)
	f, ok := pluginapi.FindFunction(capability, name)
	if !ok {
		return status, object
	}
	if status == pluginapi.StatusOK {
		g.t.done[function] = true
		if err := f.CheckResult(v); err != nil {
			g.t.Errorf("%v: %s", err, out)
		}
		return status, object
	}
	checkRefusal(g.t, f, status, object)
	return status, object
}

// checkRefusal compares a status and a result that is not ok with the contract.
func checkRefusal(t testing.TB, f *pluginapi.Function, status pluginapi.Status, out object) {
	t.Helper()
	for name, v := range out {
		if _, ok := v.(string); !ok || name != "code" && name != "message" {
			t.Errorf("%s: the result of the status %s has the member %s", f.FullName(), status, name)
		}
	}
	special := status == pluginapi.StatusNotFound || status == pluginapi.StatusConflict
	if special && !slices.ContainsFunc(f.Statuses, func(o pluginapi.Outcome) bool { return o.Status == status }) {
		t.Errorf("%s: the contract does not have the status %s", f.FullName(), status)
	}
}

// read reads an object in the document.
func (g *guest) read(path string) result {
	g.t.Helper()
	_, source := g.Get(path)
	dec := json.NewDecoder(bytes.NewReader(source))
	dec.UseNumber()
	var out result
	if err := dec.Decode(&out); err != nil {
		g.t.Errorf("%s is %q: %v", path, source, err)
	}
	return out
}

// deny refuses with a code.
func (g *guest) deny(code string) pluginapi.Result {
	g.t.Helper()
	g.set("error.code", pluginapi.KindString, code, pluginapi.StatusOK)
	g.set("error.message", pluginapi.KindString, code, pluginapi.StatusOK)
	return pluginapi.Deny
}

// result is what a call gave.
type result map[string]any

// at returns the value at a path of names, nil if there is none.
func (r result) at(path string) any {
	var v any = map[string]any(r)
	for _, name := range strings.Split(path, ".") {
		o, _ := v.(map[string]any)
		v = o[name]
	}
	return v
}

// number returns the integer at a path, 0 if there is none.
func (r result) number(path string) int64 {
	n, _ := r.at(path).(json.Number)
	i, _ := n.Int64()
	return i
}

// text returns the text at a path.
func (r result) text(path string) string {
	s, _ := r.at(path).(string)
	return s
}

// text writes a value as JSON.
func text(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte(err.Error())
	}
	return b
}
