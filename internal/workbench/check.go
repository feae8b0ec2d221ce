package workbench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/blueprint"
	"github.com/authhost/authhost/engine/grants"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/pluginapi"
)

// Stages of Check, in order. Those of sandbox.Load come in between.
const (
	StageFile     = "file"     // there is a WebAssembly module
	StageImports  = "imports"  // it imports and exports what the ABI has
	StageManifest = "manifest" // it has a manifest that can be loaded
	StageProbe    = "probe"    // it runs, and is put back afterwards
)

// Problem is something that keeps a module from being loaded, or in a report's
// Warnings something that does not.
type Problem struct {
	Stage   string `json:"stage"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// String returns the message and the remedy.
func (p Problem) String() string {
	if p.Remedy == "" {
		return p.Message
	}
	return p.Message + "; " + p.Remedy
}

// Report says what a module is, and whether a server loads it.
type Report struct {
	File   string `json:"file"`
	Size   int    `json:"size"` // bytes
	SHA256 string `json:"sha256"`

	ID      string `json:"id,omitempty"`
	Version string `json:"version,omitempty"`
	ABI     string `json:"abi,omitempty"` // that the module needs

	Imports      []string     `json:"imports"` // import modules
	Capabilities []Capability `json:"capabilities"`
	Permissions  []Permission `json:"permissions"`
	Grants       []string     `json:"grants"` // what an operator has to grant
	// Does says in words when the plugin is called besides for its endpoints,
	// what it adds to records, and which mails it sends.
	Does     []string  `json:"does"`
	Handlers []Handler `json:"handlers"`
	Settings []Setting `json:"settings"`

	Compile *Compile `json:"compile,omitempty"` // absent: it did not come to that

	Problems []Problem `json:"problems"`
	Warnings []Problem `json:"warnings"`
	// Entry is what an operator writes into a tenant's plugins, as YAML.
	Entry string `json:"entry,omitempty"`
}

// Capability is one that the manifest asks for.
type Capability struct {
	Name     string `json:"name"`
	Words    string `json:"words"`           // all of it in words
	Scope    string `json:"scope,omitempty"` // how far, in words, with the reason
	Imported bool   `json:"imported"`        // the module can call it
}

// Permission is one that the manifest asks for, or that an operator has to
// grant for a hook of an ABI version without permissions.
type Permission struct {
	Name  string `json:"name"`
	Words string `json:"words"` // what it gives away, with the reason
}

// Handler is one handler, and how it ended when it was called with an empty
// document.
type Handler struct {
	Number int32  `json:"number"`
	On     string `json:"on"` // an event, or method and path
	Probe  string `json:"probe,omitempty"`

	silent bool // it failed without asking the host for anything
}

// Setting is a member of the configuration that the manifest describes.
type Setting struct {
	Name        string          `json:"name"`
	Type        string          `json:"type,omitempty"`
	Required    bool            `json:"required"`
	Default     json.RawMessage `json:"default,omitempty"`
	Description string          `json:"description,omitempty"`
}

// Compile says what making a module ready took.
type Compile struct {
	Millis    float64 `json:"ms"`
	MemoryKiB int     `json:"memoryKiB"` // of an instance, before it is used
	// AcquireMicros and ResetMicros are what taking an instance and putting it
	// back took: the least of some tries.
	AcquireMicros float64 `json:"acquireUs"`
	ResetMicros   float64 `json:"resetUs"`
	// Fresh says why each call takes a new instance; empty if they are reset.
	Fresh string `json:"fresh,omitempty"`
}

// OK reports whether a server would load the module, if all that it asks for
// is granted and its settings are right.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

func (r *Report) problem(stage, remedy, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{stage, fmt.Sprintf(format, args...), remedy})
}

func (r *Report) warn(stage, remedy, format string, args ...any) {
	r.Warnings = append(r.Warnings, Problem{stage, fmt.Sprintf(format, args...), remedy})
}

// Check looks at a module as a server does that loads it: what it imports and
// exports, its manifest, whether it compiles and starts. Each of its handlers
// is called once with an empty document, and the instance is compared with a
// new one afterwards. The error is for what has nothing to do with the module.
func Check(ctx context.Context, path string, o Options) (*Report, error) {
	wasm, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Report{
		File: path, Size: len(wasm), Imports: []string{}, Capabilities: []Capability{}, Permissions: []Permission{}, Grants: []string{}, Does: []string{}, Handlers: []Handler{}, Settings: []Setting{},
		Problems: []Problem{}, Warnings: []Problem{},
	}
	info, err := sandbox.Inspect(wasm)
	if err != nil {
		r.notAdmitted(wasm, err)
		return r, nil
	}
	r.SHA256, r.Imports = info.Hash, info.Imports
	r.checkImports(info)
	r.checkManifest(wasm, info)
	if !r.OK() {
		return r, nil
	}
	r.Entry = r.entry()
	return r, r.load(ctx, wasm, o)
}

// componentHeader begins what is no module but a component, which wraps one.
var componentHeader = []byte{0, 'a', 's', 'm', 0x0d, 0, 1, 0}

func (r *Report) notAdmitted(wasm []byte, err error) {
	remedy := "compile to WebAssembly 1.0 with the extensions that ABI.md lists under \"The module\""
	if slices.Equal(wasm[:min(len(wasm), len(componentHeader))], componentHeader) {
		remedy = "this is a component; build a core module instead: in Rust for wasm32-unknown-unknown or wasm32-wasip1, not wasm32-wasip2"
	}
	r.problem(StageFile, remedy, "%v", cause(err))
}

// cause is the error of a stage without the name of the module.
func cause(err error) error {
	var load *sandbox.LoadError
	if errors.As(err, &load) {
		return load.Err
	}
	return err
}

const wasiModule = "wasi_snapshot_preview1"

// checkImports compares imports and exports with those of the ABI.
func (r *Report) checkImports(info sandbox.Info) {
	for _, name := range info.Imports {
		capability, isCapability := strings.CutPrefix(name, pluginapi.CapabilityPrefix)
		switch {
		case name == pluginapi.Namespace || name == wasiModule || isCapability && slices.Contains(pluginapi.CapabilityNames(), capability):
		case isCapability:
			r.problem(StageImports, "use a newer authhost, or do without it", "it imports the capability %q, which this authhost does not have", capability)
		case name == "env":
			r.problem(StageImports, "look for a function that is declared and not defined; in AssemblyScript, that is abort: asc --use abort=FILE/FUNCTION",
				"it imports functions from %q, which is where linkers put what they do not find", name)
		default:
			r.problem(StageImports, "the only import modules are "+pluginapi.Namespace+", "+pluginapi.CapabilityPrefix+"NAME and "+wasiModule, "it imports from %q, which is not served", name)
		}
	}
	for _, export := range []struct{ name, remedy string }{
		{pluginapi.ExportMemory, "export it: compilers do, unless they are told to import it"},
		{pluginapi.ExportCall, `export the function: in C __attribute__((export_name("authhost_call"))), in Rust #[no_mangle] pub extern "C", in Go by importing the SDK and -buildmode=c-shared`},
	} {
		if !slices.Contains(info.Exports, export.name) {
			r.problem(StageImports, export.remedy, "it does not export %q", export.name)
		}
	}
}

