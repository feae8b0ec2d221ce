package pluginapi

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type manifestVector struct {
	Name     string
	Manifest json.RawMessage
	Errors   []string // a part of each
}

// TestManifests: each vector has exactly the faults that it lists.
func TestManifests(t *testing.T) {
	var list []manifestVector
	vectors(t, "manifests.json", &list)
	for _, v := range list {
		t.Run(v.Name, func(t *testing.T) {
			m, err := ParseManifest(v.Manifest)
			if err == nil {
				err = m.Validate()
			}
			got := faults(err)
			for _, want := range v.Errors {
				i := slices.IndexFunc(got, func(g string) bool { return strings.Contains(g, want) })
				if i < 0 {
					t.Errorf("no error with %q in\n%s", want, strings.Join(got, "\n"))
					continue
				}
				got = slices.Delete(got, i, i+1)
			}
			for _, g := range got {
				t.Errorf("unexpected: %s", g)
			}
		})
	}
}

func faults(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestParseManifestIsStrict(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"text after the object": {`{"id":"x"} {}`, "text after the object"},
		"a member twice":        {"{\"id\":\"x\",\n\"id\":\"y\"}", `line 2: member "id" is given twice`},
		"deeper, too":           {`{"handlers":[{"number":1,"limits":{"fuel":1,"fuel":2}}]}`, `member "fuel" is given twice`},
		"not an object":         {`[]`, "line 1: the whole is an object, not a list"},
		"cut off":               {`{"id":`, "the text ends within the object"},
		"a string as number":    {"{\"handlers\":[\n{\"number\":\"1\"}]}", "line 2: handlers.number is an integer, not a string"},
		"a list as text":        {`{"id":["x"]}`, "line 1: id is a string, not a list"},
		"true as text":          {`{"handlers":[{"session":true}]}`, "line 1: handlers.session is a string, not true or false"},
		"a fraction":            {`{"handlers":[{"number":1.5}]}`, "line 1: handlers.number is an integer, not 1.5"},
		"an unknown member":     {"{\n\"handlers\":[{\n\"quary\":{}}]}", `line 3: there is no member "quary"`},
		"one that is elsewhere": {"{\"capabilities\":[{\"reason\":\"x\"}],\n\"handlers\":[{\"reason\":\"x\"}]}", `line 1 or 2: there is no member "reason"`},
		"no comma":              {"{\"id\":\"x\"\n\"name\":\"y\"}", `line 2: invalid character '"' after object key:value pair`},
		"cut off in a list":     {`{"handlers":[`, "the text ends within the object"},
		"too large":             {`{"id":"` + strings.Repeat("x", MaxManifestBytes) + `"}`, "more than the limit"},
	} {
		if _, err := ParseManifest([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	// The same name in two objects is no repetition.
	if _, err := ParseManifest([]byte(`{"id":"x","handlers":[{"number":1},{"number":2}],"config":{"id":"id"}}`)); err != nil {
		t.Error(err)
	}
}

func TestManifestErrorsHavePlaces(t *testing.T) {
	err := (&Manifest{}).Validate()
	var fault *ManifestError
	if !errors.As(err, &fault) || fault.At != "id" {
		t.Errorf("got %v", err)
	}
}

func FuzzParseManifest(f *testing.F) {
	var list []manifestVector
	vectors(f, "manifests.json", &list)
	for _, v := range list {
		f.Add([]byte(v.Manifest))
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		if m, err := ParseManifest(text); err == nil {
			_ = m.Validate() // must not panic
		}
	})
}

func TestSchemaOrder(t *testing.T) {
	s, err := ParseSchema(json.RawMessage(`{"type":"object","properties":{"zeta":{"type":"string"},"alpha":{"type":"boolean"},"mid":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range s.Properties {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, []string{"zeta", "alpha", "mid"}) {
		t.Errorf("order %v", names)
	}
	if s.Properties.Get("alpha").Type != "boolean" || s.Properties.Get("none") != nil {
		t.Error("Get does not find what is there")
	}
}

// wasm builds a module with an import section that names the given modules.
func wasm(modules ...string) []byte {
	content := appendU32(nil, len(modules))
	for _, m := range modules {
		content = append(append(appendU32(content, len(m)), m...), 4)
		content = append(content, "call\x00\x00"...)
	}
	out := append([]byte(nil), wasmHeader...)
	out = append(appendU32(append(out, sectionImport), len(content)), content...)
	return appendCustom(out, "name", []byte{1, 2, 3})
}

const packable = `{
  "id": "hello", "version": "1.0.0", "abi": "1.0",
  "capabilities": [{"name": "random"}],
  "handlers": [{"number": 1, "kind": "endpoint", "method": "GET", "path": "/hello"}]
}`

func TestPackModule(t *testing.T) {
	module := wasm("wasi_snapshot_preview1", Namespace, CapabilityPrefix+"random")
	if _, err := UnpackModule(module); !errors.Is(err, ErrNoManifest) {
		t.Errorf("before: %v", err)
	}
	packed, err := PackModule(module, []byte(packable))
	if err != nil {
		t.Fatal(err)
	}
	m, err := ManifestOf(packed)
	if err != nil || m.ID != "hello" {
		t.Fatalf("got %v, %v", m, err)
	}
	text, err := UnpackModule(packed)
	if err != nil || strings.Contains(string(text), "\n") {
		t.Errorf("got %s, %v", text, err)
	}
	again, err := PackModule(packed, []byte(strings.Replace(packable, "1.0.0", "1.0.1", 1)))
	if err != nil || len(again) != len(packed) {
		t.Fatalf("packing again gave %d bytes after %d, %v", len(again), len(packed), err)
	}
	if m, err := ManifestOf(again); err != nil || m.Version != "1.0.1" {
		t.Errorf("got %v, %v", m, err)
	}
	if _, err := UnpackModule(append(packed, appendCustom(nil, ManifestSection, []byte("{}"))...)); err == nil {
		t.Error("two manifests are accepted")
	}
}

func TestPackModuleRefuses(t *testing.T) {
	good := wasm(Namespace)
	for name, tt := range map[string]struct {
		module   []byte
		manifest string
		want     string
	}{
		"a capability that is not asked for": {wasm(CapabilityPrefix + "email"), packable, `imports the capability "email"`},
		"another major version":              {wasm("authhost_v2_email"), packable, "needs plugin ABI 2.0, this engine speaks 1.1"},
		"a newer minor version":              {good, strings.Replace(packable, `"1.0",`, `"1.7",`, 1), "needs plugin ABI 1.7, this engine speaks 1.1"},
		"an invalid manifest":                {good, strings.Replace(packable, `"GET"`, `"TRACE"`, 1), "handlers[0].method"},
		"no module":                          {[]byte("hello"), packable, "not a WebAssembly"},
		"a module that is cut off":           {good[:len(good)-1], packable, "cut off"},
	} {
		if _, err := PackModule(tt.module, []byte(tt.manifest)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

func FuzzUnpackModule(f *testing.F) {
	f.Add(wasm(Namespace))
	if packed, err := PackModule(wasm(), []byte(packable)); err == nil {
		f.Add(packed)
	}
	f.Fuzz(func(_ *testing.T, module []byte) {
		_, _ = ManifestOf(module)
		_, _ = ImportedCapabilities(module)
	})
}

// TestABIDocument: the text for plugin authors names everything there is.
func TestABIDocument(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(".", "ABI.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, word := range slices.Concat(Events(), CapabilityNames(), reservedCookies, reservedIDs) {
		if !strings.Contains(text, "`"+word+"`") {
			t.Errorf("ABI.md does not mention `%s`", word)
		}
	}
}
