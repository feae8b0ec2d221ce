package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a configuration file. Lines and columns count from
// 1; zero means unknown.
type Position struct {
	File   string
	Line   int
	Column int
}

// String returns file:line:column, without the parts that are unknown.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Error is one fault of a configuration file: the place, what is wrong there
// and what to do about it. It never holds the value of a secret.
type Error struct {
	File    string
	Line    int // from 1; 0 when the fault has no place in the file
	Column  int // from 1
	Message string
	Remedy  string // an instruction; may be empty
}

// Position returns the place of the fault.
func (e *Error) Position() Position { return Position{e.File, e.Line, e.Column} }

// Error returns "file:line:column: message; remedy".
func (e *Error) Error() string {
	s := e.Position().String() + ": " + e.Message
	if e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

// maxFaults is how many faults of one file are reported. Further ones are
// likely consequences of the first.
const maxFaults = 20

// faults collects what is wrong with one file.
type faults struct {
	file string
	list []*Error
	more int
}

func (f *faults) add(pos place, message, remedy string) {
	if len(f.list) == maxFaults {
		f.more++
		return
	}
	f.list = append(f.list, &Error{File: f.file, Line: pos.Line, Column: pos.Column, Message: message, Remedy: remedy})
}

// err joins the faults in the order of the file; nil when there are none.
func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	slices.SortStableFunc(f.list, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	joined := make([]error, 0, len(f.list)+1)
	for _, e := range f.list {
		joined = append(joined, e)
	}
	if f.more > 0 {
		joined = append(joined, fmt.Errorf("%s: %d more faults", f.file, f.more))
	}
	return errors.Join(joined...)
}

// Origin remembers where in the file a section was read, so that faults that
// only show later, such as a missing module, can still name the line.
type Origin struct {
	file string
	node *node
}

// At returns the position of the element that a JSON Pointer (RFC 6901)
// names, relative to the section, or of the deepest element above it that is
// written down. The empty pointer is the section itself.
func (o Origin) At(pointer string) Position {
	n := o.node
	if n == nil {
		return Position{File: o.file}
	}
	pos := n.pos
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		child := n.child(unescapePointer(part))
		if child == nil {
			break
		}
		n, pos = child, child.pos
	}
	return Position{File: o.file, Line: pos.Line, Column: pos.Column}
}

// Fault returns an error at the element that pointer names.
func (o Origin) Fault(pointer, message, remedy string) *Error {
	pos := o.At(pointer)
	return &Error{File: pos.File, Line: pos.Line, Column: pos.Column, Message: message, Remedy: remedy}
}

func unescapePointer(part string) string {
	return strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
}
