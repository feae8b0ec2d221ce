package sandbox

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"
)

// Error numbers of wasi_snapshot_preview1.
const (
	errnoSuccess = 0
	errnoBadf    = 8
	errnoInval   = 28
	errnoNosys   = 52
	errnoNotsup  = 58
	errnoSpipe   = 70
)

// The clocks of wasi_snapshot_preview1 that the shim has.
const (
	clockRealtime  = 0
	clockMonotonic = 1
)

// wasiUnserved are the functions that answer "not supported", or "bad file
// descriptor" for those that take one, with their signatures. Language
// runtimes import many of them and can live with that answer.
var wasiUnserved = map[string]struct {
	sig   string
	errno uint64
}{
	"fd_advise":               {"iIIi>i", errnoBadf},
	"fd_allocate":             {"iII>i", errnoBadf},
	"fd_datasync":             {"i>i", errnoBadf},
	"fd_fdstat_set_rights":    {"iII>i", errnoBadf},
	"fd_filestat_set_size":    {"iI>i", errnoBadf},
	"fd_filestat_set_times":   {"iIIi>i", errnoBadf},
	"fd_pread":                {"iiiIi>i", errnoBadf},
	"fd_prestat_get":          {"ii>i", errnoBadf},
	"fd_prestat_dir_name":     {"iii>i", errnoBadf},
	"fd_pwrite":               {"iiiIi>i", errnoBadf},
	"fd_readdir":              {"iiiIi>i", errnoBadf},
	"fd_renumber":             {"ii>i", errnoBadf},
	"fd_sync":                 {"i>i", errnoBadf},
	"fd_tell":                 {"ii>i", errnoSpipe},
	"path_create_directory":   {"iii>i", errnoNotsup},
	"path_filestat_get":       {"iiiii>i", errnoNotsup},
	"path_filestat_set_times": {"iiiiIIi>i", errnoNotsup},
	"path_link":               {"iiiiiii>i", errnoNotsup},
	"path_open":               {"iiiiiIIii>i", errnoNotsup},
	"path_readlink":           {"iiiiii>i", errnoNotsup},
	"path_remove_directory":   {"iii>i", errnoNotsup},
	"path_rename":             {"iiiiii>i", errnoNotsup},
	"path_symlink":            {"iiiii>i", errnoNotsup},
	"path_unlink_file":        {"iii>i", errnoNotsup},
	"proc_raise":              {"i>i", errnoNosys},
	"sock_accept":             {"iii>i", errnoNotsup},
	"sock_recv":               {"iiiiii>i", errnoNotsup},
	"sock_send":               {"iiiii>i", errnoNotsup},
	"sock_shutdown":           {"ii>i", errnoNotsup},
}

// wasi are the functions of the shim.
func wasi() map[string]hostFunc {
	fns := map[string]hostFunc{
		"args_get":            {sig("ii>i"), wasiEmptyList},
		"args_sizes_get":      {sig("ii>i"), wasiNoSizes},
		"environ_get":         {sig("ii>i"), wasiEmptyList},
		"environ_sizes_get":   {sig("ii>i"), wasiNoSizes},
		"clock_res_get":       {sig("ii>i"), wasiClockRes},
		"clock_time_get":      {sig("iIi>i"), wasiClockTime},
		"fd_close":            {sig("i>i"), wasiStream},
		"fd_fdstat_get":       {sig("ii>i"), wasiFdstat},
		"fd_fdstat_set_flags": {sig("ii>i"), wasiStream},
		"fd_filestat_get":     {sig("ii>i"), wasiFilestat},
		"fd_read":             {sig("iiii>i"), wasiRead},
		"fd_seek":             {sig("iIii>i"), wasiSeek},
		"fd_write":            {sig("iiii>i"), wasiWrite},
		"poll_oneoff":         {sig("iiii>i"), wasiPoll},
		"proc_exit":           {sig("i>"), wasiExit},
		"random_get":          {sig("ii>i"), wasiRandom},
		"sched_yield":         {sig(">i"), func(_ *call, s []uint64) { s[0] = errnoSuccess }},
	}
	for name, f := range wasiUnserved {
		errno := f.errno
		fns[name] = hostFunc{sig(f.sig), func(_ *call, s []uint64) { s[0] = errno }}
	}
	for name, f := range fns {
		fn := f.fn
		fns[name] = hostFunc{f.sig, func(c *call, s []uint64) {
			c.burn(fuelWASI)
			fn(c, s)
		}}
	}
	return fns
}

// wasiEmptyList answers with a list of no arguments or variables.
func wasiEmptyList(_ *call, s []uint64) { s[0] = errnoSuccess }

// wasiNoSizes answers that there are none.
func wasiNoSizes(c *call, s []uint64) {
	c.put32(uint32(s[0]), 0)
	c.put32(uint32(s[1]), 0)
	s[0] = errnoSuccess
}

func wasiClockRes(c *call, s []uint64) {
	if s[0] > clockMonotonic {
		s[0] = errnoInval
		return
	}
	c.put64(uint32(s[1]), uint64(time.Microsecond))
	s[0] = errnoSuccess
}

func wasiClockTime(c *call, s []uint64) {
	var t uint64
	switch s[0] {
	case clockRealtime:
		t = uint64(c.realtime())
	case clockMonotonic:
		t = uint64(c.monotonic())
	default:
		s[0] = errnoInval
		return
	}
	c.put64(uint32(s[2]), t)
	s[0] = errnoSuccess
}

// isStream reports whether fd is standard input, output or error.
func isStream(fd uint64) bool { return fd <= 2 }

