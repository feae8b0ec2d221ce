// Package grants works out what a plugin of a tenant may do, see and change. The
// input is what its manifest asks for, what the operator grants by name, and which
// plugin each field of a record belongs to.
//
//	lack := grants.Missing(manifest, names)        // grants without which it does not load
//	may := grants.Permissions(manifest, names)     // access to the document
//	rules := fields.Rules(manifest, may, settings) // access to fields of records
//
// Package pluginapi lists the paths of the document that a permission guards;
// package dispatch checks every access.
//
// Decisions and their reasons: docs/rationale/plugins.md.
package grants
