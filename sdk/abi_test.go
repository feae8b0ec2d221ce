//go:build !wasip1

package sdk

import (
	"maps"
	"testing"

	"github.com/authhost/authhost/pluginapi"
)

// TestNumbers compares the numbers that this package restates with the ABI's.
func TestNumbers(t *testing.T) {
	var want map[string]map[string]int
	var file struct {
		Kinds, Statuses, Results, Levels map[string]int
	}
	vectors(t, "numbers.json", &file)
	want = map[string]map[string]int{"kinds": file.Kinds, "statuses": file.Statuses, "results": file.Results, "levels": file.Levels}
	for what, got := range map[string]map[string]int{
		"kinds": {
			"absent": int(KindAbsent), "null": int(KindNull), "bool": int(KindBool), "number": int(KindNumber),
			"string": int(KindString), "json": int(KindJSON), "bytes": int(KindBytes), "path": int(KindPath),
		},
		"statuses": {
			"ok": int(OK), "not_found": int(NotFound), "conflict": int(Conflict), "denied": int(Denied), "invalid": int(Invalid),
			"limit": int(Limit), "timeout": int(Timeout), "unavailable": int(Unavailable), "unsupported": int(Unsupported), "internal": int(Internal),
		},
		"results": {"continue": int(ResultContinue), "respond": int(ResultRespond), "deny": int(ResultDeny), "failed": int(ResultFailed)},
		"levels":  {"debug": int(LevelDebug), "info": int(LevelInfo), "warn": int(LevelWarn), "error": int(LevelError)},
	} {
		if !maps.Equal(got, want[what]) {
			t.Errorf("%s: got %v, the ABI has %v", what, got, want[what])
		}
	}
	if len(statusNames) != len(file.Statuses) {
		t.Errorf("%d statuses have a name", len(statusNames))
	}
}

func TestUnpack(t *testing.T) {
	for _, v := range []struct {
		high   uint32
		length int
	}{{0, 0}, {4, 17}, {9, 65536}, {6, 1<<31 - 1}} {
		if high, length := unpack(pluginapi.Pack(v.high, v.length)); high != v.high || length != v.length {
			t.Errorf("got %d, %d, want %v", high, length, v)
		}
	}
}

func TestRegisterTwice(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a number was registered twice without complaint")
		}
	}()
	Register(-1, nil)
	Register(-1, nil)
}

// TestUnregistered: a manifest that names a handler that is not there fails,
// and the log says which.
func TestUnregistered(t *testing.T) {
	h := new(scriptedHost)
	if got := Invoke(h, -2); got != ResultFailed || len(h.logged) != 1 || h.logged[0] != "3 "+UnregisteredHandler+"-2" {
		t.Errorf("got %d, log %q", got, h.logged)
	}
}
