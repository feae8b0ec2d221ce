// Package fingerprint keeps nodes that serve a tenant together from differing:
// each leaves in the common store what it thinks the tenant's secret, URL and
// plugins are, and one that thinks otherwise does not start.
//
//	schema, err := schema.Merge(fingerprint.Schema())
//	err = fingerprint.Join(ctx, tenant, secrets, data)
//
// Decisions and their reasons: docs/rationale/storage.md.
package fingerprint
