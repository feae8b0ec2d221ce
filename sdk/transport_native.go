//go:build !wasip1

package sdk

// Host is the host's side of the ABI as native code sees it; the paths,
// kinds and capability functions are those of pluginapi/ABI.md.
// plugintest.Host is one.
type Host interface {
	// Get reads a field of the document.
	Get(path string) (Kind, []byte)
	// Set writes one; of a value made by Copy, the kind is KindPath and the
	// value the path.
	Set(path string, kind Kind, value []byte) Status
	// Call performs a capability call with the arguments at args.
	Call(capability, function string) Status
	// Log takes a line of the plugin's log.
	Log(level Level, message string)
}

// KindPath is the kind that a Host sees when a field is copied.
const KindPath = kindPath

// Invoke runs a registered handler natively against a Host. It is for tests;
// in a module, the host calls handlers through the export authhost_call.
func Invoke(h Host, number int32) Result {
	return run(&Call{host: transport{h}}, number)
}

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

func (t transport) identity(fn string) Status     { return t.host.Call("identity", fn) }
func (t transport) session(fn string) Status      { return t.host.Call("session", fn) }
func (t transport) verification(fn string) Status { return t.host.Call("verification", fn) }
func (t transport) crypto(fn string) Status       { return t.host.Call("crypto", fn) }
func (t transport) keys(fn string) Status         { return t.host.Call("keys", fn) }
func (t transport) email(fn string) Status        { return t.host.Call("email", fn) }
func (t transport) random(fn string) Status       { return t.host.Call("random", fn) }
func (t transport) rateLimit(fn string) Status    { return t.host.Call("ratelimit", fn) }
func (t transport) audit(fn string) Status        { return t.host.Call("audit", fn) }
func (t transport) storage(fn string) Status      { return t.host.Call("storage", fn) }
func (t transport) cookies(fn string) Status      { return t.host.Call("cookies", fn) }
func (t transport) openAPI(fn string) Status      { return t.host.Call("openapi", fn) }
func (t transport) http(fn string) Status         { return t.host.Call("http", fn) }
