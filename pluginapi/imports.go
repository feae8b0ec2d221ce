package pluginapi

import (
	"maps"
	"slices"
)

// ProductBetterAuth names Better Auth in Manifest.Imports.
const ProductBetterAuth = "better-auth"

// Import says what a plugin takes over from the database of another server,
// when an operator imports it. Nothing is taken over that no manifest names.
type Import struct {
	// Tables are those that become records of the plugin's models, by their
	// name in the other server's own words, such as "twoFactor".
	Tables map[string]ImportTable `json:"tables,omitempty"`
	// Keys are the signing keys that become the plugin's.
	Keys *ImportKeys `json:"keys,omitempty"`
	// Verifications are prefixes of identifiers: open verifications that
	// begin so become this plugin's.
	Verifications []string `json:"verifications,omitempty"`
}

// ImportKeys says which signing keys a plugin takes over.
type ImportKeys struct {
	Use  string   `json:"use"`  // that the plugin signs with
	Algs []string `json:"algs"` // of several plugins that take an algorithm, the one with the fewest gets it
}

// ImportTable says which model takes the rows of a table. Columns go to the
// fields of the same name.
type ImportTable struct {
	Model string `json:"model"`
	// Fields are those that take more than a copy.
	Fields map[string]ImportField `json:"fields,omitempty"`
}

// ImportField says how a field is made of its column, in the order of the
// members.
type ImportField struct {
	From   string `json:"from,omitempty"`   // name of the column; default that of the field
	Unseal bool   `json:"unseal,omitempty"` // the value is encrypted with the other server's secret
	Join   string `json:"join,omitempty"`   // the value is a JSON array of texts, and becomes one text with this in between
	Seal   string `json:"seal,omitempty"`   // the host seals the value for this purpose of the plugin
}

func (m *Manifest) validateImports(r *report) {
	crypto, _ := m.Capability(CapCrypto)
	for product, i := range m.Imports {
		at := "imports." + product
		r.oneOf("imports", product, ProductBetterAuth)
		for _, name := range slices.Sorted(maps.Keys(i.Tables)) {
			table := i.Tables[name]
			at := at + ".tables." + name
			r.want(at, name, memberPattern)
			model, own := m.Models[table.Model]
			if !own {
				r.add(at+".model", "%q is not a model of this manifest", table.Model)
				continue
			}
			for field, f := range table.Fields {
				at := at + ".fields." + field
				if _, ok := model.Fields[field]; !ok {
					r.add(at, "%q is not a field of %q", field, table.Model)
				}
				if f.Seal != "" && !slices.Contains(crypto.Purposes, f.Seal) {
					r.add(at+".seal", "%q is not a purpose of this manifest", f.Seal)
				}
			}
		}
		if keys, _ := m.Capability(CapKeys); i.Keys != nil && !slices.Contains(keys.Keys, i.Keys.Use) {
			r.add(at+".keys.use", "%q is not a use of this manifest", i.Keys.Use)
		}
		for _, prefix := range i.Verifications {
			if prefix == "" {
				r.add(at+".verifications", "a prefix is empty; name what the identifiers of this plugin begin with")
			}
		}
	}
}
