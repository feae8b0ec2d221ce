package pluginapi

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// fieldsPattern is an entry of the permission "fields".
var fieldsPattern = regexp.MustCompile(`^([a-z]+\.(\*|[A-Za-z][A-Za-z0-9_]{0,62})|config:(\*|[A-Za-z][A-Za-z0-9]*)(\.(\*|[A-Za-z][A-Za-z0-9]*))*)$`)

func (m *Manifest) validatePermissions(r *report) {
	if len(m.Permissions) > 0 && !m.KnowsPermissions() {
		r.add("permissions", `the ABI has them since 1.1; write "abi": "1.1"`)
		return
	}
	seen := map[string]bool{}
	for i, p := range m.Permissions {
		at := fmt.Sprintf("permissions[%d]", i)
		if _, known := PermissionNamed(p.Name); !known {
			r.oneOf(at+".name", p.Name, PermissionNames()...)
			continue
		}
		if seen[p.Name] {
			r.add(at+".name", "%q is asked for twice", p.Name)
		}
		seen[p.Name] = true
		p.validateFields(r, at)
	}
	m.validateEvents(r)
}

// validateFields checks what narrows a permission, which only "fields" has.
func (p Permission) validateFields(r *report, at string) {
	names := slices.Concat(p.Read, p.Write)
	switch narrowed := p.Name == PermFields.String(); {
	case narrowed && len(names) == 0:
		r.add(at, "the permission %q needs fields in read or write", p.Name)
	case !narrowed && len(names) > 0:
		r.add(at, "the permission %q does not have read and write", p.Name)
	}
	for _, name := range names {
		r.want(at, name, fieldsPattern)
		model, _, isField := strings.Cut(name, ".")
		if !strings.HasPrefix(name, ConfigFields) && isField && !slices.Contains(extensibleModels, model) {
			r.add(at, "%q is not of one of the models %s", name, quoted(extensibleModels))
		}
	}
}

// validateEvents finds hooks that cannot work, because the manifest does not
// ask for what their events need.
func (m *Manifest) validateEvents(r *report) {
	if !m.KnowsPermissions() {
		return // the operator's grants decide
	}
	for i, h := range m.Handlers {
		need, some := EventPermission(h.Event)
		if _, asked := m.Permission(need.Name); some && !asked {
			r.add(fmt.Sprintf("handlers[%d].event", i), `a hook on %q needs the permission %q; add {"name": %q} to "permissions"`, h.Event, need.Name, need.Name)
		}
	}
}
