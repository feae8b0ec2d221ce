package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write schema.json and docs/authhost.schema.json anew")

// The schema is made from the structs: names, defaults and bounds from their
// tags, descriptions from their comments.
func TestSchemaIsCurrent(t *testing.T) {
	want := makeSchema(t)
	published := filepath.Join("..", "..", "docs", "authhost.schema.json")
	for _, path := range []string{"schema.json", published} {
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not current; run go test ./engine/config -update\n%s", path, diff)
		}
	}
}

// Every file that Parse accepts must please an editor, too.
func TestSchemaAcceptsGoodFiles(t *testing.T) {
	s := compileSchema(t)
	for _, path := range yamlFiles(t, "testdata/good") {
		if err := s.Validate(yamlAsJSON(t, path)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSchemaRefusesUnknownKeys(t *testing.T) {
	s := compileSchema(t)
	for _, name := range []string{"unknown-key", "bad-enum", "missing-keys", "number-out-of-range"} {
		if err := s.Validate(yamlAsJSON(t, "testdata/bad/"+name+".yaml")); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("authhost.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("authhost.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func yamlAsJSON(t *testing.T, path string) any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.YAMLToJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func yamlFiles(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	return paths
}

// schemaMaker writes one definition per struct type.
type schemaMaker struct {
	comments map[string]string // by "Type.Field"
	defs     *document.Object
}

func makeSchema(t *testing.T) []byte {
	t.Helper()
	m := &schemaMaker{comments: fieldComments(t), defs: document.NewObject(16)}
	root := m.object(reflect.TypeFor[Config]())
	m.defs.Set("reference", obj("type", "string", "pattern", `\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}`, "description", "A value from the environment: ${NAME} or ${NAME:-default}."))
	m.defs.Set("duration", obj("type", "string", "pattern", `^([0-9]+|([0-9.]+(ns|us|µs|ms|s|m|h|d|w))+)$`, "description", "A length of time, such as 90s, 15m, 1h30m, 7d or 2w; a bare number counts seconds."))
	out := document.NewObject(8).
		Set("$schema", document.Text("https://json-schema.org/draft/2020-12/schema")).
		Set("title", document.Text("authhost.yaml")).
		Set("description", document.Text("Configuration of an authhost server."))
	for name, v := range root.Object().All() {
		out.Set(name, v)
	}
	out.Set("$defs", document.Obj(m.defs))
	var b bytes.Buffer
	if err := json.Indent(&b, document.Obj(out).JSON(), "", "  "); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), '\n')
}

var scalarType = reflect.TypeFor[Scalar]()

// object returns the schema of a struct type.
func (m *schemaMaker) object(t reflect.Type) document.Value {
	properties, required := document.NewObject(16), []document.Value{}
	for _, k := range keys(t) {
		f := t.Field(k.index)
		s := document.NewObject(4).Set("description", document.Text(m.comments[t.Name()+"."+f.Name]))
		for name, v := range m.value(f.Type, k.tag).All() {
			s.Set(name, v)
		}
		if text := k.tag.Get("default"); text != "" {
			s.Set("default", defaultValue(f.Type, text))
		}
		properties.Set(k.name, document.Obj(s))
		if k.required {
			required = append(required, document.Text(k.name))
		}
	}
	out := document.NewObject(4).Set("type", document.Text("object")).Set("additionalProperties", document.Boolean(false))
	if len(required) > 0 {
		out.Set("required", document.List(required...))
	}
	return document.Obj(out.Set("properties", document.Obj(properties)))
}

func (m *schemaMaker) value(t reflect.Type, tag reflect.StructTag) *document.Object {
	reference := obj("$ref", "#/$defs/reference")
	either := func(v document.Value) *document.Object {
		return document.NewObject(2).Set("anyOf", document.List(v, reference))
	}
	switch t {
	case durationType:
		return document.NewObject(2).Set("anyOf", document.List(obj("$ref", "#/$defs/duration"), obj("type", "integer", "minimum", "0"), reference))
	case secretType, prefixType:
		return obj("type", "string").Object()
	case scalarType:
		return document.NewObject(1).Set("type", document.List(document.Text("string"), document.Text("number"), document.Text("boolean")))
	case rawType:
		return obj("type", "object").Object()
	}
	switch t.Kind() {
	case reflect.String:
		if enum := tag.Get("enum"); enum != "" {
			choices := []document.Value{}
			for choice := range strings.SplitSeq(enum, ",") {
				if choice == "true" || choice == "false" {
					choices = append(choices, document.Boolean(choice == "true"))
				}
				choices = append(choices, document.Text(choice))
			}
			return either(document.Obj(document.NewObject(1).Set("enum", document.List(choices...))))
		}
		return obj("type", "string").Object()
	case reflect.Bool:
		return either(obj("type", "boolean"))
	case reflect.Slice:
		return document.NewObject(2).Set("type", document.Text("array")).Set("items", document.Obj(m.value(t.Elem(), "")))
	case reflect.Map:
		return document.NewObject(2).Set("type", document.Text("object")).Set("additionalProperties", obj("type", "string"))
	case reflect.Pointer:
		return m.value(t.Elem(), tag)
	case reflect.Struct:
		name := strings.ToLower(t.Name()[:1]) + t.Name()[1:]
		if !m.defs.Has(name) {
			m.defs.Set(name, document.NullValue()) // keeps its place
			m.defs.Set(name, m.object(t))
		}
		if reflect.PointerTo(t).Implements(reflect.TypeFor[switchable]()) {
			return document.NewObject(1).Set("anyOf", document.List(obj("type", "boolean"), obj("$ref", "#/$defs/"+name), reference))
		}
		return obj("$ref", "#/$defs/"+name).Object()
	default:
		s := []string{"type", "integer", "minimum", "0"}
		if least := tag.Get("min"); least != "" {
			s[3] = least
		}
		if most := tag.Get("max"); most != "" {
			s = append(s, "maximum", most)
		}
		return either(obj(s...))
	}
}

func defaultValue(t reflect.Type, text string) document.Value {
	switch {
	case t == durationType || t.Kind() == reflect.String:
		return document.Text(text)
	case t.Kind() == reflect.Slice:
		return document.List(document.Text(text))
	default: // JSON as it is
		v, _ := document.Parse([]byte(text), 1)
		return v
	}
}

// obj makes an object of texts; numbers after minimum and maximum.
func obj(pairs ...string) document.Value {
	out := document.NewObject(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		v := document.Text(pairs[i+1])
		if pairs[i] == "minimum" || pairs[i] == "maximum" {
			v, _ = document.Parse([]byte(pairs[i+1]), 1)
		}
		out.Set(pairs[i], v)
	}
	return document.Obj(out)
}

// fieldComments reads the comments of all struct fields of the package.
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, path := range []string{"types.go", "tenant.go", "keys.go", "texts.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					text := strings.Join(strings.Fields(f.Doc.Text()), " ")
					for _, name := range f.Names {
						out[spec.Name.Name+"."+name.Name] = text
					}
					if f.Tag != nil && !strings.Contains(f.Tag.Value, `yaml:"-"`) && text == "" {
						t.Errorf("%s.%s has no comment to describe the key", spec.Name, f.Names[0])
					}
				}
			}
			return true
		})
	}
	return out
}
