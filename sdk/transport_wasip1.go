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

// hostFunction is the one function of a capability's import module.
type hostFunction func(fn, in string, out unsafe.Pointer, capacity uint32) uint64

// current is the one call that an instance runs at a time.
var current Call

// scratch receives values; longer ones are taken in a second step.
var scratch [2048]byte

//go:wasmexport authhost_call
func authhostCall(number int32) int32 {
	current.failed = nil
	return int32(run(&current, number))
}

// transport calls the imports.
type transport struct{}

func (transport) get(path []byte) Value {
	high, length := unpack(importGet(unsafe.String(unsafe.SliceData(path), len(path)), unsafe.Pointer(&scratch), uint32(len(scratch))))
	if kind := Kind(high); kind != KindBool {
		return Value{kind, received(length)}
	}
	return Bool(scratch[0] == 't')
}

// received returns the text of so many bytes that the host has for the guest:
// what is in scratch, and the rest.
func received(length int) string {
	if length <= len(scratch) {
		return string(scratch[:length])
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
	return unsafe.String(&text[0], n)
}

func (transport) set(path []byte, v Value) Status {
	return Status(importSet(unsafe.String(unsafe.SliceData(path), len(path)), uint32(v.kind), v.text))
}

func (transport) log(level Level, message string) { importLog(int32(level), message) }

func (transport) call(f hostFunction, _, function, in string) (Status, Value) {
	status, length := unpack(f(function, in, unsafe.Pointer(&scratch), uint32(len(scratch))))
	return Status(status), JSON(received(length))
}
