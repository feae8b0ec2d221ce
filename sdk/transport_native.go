//go:build !wasip1

package sdk

// Host is the host's side of the ABI as native code sees it; the paths,
// kinds and capability functions are those of pluginapi/ABI.md.
// plugintest.Host is one.
type Host interface {
	// Get reads a field of the document.
	Get(path string) (Kind, []byte)
	// Set writes one; of a value made by Copy, the kind is KindPath and the
	// value the path. The status is 0 if that was done.
	Set(path string, kind Kind, value []byte) Status
	// Call performs a capability call with the arguments in the JSON text in, or
	// with those at args if that is empty. It returns the result as JSON text.
	Call(capability, function string, in []byte) (Status, []byte)
	// Log takes a line of the plugin's log.
	Log(level Level, message string)
}

// KindPath is the kind that a Host sees when a field is copied.
const KindPath = kindPath

// OK is the status of what was done, for a Host. Handlers see nil errors.
const OK = ok

// Result is what a handler's error means to a Host.
type Result = result

// The results.
const (
	ResultContinue = resultContinue
	ResultRespond  = resultRespond
	ResultDeny     = resultDeny
	ResultFailed   = resultFailed
)

// Invoke runs a registered handler natively against a Host. It is for tests;
// in a module, the host calls handlers through the export authhost_call.
func Invoke(h Host, number int32) Result {
	return run(&Call{host: transport{h}}, number)
}

// NewCall returns a Call on a Host, for tests of what is not a handler.
func NewCall(h Host) *Call { return &Call{host: transport{h}} }

// hostFunction names a capability, whose one function does its calls.
type hostFunction string

// transport passes everything to a Host.
type transport struct{ host Host }

func (t transport) get(path []byte) Value {
	kind, text := t.host.Get(string(path))
	return Value{kind, string(text)}
}

func (t transport) set(path []byte, v Value) Status {
	return t.host.Set(string(path), v.kind, []byte(v.text))
}

func (t transport) log(level Level, message string) { t.host.Log(level, message) }

func (t transport) call(_ hostFunction, capability, function, in string) (Status, Value) {
	status, result := t.host.Call(capability, function, []byte(in))
	return status, JSON(string(result))
}
