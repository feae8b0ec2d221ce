// Package validate checks values that come from outside, or from another plugin,
// against the schemas of manifests.
//
//	schema, err := pluginapi.ParseSchema(handler.Body)
//	err = validate.Check("body", schema, body) // 400 VALIDATION_ERROR, with every fault
//
// What is said of a text or a number is package pluginapi's matter, which test
// hosts share.
//
// Decisions and their reasons: docs/rationale/work.md.
package validate
