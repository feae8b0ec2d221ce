package dispatch_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

// TestArgs: arguments that were put together in the document are used once.
func TestArgs(t *testing.T) {
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest").Handler(1,
		w.SetKind("args.length", pluginapi.KindNumber, "3"), w.Set("args.alphabet", "aa"),
		w.Call("random", "string", ""), w.Report("response.body.first"), w.Copy("response.body.value", "result.value"),
		w.Call("random", "string", ""), w.Report("response.body.second"), w.Copy("response.body.message", "result.message"),
		w.Call("random", "string", `[1]`), w.Report("response.body.third"),
		w.Call("random", "nope", `{}`), w.Report("response.body.fourth"))}})
	ex, err := runFirst(t, r)
	want := `{"first":0,"value":"aaa","second":4,"message":"argument length must be an integer from 1 to 1024","third":4,"fourth":8}`
	if err != nil || body(ex) != want {
		t.Errorf("got %s, %v", body(ex), err)
	}
}

// TestArgsThatWereNotWritten: a call does not happen without an argument that
// its guest meant to give.
func TestArgsThatWereNotWritten(t *testing.T) {
	three := w.SetKind("args.length", pluginapi.KindNumber, "3")
	draw := func(name string) []w.Step {
		return []w.Step{w.Call("random", "string", ""), w.Report("response.body." + name), w.Copy("response.body."+name+"Message", "result.message")}
	}
	const refused = `"first":4,"firstMessage":"%s could not be written (%s)"`
	for _, tt := range []struct {
		name  string
		steps [][]w.Step
		want  string
	}{
		{"through a text", [][]w.Step{{three, w.Set("args.alphabet", "ab"), w.Set("args.alphabet.x", "c")}, draw("first")}, fmt.Sprintf(refused, "args.alphabet.x", "invalid")},
		{"text that is not JSON", [][]w.Step{{three, w.SetJSON("args.alphabet", "{")}, draw("first")}, fmt.Sprintf(refused, "args.alphabet", "invalid")},
		{"not a path", [][]w.Step{{three, w.Set("args..alphabet", "ab")}, draw("first")}, fmt.Sprintf(refused, "args..alphabet", "invalid")},
		{"the first of two", [][]w.Step{{three, w.SetJSON("args.b", "{"), w.SetJSON("args.a", "{")}, draw("first")}, fmt.Sprintf(refused, "args.b", "invalid")},
		{"the whole", [][]w.Step{{three, w.Set("args", "a text")}, draw("first")}, fmt.Sprintf(refused, "args", "invalid")},
		{"once", [][]w.Step{{three, w.SetJSON("args.alphabet", "{")}, draw("first"), {three}, draw("second")}, fmt.Sprintf(refused, "args.alphabet", "invalid") + `,"second":0`},
		{"arguments go with the refusal", [][]w.Step{{three, w.SetJSON("args.alphabet", "{")}, draw("first"), draw("second")},
			fmt.Sprintf(refused, "args.alphabet", "invalid") + `,"second":4,"secondMessage":"argument length must be an integer from 1 to 1024"`},
		{"written anew", [][]w.Step{{three, w.SetJSON("args.alphabet", "{"), w.SetJSON("args", `{"length":3}`)}, draw("first")}, `"first":0`},
		{"taken away", [][]w.Step{{w.SetJSON("args.length", "{"), w.SetKind("args", pluginapi.KindAbsent, ""), three}, draw("first")}, `"first":0`},
		{"elsewhere", [][]w.Step{{three, w.Set("argsx", "a"), w.Set("scratch", "a"), w.Set("session.user", "a")}, draw("first")}, `"first":0`},
		{"a call with arguments of its own", [][]w.Step{{w.SetJSON("args.length", "{"), w.Call("random", "string", `{"length":3}`), w.Report("response.body.own")}, draw("first")},
			`"own":0,` + fmt.Sprintf(refused, "args.length", "invalid")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest").Handler(1, slices.Concat(tt.steps...)...)}})
			ex, err := runFirst(t, r)
			if err != nil || body(ex) != "{"+tt.want+"}" {
				t.Errorf("got %s, %v; want {%s}", body(ex), err, tt.want)
			}
		})
	}
}

// TestArgsThatAreTooLarge: what cannot be copied is not left out of a call.
func TestArgsThatAreTooLarge(t *testing.T) {
	steps := []w.Step{w.Set("scratch.x", "seed")}
	for i := range 40 {
		steps = append(steps, w.Copy("scratch.n"+strconv.Itoa(i), "scratch"))
	}
	steps = append(steps, w.SetKind("args.length", pluginapi.KindNumber, "3"), w.Copy("args.alphabet", "scratch"),
		w.Call("random", "string", ""), w.Report("response.body.status"), w.Copy("response.body.message", "result.message"))
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{everything("guest").Handler(1, steps...)}})
	ex, err := runFirst(t, r)
	if err != nil || body(ex) != `{"status":4,"message":"args.alphabet could not be written (limit)"}` {
		t.Errorf("got %s, %v", body(ex), err)
	}
}
