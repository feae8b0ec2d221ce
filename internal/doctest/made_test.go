package doctest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/httpapi"
	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/plugins"
)

var update = flag.Bool("update", false, "write the made parts of docs anew")

const root = "../.."

// TestMadeParts compares what stands between "<!-- made: NAME -->" and
// "<!-- end -->" with what the sources give.
func TestMadeParts(t *testing.T) {
	for _, part := range []struct {
		page, name string
		make       func(*testing.T) string
	}{
		{"compatibility.md", "endpoints", endpoints},
		{"compatibility.md", "missing", missing},
		{"compatibility.md", "deviations", deviations},
		{"mails.md", "mails", mails},
		{"plugins.md", "granted", granted},
		{"plugins.md", "plugins", pluginPages},
	} {
		path := filepath.Join(root, "docs", part.page)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		begin, end := "<!-- made: "+part.name+" -->\n", "<!-- end -->"
		head, rest, ok := strings.Cut(string(text), begin)
		have, tail, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("docs/%s has no part %q", part.page, part.name)
		}
		want := part.make(t)
		if have == want {
			continue
		}
		if !*update {
			t.Errorf("docs/%s is not current; run: go test ./internal/doctest -update\n%s", part.page, gocmp.Diff(have, want))
			continue
		}
		if err := os.WriteFile(path, []byte(head+begin+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func manifestOf(t *testing.T, id string) *pluginapi.Manifest {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "plugins", id, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := pluginapi.ParseManifest(text)
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return m
}

// endpoints is a table of all that is served, the engine's first.
func endpoints(t *testing.T) string {
	t.Helper()
	set, err := dispatch.NewSet(nil)
	if err != nil {
		t.Fatal(err)
	}
	api, err := httpapi.New(httpapi.Config{Realm: &dispatch.Realm{BaseURL: "http://localhost"}, Plugins: set})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| endpoint | served by | |\n|---|---|---|\n")
	for _, r := range api.Routes() {
		fmt.Fprintf(&b, "| `%s %s` | the engine | |\n", r.Method, r.Path)
	}
	for _, id := range plugins.IDs() {
		for _, h := range manifestOf(t, id).Handlers {
			if h.Kind == pluginapi.KindEndpoint {
				fmt.Fprintf(&b, "| `%s %s` | [%s](plugins.md#%s) | %s |\n", h.Method, h.Path, id, id, notes(t, h))
			}
		}
	}
	return b.String()
}

// official is a published package with the plugins in it, as
// conformance/reference/plugins.mjs lists them.
type official struct {
	Package, Version string
	Plugins          []string
}

// renamed are official plugins that have another name here.
var renamed = map[string]string{"haveibeenpwned": "have-i-been-pwned", "generic-oauth": "social"}

// missing lists which official plugins are not here, by package: what every
// version has once.
func missing(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "conformance", "reference", "plugins.json"))
	if err != nil {
		t.Fatal(err)
	}
	var packages []official
	if err := json.Unmarshal(text, &packages); err != nil || len(packages) == 0 {
		t.Fatalf("%d packages, %v", len(packages), err)
	}
	var out, single strings.Builder
	told := map[string]bool{}
	for _, p := range packages {
		var ids []string
		for _, id := range p.Plugins {
			if !told[id] && !slices.Contains(plugins.IDs(), cmp.Or(renamed[id], id)) {
				ids = append(ids, "`"+id+"`"+dropped(packages, p, id))
			}
			told[id] = true
		}
		name := "`" + p.Package + "` " + p.Version
		switch {
		case len(ids) == 0:
		case len(p.Plugins) == 1:
			fmt.Fprintf(&single, ", %s", name)
		default:
			fmt.Fprintf(&out, "* Plugins of %s: %s.\n", name, strings.Join(ids, ", "))
		}
	}
	if single.Len() > 0 {
		fmt.Fprintf(&out, "* Packages with one plugin: %s.\n", strings.TrimPrefix(single.String(), ", "))
	}
	return out.String()
}

// dropped notes that a later version of a package has a plugin no more.
func dropped(packages []official, p official, id string) string {
	for _, later := range packages {
		if later.Package == p.Package && later.Version > p.Version && !slices.Contains(later.Plugins, id) {
			return " (dropped by " + later.Version + ")"
		}
	}
	return ""
}

// notes says of an endpoint what the table has no column for.
func notes(t *testing.T, h pluginapi.Handler) string {
	t.Helper()
	var operation struct{ Summary string }
	if len(h.OpenAPI) > 0 {
		if err := json.Unmarshal(h.OpenAPI, &operation); err != nil {
			t.Fatal(err)
		}
	}
	out := []string{operation.Summary}
	if h.Root {
		out = append(out, "at the origin, not below the base path")
	}
	if len(h.Dialects) > 0 {
		out = append(out, "dialect "+strings.Join(h.Dialects, ", "))
	}
	if h.PathFrom != "" {
		out = append(out, "the setting `"+h.PathFrom+"` moves it")
	}
	if h.Access == pluginapi.AccessServer {
		out = append(out, "with a service key alone")
	}
	return strings.Join(slices.DeleteFunc(out, func(s string) bool { return s == "" }), "; ")
}

// deviations is a table of conformance/deviations.json.
func deviations(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "conformance", "deviations.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ Scenario, Exchange, Reason string }
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| where the tests see it | what differs, and why |\n|---|---|\n")
	for _, d := range list {
		where := "`" + strings.ReplaceAll(d.Scenario, "|", "\\|") + "`"
		if d.Exchange != "" {
			where += ", `" + strings.ReplaceAll(d.Exchange, "|", "\\|") + "`"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", where, strings.ReplaceAll(d.Reason, "|", "\\|"))
	}
	return b.String()
}

// granted is a table of what the plugins are granted.
func granted(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("\n| plugin | capabilities | permissions |\n|---|---|---|\n")
	for _, id := range plugins.IDs() {
		m := manifestOf(t, id)
		var can, sees []string
		for _, c := range m.Capabilities {
			can = append(can, withScope(c.Name, c.Read, c.Write, c.Keys, c.Purposes, c.Hosts))
		}
		for _, p := range m.Permissions {
			sees = append(sees, withScope(p.Name, p.Read, p.Write))
		}
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", id, id, strings.Join(can, ", "), strings.Join(sees, ", "))
	}
	return b.String() + "\n"
}

// withScope is a name with what narrows it.
func withScope(name string, narrowed ...[]string) string {
	all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(narrowed...))))
	if len(all) == 0 {
		return "`" + name + "`"
	}
	return "`" + name + "` (" + strings.Join(all, ", ") + ")"
}