func (r *Report) checkManifest(wasm []byte, info sandbox.Info) {
	m, err := pluginapi.ManifestOf(wasm)
	if err != nil {
		r.Problems = append(r.Problems, manifestProblem(r.File, err))
		return
	}
	r.ID, r.Version, r.ABI, r.Grants = m.ID, m.Version, m.ABI, grants.Asked(m)
	for _, c := range m.Capabilities {
		imported := slices.Contains(info.Capabilities, c.Name)
		r.Capabilities = append(r.Capabilities, Capability{c.Name, c.Words(), c.Scope(), imported})
		if !imported && c.Name != pluginapi.CapCookies { // which is also for cookies in the document
			r.warn(StageManifest, "take it out of the manifest: operators grant what is there", "the manifest asks for the capability %q, which the module does not import", c.Name)
		}
	}
	for _, name := range info.Capabilities {
		if _, asked := m.Capability(name); !asked && slices.Contains(pluginapi.CapabilityNames(), name) {
			r.problem(StageManifest, "add it to the manifest's capabilities and pack the module again", "it imports the capability %q, which its manifest does not ask for", name)
		}
	}
	r.checkPermissions(m)
	for _, h := range m.Handlers {
		r.Handlers = append(r.Handlers, Handler{Number: h.Number, On: on(h)})
	}
	r.Settings = settingsOf(m.Config)
	if err := blueprint.CheckManifest(m); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			r.problem(StageManifest, "correct the manifest and pack the module again", "%s", line)
		}
	}
}

