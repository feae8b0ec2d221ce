package dispatch

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/authhost/authhost/engine/budget"
	"github.com/authhost/authhost/engine/document"
)

// MaxRequestMemory bounds, in bytes, what the handlers of one request have the
// host keep for them: texts, and values of JSON. A handler that wants more is
// refused with limit.
const MaxRequestMemory = 32 << 20

// Requests ask for the memory that they share in steps, so that they seldom have
// to, and not at all for what is as little as most of them need.
const (
	freeMemory = 64 << 10
	memoryStep = 256 << 10
)

// elementBytes is about what a value of JSON takes besides its text, and its
// name if it is a member.
const elementBytes = 64

// errMemory says that a request has used up MaxRequestMemory.
var errMemory = fmt.Errorf("dispatch: the handlers of a request may have %d bytes kept for them", MaxRequestMemory)

// charge counts memory that the host takes for a handler. It is given back when
// the exchange is closed.
func (c *Call) charge(bytes int) error {
	ex := c.Exchange
	if bytes > MaxRequestMemory-ex.kept {
		return errMemory
	}
	if more := int64(ex.kept+bytes-freeMemory) - ex.memory.Taken(); more > 0 {
		if err := ex.memory.Take(max(more, memoryStep)); err != nil {
			return err
		}
	}
	ex.kept += bytes
	return nil
}

// parse reads JSON of a guest, within what the request may have kept. How many
// values there are is not known before, but hardly more than the characters
// that begin or separate them.
func (c *Call) parse(text []byte) (document.Value, error) {
	n := 1
	for _, mark := range [...]string{",", "[", "{"} {
		n += bytes.Count(text, []byte(mark))
	}
	if err := c.charge(len(text) + n*elementBytes); err != nil {
		return document.Value{}, err
	}
	return document.Parse(text, 0)
}

// overLimit tells that there is no memory from other errors.
func overLimit(err error) bool {
	var full *budget.Exhausted
	return errors.Is(err, errMemory) || errors.As(err, &full)
}
