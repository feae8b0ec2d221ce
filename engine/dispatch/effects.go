package dispatch

import (
	"fmt"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/pluginapi"
)

// MaxEffects is how many host calls with an effect outside of the server, such
// as HTTP requests, one unit of work may make.
const MaxEffects = 16

// effects are the outcomes of host calls that cannot be undone. When the unit
// of work runs again because its commit conflicted, the same calls get the
// same outcomes, and nothing outside happens twice.
type effects struct {
	done   map[string][]effect // by call
	replay map[string]int      // how many of them this attempt has met
	count  int
	held   map[string]uint64 // what Single holds: versions of leases by id
}

type effect struct {
	value document.Value
	err   error
}

func (e *effects) rewind() { e.replay = nil }

// Once performs a host call whose effect reaches beyond the unit of work. The
// key says what the call does: an attempt after a conflict that makes the same
// call again gets the outcome of before, in the order of the calls.
func (ex *Exchange) Once(key string, do func() (document.Value, error)) (document.Value, error) {
	e := &ex.effects
	if e.replay == nil {
		e.replay = map[string]int{}
	}
	n := e.replay[key]
	e.replay[key]++
	if past := e.done[key]; n < len(past) {
		return past[n].value.Clone(), past[n].err
	}
	if e.count == MaxEffects {
		return document.Value{}, &Refusal{Status: pluginapi.StatusLimit, Message: fmt.Sprintf("one request makes at most %d calls to other servers", MaxEffects)}
	}
	e.count++
	value, err := do()
	if e.done == nil {
		e.done = map[string][]effect{}
	}
	e.done[key] = append(e.done[key], effect{value.Clone(), err})
	return value, err
}
