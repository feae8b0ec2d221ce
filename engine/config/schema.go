package config

import _ "embed"

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of the configuration file,
// for editors: every key with its meaning, default and bounds. It cannot
// express what Parse checks between keys. The same text is published as
// docs/authhost.schema.json.
func Schema() []byte { return append([]byte(nil), schema...) }
