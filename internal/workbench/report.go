package workbench

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// Write prints the report for people.
func (r *Report) Write(w io.Writer) {
	fmt.Fprintf(w, "%s: %d bytes", r.File, r.Size)
	if r.SHA256 != "" {
		fmt.Fprintf(w, ", sha256 %s", r.SHA256)
	}
	fmt.Fprintln(w)
	if r.ID != "" {
		fmt.Fprintf(w, "plugin %s %s, ABI %s\n", r.ID, r.Version, r.ABI)
	}
	for _, h := range r.Handlers {
		fmt.Fprintf(w, "  %3d  %s\n", h.Number, h.On)
	}
	for _, c := range r.Capabilities {
		fmt.Fprintln(w, "asks for "+c.Words)
	}
	for _, p := range r.Permissions {
		fmt.Fprintln(w, "asks for "+p.Words)
	}
	if r.ID != "" && len(r.Grants) == 0 {
		fmt.Fprintln(w, "asks for nothing")
	}
	for _, does := range r.Does {
		fmt.Fprintln(w, does)
	}
	for _, s := range r.Settings {
		fmt.Fprintln(w, s)
	}
	if len(r.Imports) > 0 {
		fmt.Fprintf(w, "imports %s\n", strings.Join(r.Imports, ", "))
	}
	if c := r.Compile; c != nil {
		fmt.Fprintf(w, "compiled in %.0f ms; an instance has %d KiB, is taken in %.1f µs and reset in %.1f µs\n", c.Millis, c.MemoryKiB, c.AcquireMicros, c.ResetMicros)
	}
	for _, p := range r.Warnings {
		fmt.Fprintf(w, "warning: %s\n", p)
	}
	if !r.OK() {
		return
	}
	fmt.Fprintf(w, "ok; an operator runs it with this among the plugins of a tenant:\n\n%s", r.Entry)
}

// entry is what an operator writes: module, checksum, grants, and the settings
// that have no default.
func (r *Report) entry() string {
	var b strings.Builder
	fmt.Fprintf(&b, "      - id: %s\n        module: ./%s\n        sha256: %s\n        grants: [%s]\n", r.ID, filepath.Base(r.File), r.SHA256, strings.Join(r.Grants, ", "))
	head := "        config:\n"
	for _, s := range r.Settings {
		if !s.Required {
			continue
		}
		b.WriteString(head)
		head = ""
		fmt.Fprintf(&b, "          %s: …\n", s.Name)
	}
	return b.String()
}

// String says what a setting is, on one line.
func (s Setting) String() string {
	kind := s.Type
	switch {
	case s.Required:
		kind += ", required"
	case len(s.Default) > 0:
		kind += ", default " + string(s.Default)
	}
	if kind = strings.TrimPrefix(kind, ", "); kind != "" {
		kind = " (" + kind + ")"
	}
	return strings.TrimSuffix("setting "+s.Name+kind+": "+strings.Join(strings.Fields(s.Description), " "), ": ")
}