// checkPermissions says what the plugin sees and changes, and what it may miss
// of that because its manifest cannot ask for it.
func (r *Report) checkPermissions(m *pluginapi.Manifest) {
	for _, p := range m.Permissions {
		r.Permissions = append(r.Permissions, Permission{p.Name, p.Words()})
	}
	r.Does = append(r.Does, m.DoesWords()...)
	if m.MayBeginSessions() {
		r.Does = append(r.Does, besideSecondStep)
	}
	if m.KnowsPermissions() {
		return
	}
	may := grants.Permissions(m, r.Grants)
	for _, name := range may.Names() {
		r.Permissions = append(r.Permissions, Permission{name, pluginapi.Permission{Name: name}.Words()})
	}
	if missed := grants.Withheld(m, may); missed != 0 {
		r.warn(StageManifest, `ask for those that it needs in "permissions", and write "abi": "1.1"; or have the operator grant them`,
			"it was made for ABI %s, which has no permissions: what these guard is absent for it, and cannot be set: %s", m.ABI, missed)
	}
}

// besideSecondStep says what is to know of a plugin that may sign users in.
const besideSecondStep = "may sign users in: beside two-factor its sign-ins take the second step, and session.create is pending, unless policy is credential there"

// on names what a handler is for.
func on(h pluginapi.Handler) string {
	if h.Kind == pluginapi.KindEndpoint {
		return h.Method + " " + h.Path
	}
	switch h.Kind {
	case pluginapi.KindService:
		return "service " + h.Service
	case pluginapi.KindSchedule:
		return "schedule " + h.Schedule
	}
	return h.Event
}

// settingsOf lists the members that the schema of a configuration names.
func settingsOf(schema json.RawMessage) []Setting {
	var s struct {
		Properties map[string]struct {
			Type        any             `json:"type"` // a name, or several
			Default     json.RawMessage `json:"default"`
			Description string          `json:"description"`
		} `json:"properties"`
		Required []string `json:"required"`
	}
	out := []Setting{}
	if json.Unmarshal(schema, &s) != nil {
		return out // that the schema is broken is told elsewhere
	}
	for name, p := range s.Properties {
		kind, _ := p.Type.(string)
		out = append(out, Setting{Name: name, Type: kind, Required: slices.Contains(s.Required, name), Default: p.Default, Description: p.Description})
	}
	slices.SortFunc(out, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// load makes the module ready in a runtime of its own, and calls its handlers.
func (r *Report) load(ctx context.Context, wasm []byte, o Options) (err error) {
	dir, err := os.MkdirTemp("", "authhost-check-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	rt, err := sandbox.New(ctx, sandbox.Config{
		CacheDir: filepath.Join(dir, "cache"), CacheKey: o.Version, Compiler: o.Compiler, SelfCheck: true,
		Namespace: pluginapi.Namespace, Entry: pluginapi.ExportCall, Capabilities: pluginapi.CapabilityNames(),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close(context.WithoutCancel(ctx))) }()
	module, err := rt.Load(ctx, wasm, sandbox.LoadOptions{Name: r.ID})
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		r.refused(err)
		return nil
	}
	defer module.Close()
	info := module.Info()
	r.Compile = &Compile{Millis: millis(info.CompileTime), MemoryKiB: int(info.ImagePages) * pageKiB, Fresh: info.WhyNot}
	if !info.Resettable {
		r.warn(StageProbe, "each call takes a new instance, which is slower", "instances cannot be put back: %s", info.WhyNot)
	}
	return r.probe(ctx, module, rt)
}

const pageKiB = 64

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// refused says at which stage a module was refused.
func (r *Report) refused(err error) {
	stage, remedy := sandbox.StageAdmission, "ABI.md has the types of imports and exports, and the limits, under \"The module\""
	var load *sandbox.LoadError
	if errors.As(err, &load) {
		stage = load.Stage
	}
	switch stage {
	case sandbox.StageCompile:
		remedy = "make the module smaller, or its functions: it is too much for the compiler"
	case sandbox.StageImage:
		remedy = "initialisation may not call the host, and has no environment: look at what runs before the first handler"
	}
	r.problem(stage, remedy, "%v", cause(err))
}

// probes is how often handlers are called, to find the least times.
const probes = 3

// probeFuel bounds such a call: a tenth of a second of computing, for a
// handler that waits for something that an empty document does not have.
const probeFuel = 100_000_000

