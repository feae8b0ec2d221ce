package pluginapi

import (
	"bytes"
	"slices"
	"strings"
	"text/template/parse"
)

// Conditions that need no variable, as templates write them.
const (
	always = "true"
	never  = "false"
)

// shown says when a template shows something other than space: a condition for
// {{if}}, made of the variables that the template has.
func shown(list *parse.ListNode) string {
	if list == nil {
		return never
	}
	conditions := make([]string, len(list.Nodes))
	for i, n := range list.Nodes {
		conditions[i] = shownNode(n)
	}
	return either(conditions...)
}

func shownNode(n parse.Node) string {
	switch n := n.(type) {
	case *parse.TextNode:
		if len(bytes.TrimSpace(n.Text)) > 0 {
			return always
		}
	case *parse.ActionNode:
		return n.Pipe.String()
	case *parse.IfNode:
		name := n.Pipe.String()
		return either(both(name, shown(n.List)), both("(not "+name+")", shown(n.ElseList)))
	}
	return never
}

// either is the condition that at least one of some holds.
func either(conditions ...string) string {
	var open []string
	for _, c := range conditions {
		switch {
		case c == always:
			return always
		case c != never && !slices.Contains(open, c):
			open = append(open, c)
		}
	}
	switch len(open) {
	case 0:
		return never
	case 1:
		return open[0]
	}
	return "(or " + strings.Join(open, " ") + ")"
}

// both is the condition that two hold.
func both(a, b string) string {
	switch {
	case a == never || b == never:
		return never
	case a == always || a == b:
		return b
	case b == always:
		return a
	}
	return "(and " + a + " " + b + ")"
}
