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

// Status is the outcome of a host call.
type Status uint32

// The statuses.
const (
	OK          Status = iota
	NotFound           // there is no such record, key or token
	Conflict           // a unique value is taken, or a record has changed
	Denied             // not granted, or refused by another plugin
	Invalid            // the arguments are wrong
	Limit              // a limit is used up
	Timeout            // the call's time is over
	Unavailable        // a service did not answer; trying later may work
	Unsupported        // this engine has no such function
	Internal           // a fault of the host
)

// Result is what a handler returns.
type Result int32

// The results.
const (
	// Continue goes on; an endpoint that continues answers with what it set.
	Continue Result = iota
	// Respond answers now. A before hook thereby takes the endpoint's place.
	Respond
	// Deny refuses with what was set at error; Call.Deny sets it all.
	Deny
	// Failed says that the handler could not do its work. If a host call was
	// refused before, the client gets the host's answer to that.
	Failed
)

// Level is the severity of a log line.
type Level int32

// The levels.
const (
	Debug Level = iota
	Info
	Warn
	Error
)

// unpack splits the result of a host call into its halves.
func unpack(v uint64) (high uint32, length int) { return uint32(v >> 32), int(uint32(v)) }