// probe calls every handler with a document in which nothing is.
func (r *Report) probe(ctx context.Context, module *sandbox.Module, rt *sandbox.Runtime) error {
	var acquire, reset []float64
	for range probes {
		for i := range r.Handlers {
			h := &r.Handlers[i]
			start := time.Now()
			instance, err := module.Acquire(ctx)
			if err != nil {
				if ctx.Err() != nil {
					return err
				}
				r.refused(err)
				return nil
			}
			acquire = append(acquire, float64(time.Since(start).Nanoseconds())/1000)
			host := &nothing{}
			code, _, err := instance.Call(ctx, h.Number, host, sandbox.Limits{Fuel: probeFuel})
			start = time.Now()
			instance.Release()
			h.silent = err == nil && pluginapi.Result(code) == pluginapi.Failed && !host.asked
			if h.Probe = resultName(pluginapi.Result(code)); err != nil {
				h.Probe = trapOf(err)
			} else {
				reset = append(reset, float64(time.Since(start).Nanoseconds())/1000)
			}
		}
	}
	if err := r.unregistered(ctx, module); err != nil {
		return err
	}
	for _, h := range r.Handlers {
		if strings.HasPrefix(h.Probe, outcomeTrap) {
			r.warn(StageProbe, "a field that is absent should be an answer, not a trap", "handler %d (%s), called with an empty document, ends with a %s", h.Number, h.On, h.Probe)
		}
	}
	if n := rt.Stats().Faults; n > 0 {
		r.problem(StageProbe, "please report this with the module", "%d times an instance was not as new after its reset", n)
	}
	if len(acquire) > 0 {
		r.Compile.AcquireMicros = slices.Min(acquire)
	}
	if len(reset) > 0 {
		r.Compile.ResetMicros = slices.Min(reset)
	}
	return nil
}

const outcomeTrap = "trap"

// trapOf says how a call ended that did not return.
func trapOf(err error) string {
	var trap *sandbox.TrapError
	if !errors.As(err, &trap) {
		return outcomeTrap + ": " + err.Error()
	}
	first, _, _ := strings.Cut(trap.Detail, "\n")
	if trap.Reason != sandbox.ReasonTrap {
		return strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", outcomeTrap, trap.Reason, first), ": ")
	}
	return strings.TrimSuffix(outcomeTrap+": "+first, ": ")
}

// resultName is a handler's result as ABI.md spells it.
func resultName(r pluginapi.Result) string {
	switch r {
	case pluginapi.Continue:
		return "continue"
	case pluginapi.Respond:
		return "respond"
	case pluginapi.Deny:
		return "deny"
	}
	return "failed"
}

// unregistered reports handlers that the module does not have: it treats their
// numbers as one that no handler of the manifest has. They fail without asking
// the host for anything.
func (r *Report) unregistered(ctx context.Context, module *sandbox.Module) error {
	free := int32(0)
	for _, h := range r.Handlers {
		free = max(free, h.Number+1)
	}
	instance, err := module.Acquire(ctx)
	if err != nil {
		return err
	}
	defer instance.Release()
	host := &nothing{}
	code, _, err := instance.Call(ctx, free, host, sandbox.Limits{Fuel: probeFuel})
	if err != nil || pluginapi.Result(code) != pluginapi.Failed || host.asked {
		return nil // what is not there does not tell itself apart
	}
	for _, h := range r.Handlers {
		if h.silent {
			r.problem(StageProbe, "register it; in Go, authhost plugin bind writes the registration of every handler of manifest.json",
				"handler %d (%s) fails as a number does that the module has no handler for", h.Number, h.On)
		}
	}
	return nil
}

// nothing is a host without a document and without capabilities.
type nothing struct {
	asked bool // for a field or a call
}

func (n *nothing) Get(_ string, buf []byte) (uint32, []byte) {
	n.asked = true
	return uint32(pluginapi.KindAbsent), buf
}

func (n *nothing) Set(string, uint32, []byte) uint32 {
	n.asked = true
	return uint32(pluginapi.StatusDenied)
}

func (*nothing) Log(int32, string) {}

func (n *nothing) Call(_ context.Context, _, _ string, _, buf []byte) (uint32, []byte) {
	n.asked = true
	return uint32(pluginapi.StatusDenied), append(buf, `{"message":"nothing is granted"}`...)
}