// wasiStream accepts an operation that has no effect on the streams.
func wasiStream(_ *call, s []uint64) {
	if isStream(s[0]) {
		s[0] = errnoSuccess
	} else {
		s[0] = errnoBadf
	}
}

// File types and rights of wasi_snapshot_preview1.
const (
	filetypeCharacterDevice = 2
	rightFdRead             = 1 << 1
	rightFdWrite            = 1 << 6
)

func wasiFdstat(c *call, s []uint64) {
	if !isStream(s[0]) {
		s[0] = errnoBadf
		return
	}
	stat := c.view(uint32(s[1]), 24)
	clear(stat)
	stat[0] = filetypeCharacterDevice
	rights := uint64(rightFdWrite)
	if s[0] == 0 {
		rights = rightFdRead
	}
	binary.LittleEndian.PutUint64(stat[8:], rights)
	s[0] = errnoSuccess
}

func wasiFilestat(c *call, s []uint64) {
	if !isStream(s[0]) {
		s[0] = errnoBadf
		return
	}
	stat := c.view(uint32(s[1]), 64)
	clear(stat)
	stat[16] = filetypeCharacterDevice
	s[0] = errnoSuccess
}

// wasiRead answers that standard input is at its end.
func wasiRead(c *call, s []uint64) {
	if s[0] != 0 {
		s[0] = errnoBadf
		return
	}
	c.put32(uint32(s[3]), 0)
	s[0] = errnoSuccess
}

func wasiSeek(_ *call, s []uint64) {
	if isStream(s[0]) {
		s[0] = errnoSpipe
	} else {
		s[0] = errnoBadf
	}
}

// maxVectors bounds the buffers of one fd_write.
const maxVectors = 1024

func wasiWrite(c *call, s []uint64) {
	if s[0] != 1 && s[0] != 2 {
		s[0] = errnoBadf
		return
	}
	if uint32(s[2]) > maxVectors {
		s[0] = errnoInval
		return
	}
	vecs := c.view(uint32(s[1]), uint32(s[2])*8)
	var n uint32
	for ; len(vecs) > 0; vecs = vecs[8:] {
		ptr, size := binary.LittleEndian.Uint32(vecs), binary.LittleEndian.Uint32(vecs[4:])
		b := c.view(ptr, size)
		c.takeOut(size)
		c.print(int(s[0])-1, b)
		n += size
	}
	c.put32(uint32(s[3]), n)
	s[0] = errnoSuccess
}

func wasiExit(_ *call, s []uint64) {
	panic(&stop{reason: ReasonExit, detail: fmt.Sprintf("code %d", uint32(s[0]))})
}

func wasiRandom(c *call, s []uint64) {
	b := c.view(uint32(s[0]), uint32(s[1]))
	c.takeIn(len(b))
	// Read never fails: it ends the process when the system has no entropy.
	_, _ = rand.Read(b)
	c.usage.Random = true
	s[0] = errnoSuccess
}

// Layout of subscriptions and events of poll_oneoff.
const (
	subscriptionSize = 48
	eventSize        = 32
	eventClock       = 0
	clockAbsolute    = 1
)

// wasiPoll sleeps until the first clock subscription is due, and answers a
// subscription to a descriptor at once. It never sleeps past the call's time.
func wasiPoll(c *call, s []uint64) {
	n := uint32(s[2])
	if n == 0 || n > maxVectors {
		s[0] = errnoInval
		return
	}
	subs, events := c.view(uint32(s[0]), n*subscriptionSize), c.view(uint32(s[1]), n*eventSize)
	out := uint32(s[3])
	wait, clocks := c.earliest(subs)
	if clocks == int(n) && wait > 0 {
		c.sleep(wait)
	}
	count := uint32(0)
	for i := range int(n) {
		sub := subs[i*subscriptionSize:][:subscriptionSize]
		if sub[8] == eventClock && (clocks < int(n) || c.clockWait(sub) > wait) {
			continue
		}
		ev := events[count*eventSize:][:eventSize]
		clear(ev)
		copy(ev, sub[:8])
		ev[10] = sub[8]
		if sub[8] != eventClock {
			ev[8] = errnoNotsup
		}
		count++
	}
	c.put32(out, count)
	s[0] = errnoSuccess
}

// earliest returns the shortest wait of the clock subscriptions and how many
// there are.
func (c *call) earliest(subs []byte) (wait time.Duration, clocks int) {
	for ; len(subs) > 0; subs = subs[subscriptionSize:] {
		if subs[8] != eventClock {
			continue
		}
		if w := c.clockWait(subs); clocks == 0 || w < wait {
			wait = w
		}
		clocks++
	}
	return wait, clocks
}

// clockWait returns how long a clock subscription has to wait.
func (c *call) clockWait(sub []byte) time.Duration {
	id := binary.LittleEndian.Uint32(sub[16:])
	timeout := int64(min(binary.LittleEndian.Uint64(sub[24:]), 1<<62))
	if binary.LittleEndian.Uint16(sub[40:])&clockAbsolute == 0 {
		return time.Duration(timeout)
	}
	now := c.monotonic()
	if id == clockRealtime {
		now = c.realtime()
	}
	return max(0, time.Duration(timeout-now))
}

// sleep waits on the guest's behalf, and ends the call when its time is over.
func (c *call) sleep(d time.Duration) {
	t := time.NewTimer(min(d, time.Until(c.end)+time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.Context.Done():
	}
	c.checkTime()
}

// put32 and put64 write a number to guest memory.
func (c *call) put32(ptr, v uint32) { binary.LittleEndian.PutUint32(c.view(ptr, 4), v) }

func (c *call) put64(ptr uint32, v uint64) { binary.LittleEndian.PutUint64(c.view(ptr, 8), v) }
