//go:build wasip1

package sdk

import "unsafe"

// A string argument is two numbers on the wire: pointer and length. Results
// are two halves of one number. See pluginapi/ABI.md.

//go:wasmimport authhost_v1 get
//go:noescape
func importGet(path string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1 set
//go:noescape
func importSet(path string, kind uint32, value string) uint32

//go:wasmimport authhost_v1 take
//go:noescape
func importTake(out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1 log
//go:noescape
func importLog(level int32, message string)

// Each capability is an import module of its own. The linker leaves out those
// that no code of the plugin reaches.

//go:wasmimport authhost_v1_identity call
//go:noescape
func importIdentity(fn, in string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1_session call
//go:noescape
func importSession(fn, in string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1_verification call
//go:noescape
func importVerification(fn, in string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1_crypto call
//go:noescape
func importCrypto(fn, in string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1_keys call
//go:noescape
func importKeys(fn, in string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1_email call
//go:noescape
func importEmail(fn, in string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1_random call
//go:noescape
func importRandom(fn, in string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1_ratelimit call
//go:noescape
func importRateLimit(fn, in string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1_audit call
//go:noescape
func importAudit(fn, in string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1_storage call
//go:noescape
func importStorage(fn, in string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1_cookies call
//go:noescape
func importCookies(fn, in string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1_openapi call
//go:noescape
func importOpenAPI(fn, in string, out unsafe.Pointer, capacity uint32) uint64

//go:wasmimport authhost_v1_http call
//go:noescape
func importHTTP(fn, in string, out unsafe.Pointer, capacity uint32) uint64

// current is the one call that an instance runs at a time.
var current Call

// scratch receives values; longer ones are taken in a second step.
var scratch [1024]byte

//go:wasmexport authhost_call
func authhostCall(number int32) int32 { return int32(run(&current, number)) }

// transport calls the imports.
type transport struct{}

func (transport) get(path []byte) Value {
	high, length := unpack(importGet(unsafe.String(unsafe.SliceData(path), len(path)), unsafe.Pointer(&scratch), uint32(len(scratch))))
	kind := Kind(high)
	switch {
	case length == 0:
		return Value{kind: kind}
	case kind == KindBool:
		return Bool(scratch[0] == 't')
	case length <= len(scratch):
		return Value{kind, string(scratch[:length])}
	}
	text := make([]byte, length)
	n := copy(text, scratch[:])
	for n < length {
		_, more := unpack(importTake(unsafe.Pointer(&text[n]), uint32(length-n)))
		if more == 0 {
			break
		}
		n += more
	}
	return Value{kind, unsafe.String(&text[0], n)}
}

func (transport) set(path []byte, v Value) Status {
	return Status(importSet(unsafe.String(unsafe.SliceData(path), len(path)), uint32(v.kind), v.text))
}

func (transport) log(level Level, message string) { importLog(int32(level), message) }

// Capability calls take their arguments from the document's args and leave
// their result at result, so that neither crosses as JSON.

func status(v uint64) Status { s, _ := unpack(v); return Status(s) }

func (transport) identity(fn string) Status     { return status(importIdentity(fn, "", nil, 0)) }
func (transport) session(fn string) Status      { return status(importSession(fn, "", nil, 0)) }
func (transport) verification(fn string) Status { return status(importVerification(fn, "", nil, 0)) }
func (transport) crypto(fn string) Status       { return status(importCrypto(fn, "", nil, 0)) }
func (transport) keys(fn string) Status         { return status(importKeys(fn, "", nil, 0)) }
func (transport) email(fn string) Status        { return status(importEmail(fn, "", nil, 0)) }
func (transport) random(fn string) Status       { return status(importRandom(fn, "", nil, 0)) }
func (transport) rateLimit(fn string) Status    { return status(importRateLimit(fn, "", nil, 0)) }
func (transport) audit(fn string) Status        { return status(importAudit(fn, "", nil, 0)) }
func (transport) storage(fn string) Status      { return status(importStorage(fn, "", nil, 0)) }
func (transport) cookies(fn string) Status      { return status(importCookies(fn, "", nil, 0)) }
func (transport) openAPI(fn string) Status      { return status(importOpenAPI(fn, "", nil, 0)) }
func (transport) http(fn string) Status         { return status(importHTTP(fn, "", nil, 0)) }
