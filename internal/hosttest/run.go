package hosttest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/authhost/authhost/pluginapi"
)

// Run runs the suite.
func Run(t *testing.T, start Maker) {
	t.Run("document", func(t *testing.T) { runTable(t, start, documentCases) })
	t.Run("functions", func(t *testing.T) { runFunctions(t, start) })
	t.Run("arguments", func(t *testing.T) { runArguments(t, start) })
	t.Run("access", func(t *testing.T) { runAccess(t, start) })
	t.Run("events", func(t *testing.T) { runEvents(t, start) })
}

type table map[string]func(*tester)

// cases are those of all functions, by full name.
var cases = []table{
	identityCases, queryCases, accountCases, sessionCases, verificationCases, storageCases, cryptoCases, digestCases, signatureCases, keysCases, httpCases, serviceCases, cookiesCases, pluginCases, scheduleCases, xmlCases,
}

func runTable(t *testing.T, start Maker, cases table) {
	for name, test := range cases {
		t.Run(name, func(t *testing.T) { test(newTester(t, start)) })
	}
}

// runFunctions runs the case of each function of the contract. It must call the
// function so that it is done.
func runFunctions(t *testing.T, start Maker) {
	all := table{}
	for _, cases := range cases {
		for name, test := range cases {
			if all[name] != nil {
				t.Errorf("%s has two cases", name)
			}
			all[name] = test
		}
	}
	for f := range pluginapi.Functions() {
		name := f.FullName()
		t.Run(name, func(t *testing.T) {
			test, ok := all[name]
			if !ok {
				t.Fatalf("there is no case of %s; add one to the tables of this package", name)
			}
			c := newTester(t, start)
			if test(c); !c.done[name] {
				t.Errorf("its case does not call %s so that it is done", name)
			}
		})
		delete(all, name)
	}
	for name := range all {
		t.Errorf("there is a case of %s, which the contract does not have", name)
	}
}

// runArguments tries every fault of the arguments of each function.
func runArguments(t *testing.T, start Maker) {
	newTester(t, start).serve(Request{}, func(g *guest) {
		for f := range pluginapi.Functions() {
			badArguments(g, f)
		}
	})
}

// tester is a case under way.
type tester struct {
	testing.TB
	World
	other *otherServer
	done  map[string]bool // functions that were called and did what they are for
}

func newTester(t *testing.T, start Maker) *tester { return newTesterOf(t, start, Manifest()) }

func newTesterOf(t *testing.T, start Maker, m *pluginapi.Manifest) *tester {
	t.Helper()
	other := &otherServer{}
	return &tester{TB: t, World: start(t, m, other), other: other, done: map[string]bool{}}
}

// want compares what something is with what it should be.
func (t *tester) want(what string, got, want any) {
	t.Helper()
	if g, w := text(got), text(want); !bytes.Equal(g, w) {
		t.Errorf("%s is %s, want %s", what, g, w)
	}
}

// serve runs f as the endpoint of a request; hooks do nothing.
func (t *tester) serve(r Request, f func(*guest)) {
	t.Helper()
	t.serveHooks(r, map[string]func(*guest) pluginapi.Result{"": continues(f)})
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

// refused makes a call that must not be done. code is that of the contract; ""
// if the contract has none for it.
func (g *guest) refused(function string, args object, want pluginapi.Status, code string) {
	g.t.Helper()
	status, out := g.call(function, args)
	if status != want || code != "" && out.text("code") != code {
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
