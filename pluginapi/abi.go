package pluginapi

// Major and Minor are the ABI version that this package describes. The major
// version is the import namespace; a minor version only adds.
const (
	Major = 1
	Minor = 1
)

// Names in the import and export sections of a module.
const (
	// Namespace is the import module of get, set, take and log.
	Namespace = "authhost_v1"
	// CapabilityPrefix, followed by a capability's name, is the import module
	// of that capability's one function, call.
	CapabilityPrefix = Namespace + "_"
	// ManifestSection is the custom section that holds the manifest as JSON.
	ManifestSection = "authhost.manifest"
	// ExportCall is the export that runs a handler: (handler i32) -> i32.
	ExportCall = "authhost_call"
	// ExportInitialize is the optional export that is called once per image.
	ExportInitialize = "_initialize"
	// ExportMemory is the guest's only memory.
	ExportMemory = "memory"
)

// Kind tells how the bytes of a document field are to be read. It is the
// upper half of get's result and the third argument of set.
type Kind uint32

// The kinds. Numbers are JSON number text, booleans are "true" or "false".
const (
	KindAbsent Kind = 0 // no such field; no bytes
	KindNull   Kind = 1 // JSON null; no bytes
	KindBool   Kind = 2 // "true" or "false"
	KindNumber Kind = 3 // JSON number text, RFC 8259 section 6
	KindString Kind = 4 // UTF-8 text, not quoted, not escaped
	KindJSON   Kind = 5 // an object or array as JSON text; set takes any JSON
	KindBytes  Kind = 6 // raw bytes, such as request.rawBody
	KindPath   Kind = 7 // set only: the value is a path; the field there is copied
)

var kindNames = [...]string{"absent", "null", "bool", "number", "string", "json", "bytes", "path"}

// String returns the kind's name as ABI.md spells it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Status is the outcome of a host call.
type Status uint32

// The statuses.
const (
	StatusOK          Status = 0 // done
	StatusNotFound    Status = 1 // no such record, key or token
	StatusConflict    Status = 2 // a unique value is taken, or a record changed
	StatusDenied      Status = 3 // not granted, or vetoed by another plugin
	StatusInvalid     Status = 4 // the arguments are wrong
	StatusLimit       Status = 5 // a limit of this call, plugin or tenant is used up
	StatusTimeout     Status = 6 // the call's time is over
	StatusUnavailable Status = 7 // a backend did not answer; trying later may work
	StatusUnsupported Status = 8 // the host has no such function
	StatusInternal    Status = 9 // a fault of the host; the log has the reason
)

var statusNames = [...]string{"ok", "not_found", "conflict", "denied", "invalid", "limit", "timeout", "unavailable", "unsupported", "internal"}

// String returns the status's name as ABI.md spells it.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown"
}

// Result is what authhost_call returns.
type Result int32

// The results of a handler.
const (
	Continue Result = 0 // go on; an endpoint that continues answers with what was set
	Respond  Result = 1 // answer now with response.*
	Deny     Result = 2 // refuse with error.*; nothing written is kept
	Failed   Result = 3 // the handler could not do its work; its failure policy applies
)

// Level is the first argument of log.
type Level int32

// The log levels.
const (
	LevelDebug Level = 0
	LevelInfo  Level = 1
	LevelWarn  Level = 2
	LevelError Level = 3
)

// Pack joins a kind or status with a length, as get, take and call return it.
func Pack(high uint32, length int) uint64 { return uint64(high)<<32 | uint64(uint32(length)) }

// Unpack splits what Pack joined.
func Unpack(v uint64) (high uint32, length int) { return uint32(v >> 32), int(uint32(v)) }
