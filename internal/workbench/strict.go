package workbench

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// strict decodes one JSON value, without members that v does not have. Errors
// name the line; the text begins in line first.
func strict(text []byte, first int, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return explain(text, first, err)
	}
	end := int(d.InputOffset())
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		rest := bytes.TrimLeft(text[end:], " \t\r\n")
		return fmt.Errorf("line %d: there is text after the JSON value", first-1+lineAt(text, len(text)-len(rest)))
	}
	return nil
}

// explain says in which line of a text an error of encoding/json is.
func explain(text []byte, first int, err error) error {
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	place, problem := len(text), err
	quoted, unknown := strings.CutPrefix(err.Error(), "json: unknown field ")
	switch {
	case unknown:
		return fmt.Errorf("line %s: there is no member %s", linesOf(text, first, quoted), quoted)
	case errors.As(err, &syntax):
		place = int(syntax.Offset)
	case errors.As(err, &mistyped):
		place, problem = int(mistyped.Offset), fmt.Errorf("%s cannot be a JSON %s", cmp.Or(embedded.Replace(mistyped.Field), "the value"), mistyped.Value)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		problem = errors.New("the text ends within the JSON value")
	}
	return fmt.Errorf("line %d: %w", first-1+lineAt(text, place), problem)
}

// embedded takes the types out of the path of a member that JSON shows without
// them.
var embedded = strings.NewReplacer("Step.", "", "Input.", "")

// linesOf lists the lines in which there are members of a name, given as JSON
// text; in some of them it may be right. Without any, it is the first line.
func linesOf(text []byte, first int, name string) string {
	var lines []string
	for _, at := range regexp.MustCompile(regexp.QuoteMeta(name)+`\s*:`).FindAllIndex(text, -1) {
		lines = append(lines, strconv.Itoa(first-1+lineAt(text, at[0])))
	}
	if len(lines) == 0 {
		return strconv.Itoa(first)
	}
	return strings.Join(lines, " or ")
}

// lineAt is the line, from 1, of a place in a text.
func lineAt(text []byte, offset int) int {
	return 1 + bytes.Count(text[:min(offset, len(text))], []byte("\n"))
}
