package wasmtest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// Guest is a plugin module under construction.
type Guest struct {
	manifest *pluginapi.Manifest
	imports  []string // "module name"
	types    []string // signature of each import
	handlers []handler
	data     []byte
	table    bool   // it has one
	entry    []byte // entry of the code section, if it is not made of the handlers
}

type handler struct {
	number int32
	code   []byte
}

// A Step is something that a handler does.
type Step func(*Guest) []byte

// Indices of the imports that every guest has.
const (
	importGet uint32 = iota
	importSet
	importTake
	importLog
	firstCapability
)

// Layout of a guest's memory: a digit that Report writes, room for results,
// then the texts of the steps.
const (
	addrDigit = 8
	addrOut   = 1024
	outSize   = 4096
	addrTexts = addrOut + outSize
)

// Locals of the entry function; local 0 is the handler's number.
const (
	localStatus = 1 // i32: status of the last host call
	localResult = 2 // i64: what the last get or capability call returned
)

// maxPages bounds every guest's memory, in pages of 64 KiB.
const maxPages = 256

// New starts a module that imports the capabilities of its manifest. A
// manifest without version or ABI gets those of the tests, and one that asks for
// mails or text messages without having any the mail verify-email or the message
// code.
func New(m *pluginapi.Manifest) *Guest {
	if m.Version == "" {
		m.Version = "1.0.0"
	}
	if m.ABI == "" {
		m.ABI = fmt.Sprintf("%d.%d", pluginapi.Major, pluginapi.Minor)
	}
	if _, sends := m.Capability(pluginapi.CapEmail); sends && m.Mails == nil && m.ABI != "1.0" {
		text := pluginapi.MailVariable{Type: pluginapi.MailString}
		m.Mails = map[string]pluginapi.Mail{"verify-email": {
			Subject: "Verify your address", Text: "{{.url}}", Variables: map[string]pluginapi.MailVariable{"url": {Type: pluginapi.MailURL}, "token": text, "title": text},
		}}
	}
	if _, sends := m.Capability(pluginapi.CapSMS); sends && m.Messages == nil {
		m.Messages = map[string]pluginapi.TextMessage{"code": {
			Text: "{{.code}} for {{.app}}", Variables: map[string]pluginapi.MailVariable{"code": {Type: pluginapi.MailCode, Required: true}},
		}}
	}
	g := &Guest{manifest: m}
	g.addImport(pluginapi.Namespace, "get", "iiii>I")
	g.addImport(pluginapi.Namespace, "set", "iiiii>i")
	g.addImport(pluginapi.Namespace, "take", "ii>I")
	g.addImport(pluginapi.Namespace, "log", "iii>")
	for _, c := range m.Capabilities {
		g.addImport(pluginapi.CapabilityPrefix+c.Name, "call", "iiiiii>I")
	}
	g.addImport("wasi_snapshot_preview1", "proc_exit", "i>")
	return g
}

func (g *Guest) addImport(module, name, signature string) {
	g.imports = append(g.imports, module+" "+name)
	g.types = append(g.types, signature)
}

// Manifest returns the manifest that the module carries.
func (g *Guest) Manifest() *pluginapi.Manifest { return g.manifest }

// Permit asks for permissions; without names for all of them. Of "fields" it
// asks for every field.
func (g *Guest) Permit(names ...string) *Guest {
	if len(names) == 0 {
		names = pluginapi.PermissionNames()
	}
	for _, name := range names {
		p := pluginapi.Permission{Name: name}
		if name == pluginapi.PermFields.String() {
			p.Read = []string{"user.*", "session.*", "account.*", "verification.*"}
			p.Write = p.Read
		}
		g.manifest.Permissions = append(g.manifest.Permissions, p)
	}
	return g
}

// Handler adds what authhost_call does for a number. It returns Continue if
// no step returns.
func (g *Guest) Handler(number int32, steps ...Step) *Guest {
	var code []byte
	for _, step := range steps {
		code = append(code, step(g)...)
	}
	g.handlers = append(g.handlers, handler{number, cat(code, i32(int32(pluginapi.Continue)), []byte{opReturn})})
	return g
}

// text places a text in memory and returns code that pushes its address and
// length.
func (g *Guest) text(s string) []byte {
	at := addrTexts + len(g.data)
	g.data = append(g.data, s...)
	return cat(i32(int32(at)), i32(int32(len(s))))
}

// Module encodes the guest and packs its manifest. Numbers that no Handler
// was given for fail.
func (g *Guest) Module() ([]byte, error) {
	manifest, err := json.Marshal(g.manifest)
	if err != nil {
		return nil, err
	}
	return pluginapi.PackModule(g.encode(), manifest)
}

// Unchecked is Module for manifests that no tool would pack.
func (g *Guest) Unchecked() ([]byte, error) {
	manifest, err := json.Marshal(g.manifest)
	return cat(g.encode(), section(0, cat(vec([]byte(pluginapi.ManifestSection)), manifest))), err
}

func (g *Guest) encode() []byte {
	var types, imports [][]byte
	for i, name := range g.imports {
		module, field, _ := strings.Cut(name, " ")
		types = append(types, signature(g.types[i]))
		imports = append(imports, cat(vec([]byte(module)), vec([]byte(field)), []byte{0}, u(uint64(i))))
	}
	entry := uint32(len(types))
	types = append(types, signature("i>i"))
	pages := uint64(addrTexts+len(g.data))>>16 + 1
	var tables []byte
	if g.table {
		tables = section(4, list([]byte{typeFuncRef, 0, 1}))
	}
	body := cat(u(2), u(1), []byte{typeI32}, u(1), []byte{typeI64}, g.dispatch(), []byte{opEnd})
	code := g.entry
	if code == nil {
		code = vec(body)
	}
	return cat([]byte("\x00asm\x01\x00\x00\x00"),
		section(1, list(types...)),
		section(2, list(imports...)),
		section(3, list(u(uint64(entry)))),
		tables,
		section(5, list(cat([]byte{1}, u(pages), u(maxPages)))),
		section(6, list(cat([]byte{typeI32, 1}, i32(0), []byte{opEnd}))),
		section(7, list(
			cat(vec([]byte(pluginapi.ExportMemory)), []byte{2}, u(0)),
			cat(vec([]byte(pluginapi.ExportCall)), []byte{0}, u(uint64(entry))),
		)),
		section(10, list(code)),
		section(11, list(cat([]byte{0}, i32(addrTexts), []byte{opEnd}, vec(g.data)))),
	)
}

// dispatch is the body of the entry function.
func (g *Guest) dispatch() []byte {
	var code []byte
	for _, h := range g.handlers {
		code = append(code, cat(local(opLocalGet, 0), i32(h.number), []byte{opI32Eq, opIf, typeNone}, h.code, []byte{opEnd})...)
	}
	return append(code, i32(int32(pluginapi.Failed))...)
}

// capability returns the index of a capability's import.
func (g *Guest) capability(name string) uint32 {
	for i, c := range g.manifest.Capabilities {
		if c.Name == name {
			return firstCapability + uint32(i)
		}
	}
	panic(fmt.Sprintf("wasmtest: the manifest of %s does not ask for %s", g.manifest.ID, name))
}
