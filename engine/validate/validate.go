package validate

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// maxIssues bounds what one error reports: a body of a megabyte can have a
// hundred thousand wrong items.
const maxIssues = 50

// Check checks a value, such as the body of a request, against a schema; nil
// means anything. place is what the value is. The error, an *apierror.Error,
// carries the issues, at most maxIssues of them, in the words of the reference's
// validator.
func Check(place string, schema *pluginapi.Schema, v document.Value) error {
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
	return slices.Contains(s.Required, name)
}

func checkString(path string, s *pluginapi.Schema, v document.Value, report func(path, message string)) {
	if len(s.Enum) > 0 {
		if v.Kind() != document.String || !slices.Contains(s.Enum, v.Str()) {
			report(path, s.EnumFault())
		}
		return
	}
	if wrongKind(path, v, document.String, "string", report) {
		if v.Kind() == document.Array { // the reference counts whatever has a length
			reportAll(path, s.LengthFaults(len(v.Items()), "array", "items"), report)
		}
		return
	}
	reportAll(path, s.TextFaults(v.Str()), report)
}

func reportAll(path string, faults []string, report func(path, message string)) {
	for _, fault := range faults {
		report(path, fault)
	}
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
	reportAll(path, s.NumberFaults(f), report)
}
