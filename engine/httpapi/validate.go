package httpapi

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// emailPattern is what the reference accepts as an address (zod 4's default).
var emailPattern = regexp.MustCompile(`^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`)

// ValidEmail reports whether an address is one that the protocol accepts.
func ValidEmail(s string) bool {
	local, _, ok := strings.Cut(s, "@")
	return ok && !strings.HasPrefix(local, ".") && !strings.Contains(local, "..") && emailPattern.MatchString(s)
}

// maxIssues bounds what one error reports: a body of a megabyte can have a
// hundred thousand wrong items.
const maxIssues = 50

// validate checks a body or query against a schema. The error carries the
// issues, at most maxIssues of them, in the words of the reference's
// validator.
func validate(place string, schema *pluginapi.Schema, v document.Value) error {
	if schema == nil {
		return nil
	}
	var issues []string
	report := func(path, message string) {
		if len(issues) < maxIssues {
			issues = append(issues, "["+path+"] "+message)
		}
	}
	parts := schema.AllOf
	if len(parts) == 0 {
		parts = []*pluginapi.Schema{schema}
	}
	for _, part := range parts {
		check(place, part, v, report)
	}
	if len(issues) == 0 {
		return nil
	}
	return apierror.New(http.StatusBadRequest, "VALIDATION_ERROR", strings.Join(issues, "; "))
}

func check(path string, s *pluginapi.Schema, v document.Value, report func(path, message string)) {
	switch s.Type {
	case "":
		if s.AnyOf != nil && !slices.ContainsFunc(s.AnyOf, func(option *pluginapi.Schema) bool { return holds(option, v) }) {
			report(path, "Invalid input")
		}
	case "object":
		checkObject(path, s, v, report)
	case "array":
		if wrongKind(path, v, document.Array, "array", report) {
			return
		}
		for i, item := range v.Items() {
			if s.Items != nil {
				check(path+"."+strconv.Itoa(i), s.Items, item, report)
			}
		}
	case "string":
		checkString(path, s, v, report)
	case "boolean":
		wrongKind(path, v, document.Bool, "boolean", report)
	case "number", "integer":
		checkNumber(path, s, v, report)
	}
}

// holds reports whether a value is what a schema describes.
func holds(s *pluginapi.Schema, v document.Value) bool {
	ok := true
	check("", s, v, func(string, string) { ok = false })
	return ok
}

func wrongKind(path string, v document.Value, want document.Kind, name string, report func(path, message string)) bool {
	if v.Kind() == want {
		return false
	}
	report(path, fmt.Sprintf("Invalid input: expected %s, received %s", name, received(v)))
	return true
}

// received names what came instead of what was expected.
func received(v document.Value) string {
	if v.Kind() == document.Number {
		if f, ok := v.Float(); !ok && f > 0 {
			return "Infinity"
		} else if !ok {
			return "-Infinity"
		}
	}
	return v.Kind().String()
}

func checkObject(path string, s *pluginapi.Schema, v document.Value, report func(path, message string)) {
	name := "object"
	if s.Properties == nil && s.AdditionalProperties != nil {
		name = "record"
	}
	if wrongKind(path, v, document.ObjectKind, name, report) {
		return
	}
	for _, p := range s.Properties {
		member := v.Get(p.Name)
		if member.IsAbsent() && !required(s, p.Name) {
			continue
		}
		check(path+"."+p.Name, p.Schema, member, report)
	}
	if s.Properties == nil && s.AdditionalProperties != nil {
		for name, member := range v.Object().All() {
			check(path+"."+name, s.AdditionalProperties, member, report)
		}
	}
}

func required(s *pluginapi.Schema, name string) bool {
	for _, r := range s.Required {
		if r == name {
			return true
		}
	}
	return false
}

func checkString(path string, s *pluginapi.Schema, v document.Value, report func(path, message string)) {
	if len(s.Enum) > 0 {
		for _, e := range s.Enum {
			if v.Kind() == document.String && v.Str() == e {
				return
			}
		}
		options := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			options[i] = strconv.Quote(e)
		}
		if len(options) == 1 {
			report(path, "Invalid input: expected "+options[0])
			return
		}
		report(path, "Invalid option: expected one of "+strings.Join(options, "|"))
		return
	}
	if wrongKind(path, v, document.String, "string", report) {
		if v.Kind() == document.Array { // the reference counts whatever has a length
			checkLength(path, s, len(v.Items()), "array", "items", report)
		}
		return
	}
	if !s.Matches(v.Str()) {
		report(path, "Invalid string: must match pattern /"+s.Pattern+"/")
	}
	if problem := checkFormat(s.Format, v.Str()); problem != "" {
		report(path, problem)
	}
	if s.MinLength != nil || s.MaxLength != nil {
		checkLength(path, s, len(utf16.Encode([]rune(v.Str()))), "string", "characters", report)
	}
}

// checkFormat returns what a client is told of a text that is not of a format.
func checkFormat(format, text string) string {
	switch format {
	case pluginapi.FormatEmail:
		if !ValidEmail(text) {
			return "Invalid email address"
		}
	case pluginapi.FormatDateTime:
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return "Invalid ISO datetime"
		}
	case pluginapi.FormatURI:
		if u, err := url.Parse(text); err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" {
			return "Invalid URL"
		}
	}
	return ""
}

func checkNumber(path string, s *pluginapi.Schema, v document.Value, report func(path, message string)) {
	if wrongKind(path, v, document.Number, "number", report) {
		return
	}
	f, ok := v.Float()
	if !ok {
		report(path, "Invalid input: expected number, received "+received(v))
		return
	}
	if s.Type == "integer" && f != math.Trunc(f) {
		report(path, "Invalid input: expected int, received number")
		return
	}
	if s.Minimum != nil && f < *s.Minimum {
		report(path, "Too small: expected number to be >="+number(*s.Minimum))
	}
	if s.Maximum != nil && f > *s.Maximum {
		report(path, "Too big: expected number to be <="+number(*s.Maximum))
	}
}

// number writes a bound as JavaScript does, as far as bounds go.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func checkLength(path string, s *pluginapi.Schema, n int, kind, unit string, report func(path, message string)) {
	if s.MinLength != nil && n < *s.MinLength {
		report(path, fmt.Sprintf("Too small: expected %s to have >=%d %s", kind, *s.MinLength, unit))
	}
	if s.MaxLength != nil && n > *s.MaxLength {
		report(path, fmt.Sprintf("Too big: expected %s to have <=%d %s", kind, *s.MaxLength, unit))
	}
}
