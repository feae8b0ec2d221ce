package pluginapi

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// What hosts say of texts and numbers that are not what a schema describes, in
// the words of the reference's validator (zod 4). How a host keeps values is its
// own matter.

// emailPattern is what the reference accepts as an address (zod 4's default).
var emailPattern = regexp.MustCompile(`^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`)

// ValidEmail reports whether an address is one that the protocol accepts.
func ValidEmail(s string) bool {
	local, _, ok := strings.Cut(s, "@")
	return ok && !strings.HasPrefix(local, ".") && !strings.Contains(local, "..") && emailPattern.MatchString(s)
}

// MaxText bounds a text whose schema has no maxLength, in UTF-16 code units.
const MaxText = 16 << 10

// TextFaults returns what is wrong with a text, given a schema of type string
// without enum.
func (s *Schema) TextFaults(text string) []string {
	var faults []string
	if !s.Matches(text) {
		faults = append(faults, "Invalid string: must match pattern /"+s.Pattern+"/")
	}
	if fault := formatFault(s.Format, text); fault != "" {
		faults = append(faults, fault)
	}
	if s.MinLength == nil && s.MaxLength == nil && len(text) <= MaxText {
		return faults
	}
	return append(faults, s.LengthFaults(len(utf16.Encode([]rune(text))), "string", "characters")...)
}

// formatFault returns what a client is told of a text that is not of a format.
func formatFault(format, text string) string {
	switch format {
	case FormatEmail:
		if !ValidEmail(text) {
			return "Invalid email address"
		}
	case FormatDateTime:
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return "Invalid ISO datetime"
		}
	case FormatURI:
		if u, err := url.Parse(text); err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" {
			return "Invalid URL"
		}
	}
	return ""
}

// ValueFaults is TextFaults, given a schema that may list the texts that there
// are.
func (s *Schema) ValueFaults(text string) []string {
	if len(s.Enum) == 0 || slices.Contains(s.Enum, text) {
		return s.TextFaults(text)
	}
	return []string{s.EnumFault()}
}

// LengthFaults returns what is wrong with the length of a value, given its kind
// and what its length is counted in.
func (s *Schema) LengthFaults(n int, kind, unit string) []string {
	var faults []string
	if s.MinLength != nil && n < *s.MinLength {
		faults = append(faults, fmt.Sprintf("Too small: expected %s to have >=%d %s", kind, *s.MinLength, unit))
	}
	most := n
	switch {
	case s.MaxLength != nil:
		most = *s.MaxLength
	case kind == "string":
		most = MaxText
	}
	if n > most {
		faults = append(faults, fmt.Sprintf("Too big: expected %s to have <=%d %s", kind, most, unit))
	}
	return faults
}

// EnumFault is what is said of a value that is none of the schema's options.
func (s *Schema) EnumFault() string {
	options := make([]string, len(s.Enum))
	for i, e := range s.Enum {
		options[i] = strconv.Quote(e)
	}
	if len(options) == 1 {
		return "Invalid input: expected " + options[0]
	}
	return "Invalid option: expected one of " + strings.Join(options, "|")
}

// NumberFaults returns what is wrong with a finite number, given a schema of
// type number or integer.
func (s *Schema) NumberFaults(f float64) []string {
	if s.Type == "integer" && f != math.Trunc(f) {
		return []string{"Invalid input: expected int, received number"}
	}
	var faults []string
	if s.Minimum != nil && f < *s.Minimum {
		faults = append(faults, "Too small: expected number to be >="+decimal(*s.Minimum))
	}
	if s.Maximum != nil && f > *s.Maximum {
		faults = append(faults, "Too big: expected number to be <="+decimal(*s.Maximum))
	}
	return faults
}

// decimal writes a bound as JavaScript does, as far as bounds go.
func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
