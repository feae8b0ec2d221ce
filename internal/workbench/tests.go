package workbench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
)

// Tests is a file of tests for a plugin in whatever language: calls of its
// handlers, and what is to come of them.
type Tests struct {
	// Config is the plugin's configuration where a test has none of its own.
	Config json.RawMessage `json:"config,omitempty"`
	// With are plugins that come with the server, to be there in every test.
	With  []With `json:"with,omitempty"`
	Tests []Test `json:"tests"`
}

// Test is one test, with a store of its own: a single call, or several steps.
// With steps, only name and config are those of the test.
type Test struct {
	Name   string          `json:"name"`
	Config json.RawMessage `json:"config,omitempty"`
	Step
	Steps []Step `json:"steps,omitempty"`
}

// Step is one call.
type Step struct {
	Call string `json:"call,omitempty"` // as Bench.Call takes it
	Input
	// Want has members of the Outcome, by the names that it has in JSON. Of
	// objects, what is in Want has to be there; lists have to be of one length.
	// null stands for what is absent.
	Want json.RawMessage `json:"want,omitempty"`
}

func (t Test) steps() []Step {
	if len(t.Steps) > 0 {
		return t.Steps
	}
	return []Step{t.Step}
}

// TestResult is what came of a test.
type TestResult struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Faults say what was not as wanted. The outcomes are those of the steps
	// that were made.
	Faults   []string   `json:"faults,omitempty"`
	Outcomes []*Outcome `json:"outcomes"`
}

// Run runs the tests with a module, one after another, and gives each result
// to report. It compiles the module once.
func (t *Tests) Run(ctx context.Context, m *Module, o Options, report func(TestResult)) (err error) {
	shop, err := newShop(m, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.close()) }()
	for _, test := range t.Tests {
		settings := test.Config
		if settings == nil {
			settings = t.Config
		}
		result, err := test.run(ctx, shop, settings, slices.Concat(o.With, t.With))
		if err != nil {
			return fmt.Errorf("test %q: %w", test.Name, err)
		}
		report(result)
	}
	return nil
}

// run runs a test on a bench of its own. What cannot be called as the test says is
// a fault of the test, which ends there.
func (t Test) run(ctx context.Context, shop *shop, settings json.RawMessage, with []With) (r TestResult, err error) {
	r.Name = t.Name
	bench, err := shop.open(ctx, settings, with)
	if err != nil {
		r.Faults = []string{err.Error()}
		return r, ctx.Err()
	}
	defer func() { err = errors.Join(err, bench.Close(ctx)) }()
	for i, s := range t.steps() {
		outcome, faults := s.run(ctx, bench)
		for _, f := range faults {
			if len(t.Steps) > 0 {
				f = fmt.Sprintf("step %d, %s: %s", i+1, s.Call, f)
			}
			r.Faults = append(r.Faults, f)
		}
		if outcome == nil {
			return r, ctx.Err()
		}
		r.Outcomes = append(r.Outcomes, outcome)
	}
	r.OK = len(r.Faults) == 0
	return r, nil
}

// run makes a call. Without an outcome, the faults say why it could not be made.
func (s *Step) run(ctx context.Context, b *Bench) (*Outcome, []string) {
	outcome, err := b.Call(ctx, s.Call, &s.Input)
	if err != nil {
		return nil, []string{err.Error()}
	}
	faults, err := differences(outcome, s.Want)
	if err != nil {
		return nil, []string{err.Error()}
	}
	return outcome, faults
}

// differences says where an outcome is not as wanted.
func differences(outcome *Outcome, want json.RawMessage) ([]string, error) {
	text, err := json.Marshal(outcome)
	if err != nil {
		return nil, err
	}
	got, err := decode(text)
	if err != nil {
		return nil, err
	}
	wanted, err := decode(want)
	if err != nil {
		return nil, err
	}
	return compare(nil, "", got, wanted), nil
}

func decode(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// compare adds the places where got is not as wanted.
func compare(faults []string, at string, got, want any) []string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return append(faults, differs(at, got, want))
		}
		for _, name := range slices.Sorted(maps.Keys(w)) {
			faults = compare(faults, join(at, name), g[name], w[name])
		}
		return faults
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return append(faults, differs(at, got, want))
		}
		for i := range w {
			faults = compare(faults, join(at, strconv.Itoa(i)), g[i], w[i])
		}
		return faults
	}
	if got != want && !sameNumber(got, want) {
		return append(faults, differs(at, got, want))
	}
	return faults
}

// sameNumber compares numbers that are spelled differently, such as 1 and 1.0.
func sameNumber(got, want any) bool {
	g, ok1 := got.(json.Number)
	w, ok2 := want.(json.Number)
	if !ok1 || !ok2 {
		return false
	}
	x, err1 := g.Float64()
	y, err2 := w.Float64()
	return err1 == nil && err2 == nil && x == y
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func differs(at string, got, want any) string {
	return fmt.Sprintf("%s is %s, want %s", at, show(got), show(want))
}

// show is a value as JSON.
func show(v any) string {
	if v == nil {
		return "absent"
	}
	text, _ := json.Marshal(v) // it was decoded
	return string(text)
}

// Write prints the result for people.
func (r TestResult) Write(w io.Writer) {
	if r.OK {
		fmt.Fprintf(w, "ok    %s\n", r.Name)
		return
	}
	fmt.Fprintf(w, "FAIL  %s\n", r.Name)
	for _, f := range r.Faults {
		fmt.Fprintf(w, "      %s\n", f)
	}
	for _, o := range r.Outcomes {
		if o.Failure != "" {
			fmt.Fprintf(w, "      %s %s: %s\n", o.Call, o.Result, o.Failure)
		}
		for _, l := range o.Log {
			fmt.Fprintf(w, "      log %s: %s\n", l.Level, l.Message)
		}
	}
}
