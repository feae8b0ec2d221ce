package blueprint

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/engine/document"
)

// settingFaults puts what a schema found wrong with a plugin's settings into
// words, at the lines of the configuration.
type settingFaults struct {
	plugin config.Plugin
	schema document.Value
	shown  document.Value // the settings without their secrets: those are not repeated
	remedy string
	list   []error
}

func settingsFault(p config.Plugin, err error, schema, shown document.Value) error {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return p.Origin.Fault("/config", err.Error(), "")
	}
	f := settingFaults{plugin: p, schema: schema, shown: shown, remedy: "docs/plugins.md lists the settings of the plugins that come with authhost"}
	if p.Module != "" {
		f.remedy = "authhost plugin check " + p.Module + " lists its settings"
	}
	f.visit(invalid)
	return errors.Join(f.list...)
}

func (f *settingFaults) visit(v *jsonschema.ValidationError) {
	at := v.InstanceLocation
	if meant := f.misspelt(v); meant != "" {
		f.add(at, fmt.Sprintf("%q is not known", at[len(at)-1]), fmt.Sprintf("did you mean %q?", meant))
		return
	}
	if extra, ok := v.ErrorKind.(*kind.AdditionalProperties); ok {
		for _, name := range extra.Properties {
			f.add(append(at[:len(at):len(at)], name), fmt.Sprintf("there is no setting %q", name), f.suggest(name, at))
		}
		return
	}
	if ways := alternatives(v); ways != "" {
		f.add(at, "needs "+ways, f.remedy)
		return
	}
	for _, cause := range v.Causes {
		f.visit(cause)
	}
	if len(v.Causes) == 0 {
		f.add(at, settingMessage(v), f.remedy)
	}
}

// misspelt returns what the last name of a place is likely to be meant for,
// where names of the operator's own are allowed beside known ones, but nothing
// that such a one needs is there.
func (f *settingFaults) misspelt(v *jsonschema.ValidationError) string {
	at := v.InstanceLocation
	if _, lacks := v.ErrorKind.(*kind.AnyOf); !lacks || len(at) == 0 {
		return ""
	}
	return config.Nearest(at[len(at)-1], f.names(at[:len(at)-1]))
}

// alternatives says what would do, where one of several sets of members has to
// be there; "" where something else is wrong.
func alternatives(v *jsonschema.ValidationError) string {
	if _, lacks := v.ErrorKind.(*kind.AnyOf); !lacks {
		return ""
	}
	var ways []string
	for _, cause := range v.Causes {
		missing, ok := cause.ErrorKind.(*kind.Required)
		if !ok {
			return ""
		}
		ways = append(ways, strings.Join(missing.Missing, " and "))
	}
	return strings.Join(ways, ", or ")
}

// suggest is the remedy for a name that is not a setting.
func (f *settingFaults) suggest(name string, at []string) string {
	if known := f.names(at); len(known) > 0 {
		return config.DidYouMean(name, known)
	}
	return f.remedy
}

// names lists the members that the schema knows at a place.
func (f *settingFaults) names(at []string) (known []string) {
	s := f.resolve(f.schema)
	for _, part := range at {
		next := s.Get("properties").Get(part)
		if next.IsAbsent() {
			next = s.Get("additionalProperties")
		}
		if next.Kind() != document.ObjectKind {
			next = s.Get("items")
		}
		s = f.resolve(next)
	}
	for name := range s.Get("properties").Object().All() {
		known = append(known, name)
	}
	return known
}

// resolve follows a reference to a definition of the same schema.
func (f *settingFaults) resolve(s document.Value) document.Value {
	if name, ok := strings.CutPrefix(s.Get("$ref").Str(), "#/$defs/"); ok {
		return f.schema.Get("$defs").Get(name)
	}
	return s
}

func (f *settingFaults) add(at []string, message, remedy string) {
	var pointer strings.Builder
	for _, part := range at {
		pointer.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
	}
	if hidden(f.shown, at) {
		message = "the secret does not have the form that the plugin asks for"
	}
	pos := f.plugin.Position(pointer.String())
	f.list = append(f.list, &config.Error{
		File: pos.File, Line: pos.Line, Column: pos.Column,
		Message: fmt.Sprintf("plugin %q: config%s: %s", f.plugin.ID, strings.ReplaceAll(pointer.String(), "/", "."), message),
		Remedy:  remedy,
	})
}

// settingMessage says what a value has to be, in the words of the rest of the
// configuration.
func settingMessage(v *jsonschema.ValidationError) string {
	switch k := v.ErrorKind.(type) {
	case *kind.Minimum:
		return fmt.Sprintf("is %s, but has to be at least %s", plainNumber(k.Got), plainNumber(k.Want))
	case *kind.Maximum:
		return fmt.Sprintf("is %s, but may be at most %s", plainNumber(k.Got), plainNumber(k.Want))
	case *kind.ExclusiveMinimum:
		return fmt.Sprintf("is %s, but has to be more than %s", plainNumber(k.Got), plainNumber(k.Want))
	case *kind.ExclusiveMaximum:
		return fmt.Sprintf("is %s, but has to be less than %s", plainNumber(k.Got), plainNumber(k.Want))
	case *kind.MultipleOf:
		return fmt.Sprintf("is %s, but has to be a multiple of %s", plainNumber(k.Got), plainNumber(k.Want))
	case *kind.MinLength:
		return fmt.Sprintf("has %d character(s), but needs at least %d", k.Got, k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("has %d characters, but may have at most %d", k.Got, k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("has %d element(s), but needs at least %d", k.Got, k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("has %d elements, but may have at most %d", k.Got, k.Want)
	}
	message := v.Error()
	if i := strings.LastIndex(message, ": "); i >= 0 {
		message = message[i+2:]
	}
	return message
}

// plainNumber writes a number as people do in a configuration.
func plainNumber(n *big.Rat) string {
	if n.IsInt() {
		return n.Num().String()
	}
	f, _ := n.Float64() // close enough to be told
	return strconv.FormatFloat(f, 'f', -1, 64)
}
