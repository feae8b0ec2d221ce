package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// call is one handler call under way. It is the context that wazero hands to
// the host functions, which find it there without a look-up.
type call struct {
	context.Context
	inst   *Instance
	host   Imports
	limits Limits
	usage  Usage
	start  time.Time
	end    time.Time // start + limits.Wall, or the context's deadline

	pending []byte    // what the last get or capability call left for take, in inst.buf
	lines   [2][]byte // unfinished lines of standard output and error
	logged  uint64
	frame   *frame // nil while a module is initialised
	short   bool   // its fuel is what another call had left, which is less than its own
	overdue bool   // the watchdog ended it
	inHost  bool   // a method of host is running
	lane    bool   // it has a processor, see Config.OwnerProcessors

	nested uint64 // fuel that calls within it have used, or the host for it, since it was charged for that

	capability *capabilityContext // nil as long as there was no capability call
}

// stop ends a call from inside a host function. wazero recovers it and
// returns it from the guest's entry.
type stop struct {
	reason Reason
	limit  uint64
	detail string
}

// Error implements error, as wazero wants of what it recovers.
func (s *stop) Error() string { return string(s.reason) + " " + s.detail }

// Fuel that host functions cost, beside a sixteenth of the bytes they move.
const (
	fuelHostCall = 200
	fuelWASI     = 100
)

// begin counts one host call.
func (c *call) begin() {
	c.burn(fuelHostCall)
	c.usage.HostCalls++
	if c.usage.HostCalls > c.limits.HostCalls {
		panic(&stop{reason: ReasonHostCalls, limit: uint64(c.limits.HostCalls)})
	}
}

// checkTime stops the call when its time is over or its context is done.
func (c *call) checkTime() {
	if time.Now().After(c.end) {
		panic(&stop{reason: ReasonWall, limit: uint64(c.limits.Wall)})
	}
	if c.Context.Err() != nil {
		panic(&stop{reason: ReasonCanceled, detail: context.Cause(c.Context).Error()})
	}
}

// view returns guest memory itself. It is only good until guest code runs
// again, so it never leaves this package.
func (c *call) view(ptr, n uint32) []byte {
	b, ok := c.inst.mem.Read(ptr, n)
	if !ok {
		panic(&stop{reason: ReasonPointer, detail: fmt.Sprintf("%d bytes at %#x, memory has %d", n, ptr, c.inst.mem.Size())})
	}
	return b
}

// takeOut counts bytes that leave the guest.
func (c *call) takeOut(n uint32) {
	c.usage.BytesOut += uint64(n)
	c.burn(uint64(n) >> 4)
	if c.usage.BytesOut > c.limits.BytesOut {
		panic(&stop{reason: ReasonBytesOut, limit: c.limits.BytesOut})
	}
}

// copyOut returns a copy of guest memory that the host may keep.
func (c *call) copyOut(ptr, n uint32) []byte {
	v := c.view(ptr, n)
	c.takeOut(n)
	if n == 0 {
		return nil
	}
	return append(make([]byte, 0, n), v...)
}

// text returns a copy of guest memory that must be UTF-8.
func (c *call) text(ptr, n uint32) string {
	v := c.view(ptr, n)
	c.takeOut(n)
	if !utf8.Valid(v) {
		panic(&stop{reason: ReasonText, detail: fmt.Sprintf("%d bytes at %#x", n, ptr)})
	}
	return string(v)
}

// deliver writes as much of value as fits to out, keeps the rest for take,
// and returns the import's result: high << 32 | length of value. It keeps the
// memory of value for the next one.
func (c *call) deliver(high uint32, value []byte, out []byte) uint64 {
	n := copy(out, value)
	c.takeIn(n)
	c.pending = value[n:]
	if cap(value) > 0 {
		c.inst.buf = value
	}
	return uint64(high)<<32 | uint64(uint32(len(value)))
}

