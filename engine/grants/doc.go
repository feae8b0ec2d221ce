// Package grants says what a plugin of a tenant may do, see and change: what
// its manifest asks for and the operator grants by name, and which fields of
// records are whose.
//
//	lack := grants.Missing(manifest, names)        // what keeps it from loading
//	may := grants.Permissions(manifest, names)     // what it sees and changes of the document
//	rules := fields.Rules(manifest, may, settings) // and of records
//
// Which paths of the document a permission guards is package pluginapi's
// matter; package dispatch checks every access.
//
// Decisions and their reasons: docs/rationale/plugins.md.
package grants
