package pluginapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// readable says what is wrong with JSON text in the words of a manifest, and in
// which line it is.
func readable(data []byte, err error) error {
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", lineAt(data, syntax.Offset), err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the text ends within the object")
	case errors.As(err, &mistyped):
		return fmt.Errorf("line %d: %w", lineAt(data, mistyped.Offset), wrongType(mistyped))
	}
	if before, name, ok := unknownMember(err); ok {
		return fmt.Errorf("%s%sthere is no member %q", before, linesOf(data, name), name)
	}
	return err
}

// wrongType says that a value is of another type than the member that it is given
// for.
func wrongType(err *json.UnmarshalTypeError) error {
	want, ok := spoken[indirect(err.Type).Kind().String()]
	kind, literal, _ := strings.Cut(err.Value, " ") // "bool", or "number 1.5"
	got := cmp.Or(literal, spoken[kind])
	if !ok || got == "" {
		return err
	}
	return fmt.Errorf("%s is %s, not %s", cmp.Or(err.Field, "the whole"), want, got)
}

// spoken is what people call types of JSON and kinds of Go.
var spoken = map[string]string{
	"string": "a string", "bool": "true or false", "number": "a number", "array": "a list", "object": "an object",
	"slice": "a list", "map": "an object", "struct": "an object", "int": "an integer", "int32": "an integer", "int64": "an integer", "float64": "a number",
}

func indirect(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// unknownMember takes apart an error of encoding/json about a member that there is
// not, which has no type of its own: what others said before it, and the name.
func unknownMember(err error) (before, name string, ok bool) {
	before, quoted, ok := strings.Cut(err.Error(), "json: unknown field ")
	if !ok {
		return "", "", false
	}
	name, err = strconv.Unquote(quoted)
	return before, name, err == nil
}

// lineAt is the line, from 1, of a place in a text.
func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
}

// linesOf says in which lines members of a name are, "" if none is found. In some
// of them the name may be right.
func linesOf(data []byte, name string) string {
	var lines []string
	_ = eachMember(data, func(member string, _ bool, end int64) error {
		if member == name {
			lines = append(lines, strconv.Itoa(lineAt(data, end)))
		}
		return nil
	}) // it was read before
	if len(lines) == 0 {
		return ""
	}
	return "line " + strings.Join(lines, " or ") + ": "
}
