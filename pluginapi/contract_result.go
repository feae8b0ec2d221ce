package pluginapi

import "fmt"

// FindShape returns the records of a name, such as "user".
func FindShape(name string) (*Shape, bool) {
	for i := range shapes {
		if shapes[i].Name == name {
			return &shapes[i], true
		}
	}
	return nil, false
}

// CheckResult reports what a result, decoded by encoding/json with UseNumber,
// has that the contract does not say, or lacks. It is for tests of hosts.
func (f *Function) CheckResult(result any) error {
	object, ok := result.(map[string]any)
	switch {
	case !ok:
		return fmt.Errorf("the result of %s is not an object", f.FullName())
	case f.Open:
		return nil
	case f.Record != "":
		return checkRecord(f.Record, object, "result")
	}
	p := Param{Members: f.Result}
	if err := p.checkResult(object, "result"); err != nil {
		return fmt.Errorf("%s: %w", f.FullName(), err)
	}
	for _, name := range sortedNames(object) {
		if p.member(name) == nil {
			return fmt.Errorf("%s: the contract has no result.%s", f.FullName(), name)
		}
	}
	return nil
}

// member returns the member with a name, or nil.
func (p *Param) member(name string) *Param {
	for i := range p.Members {
		if p.Members[i].Name == name {
			return &p.Members[i]
		}
	}
	return nil
}

// checkRecord checks the members that every record of a shape has. Others are
// fields that plugins declare.
func checkRecord(shape string, record map[string]any, at string) error {
	s, ok := FindShape(shape)
	if !ok {
		return fmt.Errorf("there are no records %q", shape)
	}
	p := Param{Members: s.Members}
	return p.checkResult(record, at)
}

// checkResult checks those members of an object that the contract has.
func (p *Param) checkResult(object map[string]any, at string) error {
	for i := range p.Members {
		m := &p.Members[i]
		v, given := object[m.Name]
		at := at + "." + m.Name
		if !given {
			if m.Required {
				return fmt.Errorf("there is no %s", at)
			}
			continue
		}
		if typeOf(v)&m.Type == 0 {
			return fmt.Errorf("%s is not %s", at, m.Type)
		}
		if err := m.checkItems(v, at); err != nil {
			return err
		}
	}
	return nil
}

// checkItems checks a record, or the items of an array.
func (p *Param) checkItems(v any, at string) error {
	if record, ok := v.(map[string]any); ok && p.Record != "" {
		return checkRecord(p.Record, record, at)
	}
	items, _ := v.([]any)
	for _, item := range items {
		if p.Items != 0 && typeOf(item)&p.Items == 0 {
			return fmt.Errorf("%s has an item that is not %s", at, p.Items)
		}
		if p.Record == "" {
			continue
		}
		record, ok := item.(map[string]any)
		if !ok {
			return fmt.Errorf("%s has an item that is no %s", at, p.Record)
		}
		if err := checkRecord(p.Record, record, at); err != nil {
			return err
		}
	}
	return nil
}
