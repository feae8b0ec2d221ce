package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/authhost/authhost/engine/sandbox/internal/wasmbin"
)

// Info describes a module.
type Info struct {
	Name string // LoadOptions.Name; empty from Inspect
	Hash string // SHA-256 of the binary, in hex
	Size int    // bytes of the binary

	// Namespace is the versioned import module that the binary uses, such as
	// "host_v1"; empty if it imports none.
	Namespace string
	// Capabilities are the capabilities that the binary imports, sorted.
	Capabilities []string
	// Imports are the import modules, and Exports the exports, sorted.
	Imports, Exports []string
	// Custom are the custom sections by name; the first wins.
	Custom map[string][]byte

	// CompileTime is what making or fetching machine code took, and
	// FromCache tells which it was. Zero from Inspect.
	CompileTime time.Duration
	FromCache   bool
	// ImagePages is the linear memory after initialisation, in pages of
	// 64 KiB. Zero from Inspect.
	ImagePages uint32
	// Resettable tells that instances are cloned from an image and reset
	// after use. Otherwise each use takes a fresh instance, and WhyNot says
	// why.
	Resettable bool
	WhyNot     string
}

// wasiModule is the import module of the WASI shim.
const wasiModule = "wasi_snapshot_preview1"

// entryExport of initialisation, as in WASI reactors.
const initExport = "_initialize"

var (
	namespacePattern  = regexp.MustCompile(`^[a-z][a-z0-9_]*_v[0-9]+$`)
	capabilityPattern = regexp.MustCompile(`^([a-z][a-z0-9_]*_v[0-9]+)_([a-z][a-z0-9]*)$`)
)

// Inspect describes a binary without compiling or running it. A binary that
// breaks the format or the default limits is refused.
func Inspect(wasm []byte) (Info, error) {
	m, err := wasmbin.Parse(wasm, wasmbin.DefaultAdmission())
	if err != nil {
		return Info{}, &LoadError{Module: "-", Stage: StageAdmission, Err: err}
	}
	info := describe(wasm, m)
	code, err := wasmbin.Rewrite(m, wasmbin.RewriteOptions{Image: true, MaxPages: defaultMemoryPages})
	if err != nil {
		return Info{}, &LoadError{Module: "-", Stage: StageAdmission, Err: err}
	}
	info.WhyNot = code.WhyNot
	info.Resettable = info.WhyNot == ""
	return info, nil
}

func describe(wasm []byte, m *wasmbin.Module) Info {
	sum := sha256.Sum256(wasm)
	info := Info{Hash: hex.EncodeToString(sum[:]), Size: len(wasm), Custom: map[string][]byte{}}
	for i := range m.Imports {
		mod := m.Imports[i].Module
		if slices.Contains(info.Imports, mod) {
			continue
		}
		info.Imports = append(info.Imports, mod)
		if namespacePattern.MatchString(mod) {
			info.Namespace = mod
		} else if c := capabilityPattern.FindStringSubmatch(mod); c != nil {
			info.Capabilities = append(info.Capabilities, c[2])
			if info.Namespace == "" {
				info.Namespace = c[1]
			}
		}
	}
	for _, e := range m.Exports {
		info.Exports = append(info.Exports, e.Name)
	}
	for _, c := range m.Customs {
		if _, seen := info.Custom[c.Name]; !seen {
			info.Custom[c.Name] = slices.Clone(c.Data)
		}
	}
	slices.Sort(info.Imports)
	slices.Sort(info.Exports)
	slices.Sort(info.Capabilities)
	return info
}

// entryFor derives the entry export from a namespace: "host_v1" has
// "host_call".
func entryFor(namespace string) string {
	return regexp.MustCompile(`_v[0-9]+$`).ReplaceAllString(namespace, "") + "_call"
}

// admit checks a parsed module against the imports and exports that this
// runtime offers and needs.
func (rt *Runtime) admit(m *wasmbin.Module) error {
	for i := range m.Imports {
		if err := rt.admitImport(m, &m.Imports[i]); err != nil {
			return err
		}
	}
	if e, ok := m.Export("memory"); !ok || e.Kind != wasmbin.KindMemory {
		return fmt.Errorf("the module must export its memory as %q", "memory")
	}
	if err := admitExport(m, rt.cfg.Entry, sigEntry); err != nil {
		return err
	}
	if _, ok := m.Export(initExport); ok {
		return admitExport(m, initExport, wasmbin.FuncType{})
	}
	return nil
}

func (rt *Runtime) admitImport(m *wasmbin.Module, im *wasmbin.Import) error {
	if im.Kind != wasmbin.KindFunc {
		return fmt.Errorf("import %s.%s: only functions can be imported", im.Module, im.Name)
	}
	fns, ok := rt.imports[im.Module]
	if !ok {
		return rt.unknownModule(im.Module)
	}
	want, ok := fns[im.Name]
	if !ok {
		return fmt.Errorf("import %s.%s: there is no such function", im.Module, im.Name)
	}
	if got := m.Types[im.Type]; !got.Equal(want) {
		return fmt.Errorf("import %s.%s has type %v, want %v", im.Module, im.Name, got, want)
	}
	return nil
}

// unknownModule explains an import module that the runtime does not serve.
func (rt *Runtime) unknownModule(name string) error {
	if c := capabilityPattern.FindStringSubmatch(name); c != nil && c[1] == rt.cfg.Namespace {
		return &CapabilityError{Capability: c[2]}
	}
	ns := name
	if c := capabilityPattern.FindStringSubmatch(name); c != nil {
		ns = c[1]
	}
	if namespacePattern.MatchString(ns) && entryFor(ns) == entryFor(rt.cfg.Namespace) {
		return &VersionError{Module: ns, Host: rt.cfg.Namespace}
	}
	return fmt.Errorf("import module %q is not served here", name)
}

func admitExport(m *wasmbin.Module, name string, want wasmbin.FuncType) error {
	e, ok := m.Export(name)
	if !ok || e.Kind != wasmbin.KindFunc {
		return fmt.Errorf("the module must export a function %q", name)
	}
	if got, ok := m.FuncType(e.Index); !ok || !got.Equal(want) {
		return fmt.Errorf("export %q has type %v, want %v", name, got, want)
	}
	return nil
}