// takeIn counts bytes that enter the guest.
func (c *call) takeIn(n int) {
	c.usage.BytesIn += uint64(n)
	c.burn(uint64(n) >> 4)
	if c.usage.BytesIn > c.limits.BytesIn {
		panic(&stop{reason: ReasonBytesIn, limit: c.limits.BytesIn})
	}
}

// log passes one line on, unless the call has logged enough.
func (c *call) log(level int32, line []byte) {
	c.logged += uint64(len(line)) + 1
	if c.logged > c.limits.LogBytes {
		return
	}
	c.inHost = true
	c.host.Log(level, strings.ToValidUTF8(string(line), "\uFFFD"))
	c.inHost = false
}

// maxLine bounds an unfinished line of standard output.
const maxLine = 8 << 10

// print takes standard output (stream 0) or error (stream 1) and logs the
// lines that are complete.
func (c *call) print(stream int, b []byte) {
	buf := append(c.lines[stream], b...)
	for {
		i := bytes.IndexByte(buf, '\n')
		if i < 0 && len(buf) < maxLine {
			break
		}
		if i < 0 || i > maxLine {
			c.log(int32(stream)+1, buf[:maxLine])
			buf = buf[maxLine:]
			continue
		}
		c.log(int32(stream)+1, buf[:i])
		buf = buf[i+1:]
	}
	c.lines[stream] = buf
}

// flush logs what was printed without a line end.
func (c *call) flush() {
	for i, b := range c.lines {
		if len(b) > 0 {
			c.lines[i] = nil
			c.log(int32(i)+1, b)
		}
	}
}

// callHost has the host do something. The guest's processor is free meanwhile:
// others of the same owner may use it, and nested calls need one. All of it, to
// wait for a processor included, is the host's time.
func (c *call) callHost(capability, fn string, in []byte) (status uint32, out []byte) {
	start := time.Now()
	defer func() { c.usage.Host += time.Since(start) }()
	c.leaveLane()
	c.inHost = true
	status, out = c.host.Call(c.capabilityContext(), capability, fn, in, c.inst.buf[:0])
	c.inHost = false
	if c.enterLane(time.Until(c.end)) != nil {
		c.checkTime()
		panic(&stop{reason: ReasonWall, limit: uint64(c.limits.Wall)})
	}
	return status, out
}

// enterLane takes one of the owner's processors.
func (c *call) enterLane(wait time.Duration) error {
	err := c.inst.core.rt.lanes.take(c.Context, c.owner(), wait)
	c.lane = err == nil
	return err
}

// leaveLane gives it back, if the call has one.
func (c *call) leaveLane() {
	if c.lane {
		c.lane = false
		c.inst.core.rt.lanes.give(c.owner())
	}
}

// owner is whose call it is; "" while a module is initialised.
func (c *call) owner() string {
	if c.inst.module == nil {
		return ""
	}
	return c.inst.module.owner
}

// capabilityContext returns the context of capability calls. It is made at
// the first one: most calls have none.
func (c *call) capabilityContext() context.Context {
	if c.capability == nil {
		c.capability = &capabilityContext{Context: c.Context, frame: c.frame, deadline: c.end}
	}
	return c.capability
}

// Clocks while a module is initialised: fixed, so that an image does not
// depend on when it was made.
const (
	imageRealtime  = 946_684_800_000_000_000 // 2000-01-01
	imageMonotonic = int64(time.Second)
)

// realtime returns the guest's wall clock in nanoseconds since 1970.
func (c *call) realtime() int64 {
	if c.inst.initialising {
		return imageRealtime
	}
	return c.inst.module.now().UnixNano()
}

// monotonic returns the guest's monotonic clock in nanoseconds. It starts
// after the moment at which images are made.
func (c *call) monotonic() int64 {
	if c.inst.initialising {
		return imageMonotonic
	}
	return imageMonotonic + int64(time.Since(c.inst.core.rt.started))
}
