package wasmtest

import "github.com/authhost/authhost/pluginapi"

// Set writes a text field of the document.
func Set(path, text string) Step { return SetKind(path, pluginapi.KindString, text) }

// SetJSON writes a field given as JSON text.
func SetJSON(path, text string) Step { return SetKind(path, pluginapi.KindJSON, text) }

// Copy has the host copy one field of the document to another.
func Copy(path, from string) Step { return SetKind(path, pluginapi.KindPath, from) }

// SetKind writes a field of any kind.
func SetKind(path string, kind pluginapi.Kind, value string) Step {
	return func(g *Guest) []byte {
		return cat(g.text(path), i32(int32(kind)), g.text(value), call(importSet), local(opLocalSet, localStatus))
	}
}

// Get reads a field and sets the status for Report and If to its kind.
func Get(path string) Step {
	return func(g *Guest) []byte {
		return cat(g.text(path), i32(addrOut), i32(outSize), call(importGet), keepStatus())
	}
}

// Pass writes what the last Get returned to a text field, if it was not longer
// than a guest has room for.
func Pass(path string) Step {
	return func(g *Guest) []byte {
		length := cat(local(opLocalGet, localResult), []byte{opI32WrapI64})
		return cat(g.text(path), i32(int32(pluginapi.KindString)), i32(addrOut), length, call(importSet), []byte{opDrop})
	}
}

// Call calls a function of a capability with JSON arguments; "" means those
// that were put together in the document's args.
func Call(capability, function, args string) Step {
	return func(g *Guest) []byte {
		return cat(g.text(function), g.text(args), i32(addrOut), i32(outSize), call(g.capability(capability)), keepStatus())
	}
}

// keepStatus takes the upper half of a result as the status.
func keepStatus() []byte {
	return cat(local(opLocalTee, localResult), i64(32), []byte{opI64ShrU, opI32WrapI64}, local(opLocalSet, localStatus))
}

// Report writes the last status, one digit, as a number to a field. It leaves
// the status as it is.
func Report(path string) Step {
	return func(g *Guest) []byte {
		return cat(
			i32(addrDigit), local(opLocalGet, localStatus), i32('0'), []byte{opI32Add, opI32Store8, 0, 0},
			g.text(path), i32(int32(pluginapi.KindNumber)), i32(addrDigit), i32(1), call(importSet), []byte{opDrop},
		)
	}
}

// If runs steps if the last status is the given one.
func If(status pluginapi.Status, steps ...Step) Step {
	return func(g *Guest) []byte {
		code := cat(local(opLocalGet, localStatus), i32(int32(status)), []byte{opI32Eq, opIf, typeNone})
		for _, step := range steps {
			code = append(code, step(g)...)
		}
		return append(code, opEnd)
	}
}

// Must ends the handler with Failed unless the last status is ok.
func Must() Step {
	return func(*Guest) []byte {
		return cat(local(opLocalGet, localStatus), []byte{opIf, typeNone}, i32(int32(pluginapi.Failed)), []byte{opReturn, opEnd})
	}
}

// Return ends the handler.
func Return(r pluginapi.Result) Step {
	return func(*Guest) []byte { return cat(i32(int32(r)), []byte{opReturn}) }
}

// Deny refuses with an error for the client.
func Deny(status, code, message string) Step {
	return func(g *Guest) []byte {
		return cat(
			SetKind("error.status", pluginapi.KindNumber, status)(g),
			Set("error.code", code)(g), Set("error.message", message)(g),
			Return(pluginapi.Deny)(g),
		)
	}
}

// Trap ends the handler with the guest's own trap.
func Trap() Step { return func(*Guest) []byte { return []byte{opUnreachable} } }

// Log writes a line to the log.
func Log(level pluginapi.Level, message string) Step {
	return func(g *Guest) []byte { return cat(i32(int32(level)), g.text(message), call(importLog)) }
}

// BadPointer reads a path from outside memory.
func BadPointer() Step {
	return func(*Guest) []byte {
		return cat(i32(-16), i32(1), i32(addrOut), i32(outSize), call(importGet), keepStatus())
	}
}

// Forever repeats steps without end.
func Forever(steps ...Step) Step {
	return func(g *Guest) []byte {
		code := []byte{opLoop, typeNone}
		for _, step := range steps {
			code = append(code, step(g)...)
		}
		return cat(code, []byte{opBr, 0, opEnd})
	}
}

// Recurse calls the entry function with a handler's number, from within
// itself.
func Recurse(number int32) Step {
	return func(g *Guest) []byte {
		return cat(i32(number), call(uint32(len(g.imports))), []byte{opDrop})
	}
}

// Grow asks for a page of memory more, whatever the answer.
func Grow() Step {
	return func(*Guest) []byte { return cat(i32(1), []byte{opMemoryGrow, 0, opDrop}) }
}
