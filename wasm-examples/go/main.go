//go:build wasip1

// Command go is the sign-up rule in Go, without the SDK: the ABI is two
// imports and one export.
package main

import (
	"strings"
	"unsafe"
)

//go:wasmimport authhost_v1 get
func hostGet(path unsafe.Pointer, pathLen uint32, out unsafe.Pointer, size uint32) uint64

//go:wasmimport authhost_v1 set
func hostSet(path unsafe.Pointer, pathLen, kind uint32, value unsafe.Pointer, valueLen uint32) uint32

const (
	kindString = 4

	resultContinue = 0
	resultDeny     = 2
	resultFailed   = 3
)

// get reads a string of at most 512 bytes.
func get(path string) (string, bool) {
	var buf [512]byte
	r := hostGet(unsafe.Pointer(unsafe.StringData(path)), uint32(len(path)), unsafe.Pointer(&buf), uint32(len(buf)))
	if r>>32 != kindString || uint32(r) > uint32(len(buf)) {
		return "", false
	}
	return string(buf[:uint32(r)]), true
}

// set writes a string. The host answers zero if the handler may write there.
func set(path, value string) bool {
	return hostSet(unsafe.Pointer(unsafe.StringData(path)), uint32(len(path)), kindString,
		unsafe.Pointer(unsafe.StringData(value)), uint32(len(value))) == 0
}

//go:wasmexport authhost_call
func call(handler int32) int32 {
	switch handler {
	case 1:
		return userCreating()
	case 2:
		if set("claims.plan", "free") {
			return resultContinue
		}
	}
	return resultFailed
}

func userCreating() int32 {
	email, ok1 := get("record.email")
	blocked, ok2 := get("config.blockedDomain")
	if !ok1 || !ok2 {
		return resultFailed
	}
	_, domain, _ := strings.Cut(email, "@")
	if !strings.EqualFold(domain, blocked) {
		return resultContinue
	}
	set("error.code", "EMAIL_DOMAIN_NOT_ALLOWED")
	set("error.message", "Addresses of this domain cannot sign up")
	return resultDeny
}

func main() {}
