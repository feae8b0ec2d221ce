// Package keystore keeps the signing keys of a tenant in its records: the public
// halves as they are, the private halves sealed with the tenant's secret.
//
//	ring := keyring.New(keyring.Config{Storage: keystore.New(data, secrets)})
//
// Decisions and their reasons: docs/rationale/keys.md.
package keystore
