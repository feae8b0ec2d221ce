package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// documentTable lists the fields of the document.
func documentTable() string {
	var b strings.Builder
	b.WriteString("\n| path | kind | | set by |\n|---|---|---|---|\n")
	for _, p := range pluginapi.DocumentPaths() {
		path := "`" + p.Path + "`"
		if p.Below {
			path += " …"
		}
		notes := p.Doc
		if p.WriteOnly {
			notes = strings.TrimSuffix("write only: "+notes, ": ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", path, kindsCell(p.Kinds), withSince(notes, p.Since), setByCell(&p))
	}
	b.WriteString("\n")
	return b.String()
}

func kindsCell(kinds []pluginapi.Kind) string {
	if len(kinds) == 0 {
		return "any"
	}
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.String()
	}
	return strings.Join(names, ", ")
}

// setByCell says whose handlers may set a field.
func setByCell(p *pluginapi.DocumentPath) string {
	if p.Always && p.ButIn == nil {
		return "always"
	}
	if p.Always {
		return "always, but in `" + strings.Join(p.ButIn, "`, `") + "`"
	}
	var who []string
	if p.Endpoints {
		who = append(who, "endpoints")
	}
	if p.Services {
		who = append(who, "services")
	}
	for _, event := range p.SetBy() {
		who = append(who, "`"+event+"`")
	}
	return strings.Join(who, ", ")
}

func withSince(notes, version string) string {
	if version == "" {
		return notes
	}
	return strings.TrimPrefix(notes+". Since "+version, ". ")
}

// eventsTable lists the events. Observers are marked.
func eventsTable() string {
	var b strings.Builder
	b.WriteString("\n| event | is raised | sees | sets | may |\n|---|---|---|---|---|\n")
	for _, e := range pluginapi.ContractEvents() {
		name := "`" + e.Name + "`"
		if slices.Contains(e.Failures, pluginapi.FailSkip) {
			name += " †"
		}
		if e.Durable {
			name += " ‡"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", name, withSince(e.When, e.Since), seesCell(&e), pathsCell(e.Sets), mayCell(&e))
	}
	b.WriteString("\n")
	return b.String()
}

// seesCell lists what the document has for an event.
func seesCell(e *pluginapi.Event) string {
	var parts []string
	for _, path := range e.Sees {
		part := "`" + path + "`"
		if path == "record" && e.Record != "" {
			part += " (" + e.Record + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// pathsCell lists paths. All fields of the answer are one word.
func pathsCell(paths []string) string {
	var parts []string
	answer := 0
	for _, p := range paths {
		if strings.HasPrefix(p, "response.") {
			answer++
		}
	}
	whole := answer == len(answerPaths())
	for _, p := range paths {
		switch {
		case !whole || !strings.HasPrefix(p, "response."):
			parts = append(parts, "`"+p+"`")
		case !slices.Contains(parts, "`response`"):
			parts = append(parts, "`response`")
		}
	}
	return strings.Join(parts, ", ")
}

// answerPaths lists the fields of the answer that endpoints set.
func answerPaths() []string {
	var paths []string
	for _, p := range pluginapi.DocumentPaths() {
		if p.Endpoints {
			paths = append(paths, p.Path)
		}
	}
	return paths
}

func mayCell(e *pluginapi.Event) string {
	if need, ok := pluginapi.EventPermission(e.Name); ok {
		return e.May + ". Needs the permission `" + need.Name + "`"
	}
	return e.May
}

// phasesList explains the values of event.phase.
func phasesList() string {
	var b strings.Builder
	b.WriteString("\n| event | phase | |\n|---|---|---|\n")
	for _, e := range pluginapi.ContractEvents() {
		for _, phase := range e.Phases {
			fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", e.Name, phase.Name, phase.Doc)
		}
	}
	b.WriteString("\n")
	return b.String()
}
