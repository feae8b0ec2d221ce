// Package validate checks values from clients and from other plugins against the
// schemas of manifests.
//
//	schema, err := pluginapi.ParseSchema(handler.Body)
//	err = validate.Check("body", schema, body) // 400 VALIDATION_ERROR, with every fault
//
// Package pluginapi checks texts and numbers, because test hosts share that code.
//
// Decisions and their reasons: docs/rationale/work.md.
package validate
