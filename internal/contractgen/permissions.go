package main

import (
	"fmt"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// permissionsTable lists the permissions.
func permissionsTable() string {
	var b strings.Builder
	b.WriteString("\n| permission | sees | changes | hooks that need it |\n|---|---|---|---|\n")
	for _, p := range pluginapi.Permissions() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.Name, p.Sees, p.Changes, code(p.Events))
	}
	b.WriteString("\n")
	return b.String()
}

// ownMark marks what takes a permission in the plugin's own requests as well.
const ownMark = " §"

// guardedTable lists what of the document takes permissions.
func guardedTable() string {
	var b strings.Builder
	b.WriteString("\n| path | to see it | to set it |\n|---|---|---|\n")
	for _, part := range pluginapi.GuardedParts() {
		whole := code(part.Paths)
		if part.See|part.Set != 0 {
			fmt.Fprintf(&b, "| %s%s | %s | %s |\n", whole, mark(part.Own), permissions(part.See), permissions(part.Set))
			whole = "…"
		}
		for _, names := range part.Names {
			depth := ", at any depth"
			if names.Header || len(names.Names) == 1 {
				depth = ""
			}
			at := whole + " " + code(names.Names)
			if len(names.Names) == 1 && whole != "…" {
				at = code([]string{part.Paths[0] + "." + names.Names[0]})
			}
			set := part.Set
			if set != 0 {
				set |= names.Need
			}
			fmt.Fprintf(&b, "| %s%s%s | %s | %s |\n", at, depth, mark(names.Own || part.Own), permissions(part.See|names.Need), permissions(set))
		}
	}
	b.WriteString("\n")
	return b.String()
}

func mark(own bool) string {
	if own {
		return ownMark
	}
	return ""
}

func permissions(set pluginapi.PermissionSet) string { return code(set.Names()) }

// code lists names as code.
func code(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "`" + strings.Join(names, "`, `") + "`"
}
