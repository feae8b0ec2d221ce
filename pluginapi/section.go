package pluginapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNoManifest is returned by UnpackModule and ManifestOf for a module without
// the custom section ManifestSection.
var ErrNoManifest = errors.New("the module has no custom section " + ManifestSection)

var wasmHeader = []byte{0, 'a', 's', 'm', 1, 0, 0, 0}

// Section ids of the WebAssembly core specification, version 1.
const (
	sectionCustom = 0
	sectionImport = 2
)

// section is one section of a binary module.
type section struct {
	id      byte
	name    string // of a custom section
	content []byte // after the name, for a custom section
	raw     []byte // the whole section: id, size and payload
}

// sections splits a binary module (WebAssembly core specification, version 1,
// section 5.5) into its sections.
func sections(wasm []byte) ([]section, error) {
	if !bytes.HasPrefix(wasm, wasmHeader) {
		return nil, errors.New("not a WebAssembly 1.0 binary module")
	}
	var out []section
	for r := (reader{data: wasm, pos: len(wasmHeader)}); r.pos < len(wasm); {
		start := r.pos
		s := section{id: r.byte()}
		s.content = r.bytes(r.u32())
		if r.failed {
			return nil, fmt.Errorf("the module is cut off in the section at byte %d", start)
		}
		s.raw = wasm[start:r.pos]
		if s.id == sectionCustom {
			c := reader{data: s.content}
			s.name = string(c.bytes(c.u32()))
			if c.failed {
				return nil, fmt.Errorf("the custom section at byte %d has no name", start)
			}
			s.content = s.content[c.pos:]
		}
		out = append(out, s)
	}
	return out, nil
}

// PackModule returns the module with a manifest in its custom section
// ManifestSection; an earlier manifest is replaced. The manifest is JSON text
// as a plugin author writes it. It is refused when ParseManifest or Validate
// refuses it, when its ABI version does not suit this package, or when the
// module imports a capability for which it does not ask. PackModule is
// deterministic.
func PackModule(wasm, manifest []byte) ([]byte, error) {
	m, err := ParseManifest(manifest)
	if err != nil {
		return nil, err
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if err := Compatible(m.ABI); err != nil {
		return nil, err
	}
	imported, err := ImportedCapabilities(wasm)
	if err != nil {
		return nil, err
	}
	for _, name := range imported {
		if !slices.ContainsFunc(m.Capabilities, func(c Capability) bool { return c.Name == name }) {
			return nil, fmt.Errorf("the module imports the capability %q, but its manifest does not ask for it", name)
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, manifest); err != nil {
		return nil, err
	}
	all, err := sections(wasm)
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(wasm)+compact.Len()+64), wasmHeader...)
	for _, s := range all {
		if s.id != sectionCustom || s.name != ManifestSection {
			out = append(out, s.raw...)
		}
	}
	return appendCustom(out, ManifestSection, compact.Bytes()), nil
}

func appendCustom(dst []byte, name string, content []byte) []byte {
	payload := appendU32(nil, len(name))
	payload = append(append(payload, name...), content...)
	dst = appendU32(append(dst, sectionCustom), len(payload))
	return append(dst, payload...)
}

// UnpackModule returns the manifest's JSON text from a packed module, or
// ErrNoManifest. More than one manifest is an error.
func UnpackModule(wasm []byte) ([]byte, error) {
	all, err := sections(wasm)
	if err != nil {
		return nil, err
	}
	var found []byte
	for _, s := range all {
		if s.id != sectionCustom || s.name != ManifestSection {
			continue
		}
		if found != nil {
			return nil, errors.New("the module has more than one manifest")
		}
		found = s.content
	}
	if found == nil {
		return nil, ErrNoManifest
	}
	return found, nil
}

// ManifestOf reads, parses and validates the manifest of a packed module and
// checks that its ABI version suits this package.
func ManifestOf(wasm []byte) (*Manifest, error) {
	text, err := UnpackModule(wasm)
	if err != nil {
		return nil, err
	}
	m, err := ParseManifest(text)
	if err != nil {
		return nil, err
	}
	if err := Compatible(m.ABI); err != nil {
		return nil, err
	}
	return m, m.Validate()
}

// ImportedCapabilities returns the names of the capabilities whose import
// modules a module names, sorted. Import modules of other ABI versions are a
// *VersionError.
func ImportedCapabilities(wasm []byte) ([]string, error) {
	all, err := sections(wasm)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range all {
		if s.id != sectionImport {
			continue
		}
		modules, err := importModules(s.content)
		if err != nil {
			return nil, err
		}
		for _, module := range modules {
			if name, ok := strings.CutPrefix(module, CapabilityPrefix); ok {
				names = append(names, name)
			} else if other, ok := strings.CutPrefix(module, "authhost_v"); ok && module != Namespace {
				return nil, &VersionError{Wanted: strings.SplitN(other, "_", 2)[0] + ".0"}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// importModules lists the module names of an import section.
func importModules(content []byte) ([]string, error) {
	r := reader{data: content}
	var modules []string
	for n := r.u32(); n > 0 && !r.failed; n-- {
		modules = append(modules, string(r.bytes(r.u32())))
		r.bytes(r.u32()) // the field's name
		switch r.byte() {
		case 0: // function: type index
			r.u32()
		case 1: // table: reference type, limits
			r.byte()
			r.limits()
		case 2: // memory
			r.limits()
		case 3: // global: value type, mutability
			r.bytes(2)
		default:
			r.failed = true
		}
	}
	if r.failed {
		return nil, errors.New("the module's import section is malformed")
	}
	return modules, nil
}