// mails is a table of the mails that the plugins declare.
func mails(t *testing.T) string {
	t.Helper()
	type declared struct {
		Subject   string
		Variables map[string]pluginapi.MailVariable
	}
	senders, all := map[string][]string{}, map[string]declared{}
	for _, id := range plugins.IDs() {
		m := manifestOf(t, id)
		for _, name := range m.MailNames() {
			mail, _ := m.Mail(name)
			senders[name] = append(senders[name], "["+id+"](plugins.md#"+id+")")
			this := declared{mail.Subject, mail.Variables}
			if have, ok := all[name]; ok && !reflect.DeepEqual(have, this) {
				t.Errorf("plugins declare the mail %s in different ways, which one row cannot show", name)
			}
			all[name] = this
		}
	}
	var b strings.Builder
	b.WriteString("\n| mail | sent by | subject | variables |\n|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var variables []string
		for _, v := range slices.Sorted(maps.Keys(all[name].Variables)) {
			variables = append(variables, "`"+v+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, strings.Join(senders[name], ", "), all[name].Subject, strings.Join(variables, ", "))
	}
	return b.String() + "\n"
}

// pluginPages has a section for each plugin.
func pluginPages(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, id := range plugins.IDs() {
		m := manifestOf(t, id)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s\nIt stores %s.\n\n", id, m.Description, usage(t, id), stored(m))
		for _, h := range m.Handlers {
			if h.Kind == pluginapi.KindEndpoint {
				fmt.Fprintf(&b, "* `%s %s`: %s\n", h.Method, h.Path, notes(t, h))
			} else {
				fmt.Fprintf(&b, "* a hook on `%s`%s\n", h.Event, map[bool]string{true: ", delivered durably"}[h.Durable()])
			}
		}
		for _, c := range m.Capabilities {
			fmt.Fprintf(&b, "* asks for `%s`: %s\n", c.Name, c.Reason)
		}
		for _, p := range m.Permissions {
			fmt.Fprintf(&b, "* has the permission `%s`: %s\n", p.Name, p.Reason)
		}
		for _, name := range m.MailNames() {
			fmt.Fprintf(&b, "* sends the mail [`%s`](mails.md)\n", name)
		}
		for _, c := range m.Cookies {
			how := ""
			if c.Sealed {
				how = ", encrypted and bound to the session"
			}
			fmt.Fprintf(&b, "* sets the cookie `%s`%s\n", c.Name, how)
		}
		b.WriteString(settings(t, m.Config))
		if codes := errorCodes(m); len(codes) > 0 {
			fmt.Fprintf(&b, "\nError codes: `%s`.\n", strings.Join(codes, "`, `"))
		}
	}
	return b.String()
}

// errorCodes lists the codes of a manifest's errors, each once.
func errorCodes(m *pluginapi.Manifest) []string {
	var codes []string
	for name := range m.Errors {
		if e, _ := m.Error(name); *e.Code != "" {
			codes = append(codes, *e.Code)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// schema is what settings shows of a JSON Schema.
type schema struct {
	Type        any
	Description string
	Default     json.RawMessage
	Enum        []string
	Properties  json.RawMessage
	Items       struct{ Enum []string }
	Defs        map[string]json.RawMessage `json:"$defs"`
	// AdditionalProperties describes the members of an object whose names the
	// operator chooses; those in Properties are names with a meaning.
	AdditionalProperties json.RawMessage
}

// settings is a table of a plugin's configuration, in the manifest's order.
func settings(t *testing.T, config json.RawMessage) string {
	t.Helper()
	var b strings.Builder
	var whole schema
	if len(config) > 0 {
		if err := json.Unmarshal(config, &whole); err != nil {
			t.Fatal(err)
		}
	}
	addSettings(t, &b, "", config, whole.Defs)
	if b.Len() == 0 {
		return "\nIt has no settings.\n"
	}
	return "\n| setting | default | meaning |\n|---|---|---|\n" + b.String()
}

func addSettings(t *testing.T, b *strings.Builder, prefix string, text json.RawMessage, defs map[string]json.RawMessage) {
	t.Helper()
	if len(text) == 0 {
		return
	}
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	for _, m := range members(t, s.Properties) {
		var p schema
		if err := json.Unmarshal(m.value, &p); err != nil {
			t.Fatal(err)
		}
		if p.Description == "" { // then that of its definition counts
			describe(t, m.value, defs, &p)
		}
		if def, ok := defs[memberDef(p)]; ok {
			known := members(t, p.Properties)
			names := make([]string, len(known))
			for i, k := range known {
				names[i] = "`" + k.name + "`"
			}
			fmt.Fprintf(b, "| `%s%s` | | %s Presets: %s. |\n", prefix, m.name, p.Description, strings.Join(names, ", "))
			addSettings(t, b, prefix+m.name+".ID.", def, defs)
			continue
		}
		if len(p.Properties) > 0 {
			addSettings(t, b, prefix+m.name+".", m.value, defs)
			continue
		}
		preset := ""
		if len(p.Default) > 0 {
			preset = "`" + string(p.Default) + "`"
		}
		meaning := p.Description
		if len(p.Enum) > 0 {
			meaning += " One of `" + strings.Join(p.Enum, "`, `") + "`."
		}
		if len(p.Items.Enum) > 0 {
			meaning += " Of `" + strings.Join(p.Items.Enum, "`, `") + "`."
		}
		fmt.Fprintf(b, "| `%s%s` | %s | %s |\n", prefix, m.name, preset, strings.ReplaceAll(meaning, "|", "\\|"))
		if bytes.HasPrefix(p.AdditionalProperties, []byte("{")) {
			addSettings(t, b, prefix+m.name+".NAME.", p.AdditionalProperties, defs)
		}
	}
}

// memberDef is the name of the definition that an object's members have.
func memberDef(s schema) string { return refOf(s.AdditionalProperties) }

// refOf is the name of the definition that a schema refers to, "" if it does
// not.
func refOf(text json.RawMessage) string {
	var s struct {
		Ref string `json:"$ref"`
	}
	_ = json.Unmarshal(text, &s) // false, or absent: none
	return strings.TrimPrefix(s.Ref, "#/$defs/")
}

// describe reads the definition that a schema refers to.
func describe(t *testing.T, text json.RawMessage, defs map[string]json.RawMessage, s *schema) {
	t.Helper()
	if def, ok := defs[refOf(text)]; ok {
		if err := json.Unmarshal(def, s); err != nil {
			t.Fatal(err)
		}
	}
}

type member struct {
	name  string
	value json.RawMessage
}

// members lists the members of a JSON object in their order.
func members(t *testing.T, text json.RawMessage) (list []member) {
	t.Helper()
	if len(text) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		m := member{name: fmt.Sprint(name)}
		if err := dec.Decode(&m.value); err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}
