package hosttest

import (
	"maps"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// badArguments calls a function with arguments that the contract does not
// allow, each fault by itself. The host answers invalid, with the words of the
// contract.
func badArguments(g *guest, f *pluginapi.Function) {
	for _, bad := range faults(f) {
		status, out := g.call(f.FullName(), bad.args)
		if status != pluginapi.StatusInvalid || out.text("message") != bad.message {
			g.t.Errorf("%s%s: %s %s, want invalid with the message %q", f.FullName(), text(bad.args), status, text(out), bad.message)
		}
	}
}

// fault is a set of arguments with one fault.
type fault struct {
	args    object
	message string
}

// samples are arguments without a fault: those that must be there.
func samples(f *pluginapi.Function) object {
	args := object{}
	for i := range f.Args {
		if p := &f.Args[i]; p.Required {
			args[p.Name] = sample(p)
		}
	}
	for _, names := range f.OneOf {
		p, _ := f.Arg(names[0])
		args[p.Name] = sample(p)
	}
	return args
}

// faults derives every fault from the contract.
func faults(f *pluginapi.Function) []fault {
	good := samples(f)
	list := []fault{{with(good, "unheardOf", true), f.UnknownArgument("unheardOf")}}
	for i := range f.Args {
		p := &f.Args[i]
		for _, v := range wrong(p, p.Required) {
			list = append(list, fault{with(good, p.Name, v), p.Rule(p.Name)})
		}
		if p.Required {
			list = append(list, fault{without(good, p.Name), p.Rule(p.Name)})
		}
		list = append(list, memberFaults(good, p)...)
	}
	for _, names := range f.OneOf {
		none, all := good, good
		for _, name := range names {
			p, _ := f.Arg(name)
			none, all = without(none, name), with(all, name, sample(p))
		}
		for _, args := range []object{none, all, with(none, names[0], ""), with(none, names[0], nil)} {
			list = append(list, fault{args, pluginapi.OneOfRule(names)})
		}
	}
	return list
}

// memberFaults derives the faults of the members of an object, or of an object
// in an array.
func memberFaults(good object, p *pluginapi.Param) []fault {
	if p.Members == nil {
		return nil
	}
	whole, put := sample(p), func(o object) any { return o }
	if items, ok := whole.([]any); ok {
		whole, put = items[0], func(o object) any { return []any{items[0], o} }
	}
	var list []fault
	add := func(o object, message string) { list = append(list, fault{with(good, p.Name, put(o)), message}) }
	for i := range p.Members {
		m := &p.Members[i]
		rule := m.Rule(p.Name + "." + m.Name)
		for _, v := range wrong(m, m.Required) {
			add(with(whole.(object), m.Name, v), rule)
		}
		if m.Required {
			add(without(whole.(object), m.Name), rule)
		}
	}
	if !p.Open {
		add(with(whole.(object), "unheardOf", 1), "argument "+p.Name+" has no member unheardOf")
	}
	return list
}

// sample is a value that an argument may have.
func sample(p *pluginapi.Param) any {
	switch {
	case len(p.Enum) > 0:
		return p.Enum[0]
	case p.Type&pluginapi.TypeText != 0:
		return "x"
	case p.Type&pluginapi.TypeBool != 0:
		return true
	case p.Type&(pluginapi.TypeInt|pluginapi.TypeNumber) != 0:
		least, _, _ := p.Bounds()
		return max(least, 1)
	case p.Type&pluginapi.TypeArray != 0 && p.Members == nil:
		return []any{}
	}
	o := object{}
	for i := range p.Members {
		if m := &p.Members[i]; m.Required {
			o[m.Name] = sample(m)
		}
	}
	if p.Type&pluginapi.TypeArray != 0 {
		return []any{o}
	}
	return o
}

// wrong lists values that an argument may not have. null is as good as absent
// where the argument may be left out.
func wrong(p *pluginapi.Param, required bool) []any {
	var list []any
	for _, v := range []struct {
		t     pluginapi.Type
		value any
	}{
		{pluginapi.TypeText, "a text"}, {pluginapi.TypeBool, true}, {pluginapi.TypeInt | pluginapi.TypeNumber, 7}, {pluginapi.TypeNumber, 7.5},
		{pluginapi.TypeObject, object{}}, {pluginapi.TypeArray, []any{}},
	} {
		if p.Type&v.t == 0 {
			list = append(list, v.value)
		}
	}
	if required && p.Type&pluginapi.TypeNull == 0 {
		list = append(list, nil)
	}
	if required && p.Type == pluginapi.TypeText && !p.Empty {
		list = append(list, "")
	}
	if len(p.Enum) > 0 {
		list = append(list, strings.Repeat("x", 100))
	}
	if least, most, ok := p.Bounds(); ok {
		list = append(list, least-1, most+1)
	}
	if p.Type == pluginapi.TypeArray && p.Items == pluginapi.TypeText {
		list = append(list, []any{"a text", 7})
	}
	if p.Type == pluginapi.TypeArray && p.Items == pluginapi.TypeObject {
		list = append(list, []any{7})
	}
	return list
}

func with(o object, name string, v any) object {
	o = maps.Clone(o)
	o[name] = v
	return o
}

func without(o object, name string) object {
	o = maps.Clone(o)
	delete(o, name)
	return o
}
