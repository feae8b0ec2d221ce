//go:build wasip1

package main

import (
	"encoding/json"
	"unsafe"
)

//go:wasmimport host_v1 get
func get(path unsafe.Pointer, pathLen uint32, out unsafe.Pointer, size uint32) uint64

//go:wasmimport host_v1 set
func set(path unsafe.Pointer, pathLen, kind uint32, value unsafe.Pointer, valueLen uint32) uint32

type request struct {
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    map[string]any    `json:"body"`
}

type response struct {
	Status int            `json:"status"`
	Body   map[string]any `json:"body"`
}

const kindJSON = 5

// What init computes is part of the image: encoding/json builds its decoders
// and encoders of these types here, and not again in every request.
func init() {
	var r request
	if err := json.Unmarshal([]byte(`{"path":"/","headers":{"a":"b"},"body":{"a":"b"}}`), &r); err != nil {
		panic(err)
	}
	if _, err := json.Marshal(response{Status: 200, Body: r.Body}); err != nil {
		panic(err)
	}
}

//go:wasmexport host_call
func handle(int32) int32 {
	buf := make([]byte, 4096)
	path := "request"
	n := uint32(get(unsafe.Pointer(unsafe.StringData(path)), uint32(len(path)), unsafe.Pointer(&buf[0]), uint32(len(buf))))
	var r request
	if err := json.Unmarshal(buf[:n], &r); err != nil {
		return 3
	}
	out, err := json.Marshal(response{Status: 200, Body: map[string]any{"email": r.Body["email"], "path": r.Path}})
	if err != nil {
		return 3
	}
	path = "response"
	set(unsafe.Pointer(unsafe.StringData(path)), uint32(len(path)), kindJSON, unsafe.Pointer(&out[0]), uint32(len(out)))
	return 0
}

func main() {}
