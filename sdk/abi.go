package sdk

// The numbers of ABI version 1, as pluginapi/ABI.md lists them. They are
// restated here because a guest that imported package pluginapi would carry
// its manifest parser along; a test compares them with pluginapi/testdata.

// Kind tells what a Value is.
type Kind uint32

// The kinds.
const (
	KindAbsent Kind = iota // there is no such field
	KindNull               // JSON null
	KindBool
	KindNumber
	KindString
	KindJSON  // an object or an array
	KindBytes // raw bytes
	kindPath  // of a Value made by Copy
)

// kindSecret is the kind of a Value made by Secret. It never crosses the ABI.
const kindSecret Kind = 255

// result is what a handler returns to the host.
type result int32

const (
	resultContinue result = iota
	resultRespond
	resultDeny
	resultFailed
)

// Level is the severity of a log line.
type Level int32

// The levels.
const (
	LevelDebug Level = iota
	LevelInfo
	LevelWarn
	LevelError
)

// unpack splits the result of a host call into its halves.
func unpack(v uint64) (high uint32, length int) { return uint32(v >> 32), int(uint32(v)) }
