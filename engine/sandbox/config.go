package sandbox

import (
	"context"
	"io"
	"runtime"
	"time"
)

// Config says how a [Runtime] works. The zero value works: compiled code is
// kept in memory only, and every limit has the default written beside it.
type Config struct {
	// CacheDir is the folder that keeps compiled code between runs. It is
	// created with mode 0700, and New fails when others may write to it: who
	// can write there can run code in this process. Empty means no cache.
	CacheDir string
	// CacheKey names the version of the embedding program. Compiled code is
	// kept below a folder of this name, so that no version reads another's.
	CacheKey string
	// CacheSecret authenticates what is in the folder: an entry that was not
	// made with it, or is not as it was made, is made again. It has 16 bytes or
	// more, and is kept elsewhere. Default: random, so that nothing of another
	// run is used.
	CacheSecret []byte

	// Namespace is the import module of get, set, take and log; capability
	// NAME is the import module Namespace + "_" + NAME. Default "host_v1".
	Namespace string
	// Capabilities are the names that modules may import. A module that
	// imports another one does not load.
	Capabilities []string
	// Entry is the export that runs a handler. Default: Namespace without its
	// version, plus "_call"; "host_call" for the default namespace.
	Entry string

	// MemoryPages bounds the linear memory of every instance, in pages of
	// 64 KiB. Default 1024 (64 MiB), at most 65535.
	MemoryPages uint32
	// MaxModuleBytes bounds the size of a binary. Default 32 MiB.
	MaxModuleBytes int

	// CompileTime bounds the time that making one module's machine code may
	// take. Default 60 s.
	CompileTime time.Duration
	// Compiler, if set, compiles modules in a process of its own, where
	// memory and time can be bounded. It starts a program that runs
	// ServeCompiler on its standard input, such as this one, gives it job,
	// waits for its end or that of ctx, and returns a [*CompilerError] if it
	// ran without success. It needs CacheDir. Not set: modules are compiled
	// in this process, with time bounded only.
	Compiler func(ctx context.Context, job io.Reader) error
	// CompileMemory bounds the data of the compiling process, in bytes.
	// Default 1 GiB.
	CompileMemory uint64

	// MaxInstances bounds the live instances of one module. Default 64.
	MaxInstances int
	// MaxIdle bounds the instances that a module keeps for reuse, one that is
	// made ahead of its use included. Default MaxInstances, negative: none.
	MaxIdle int
	// MaxWaiting bounds the callers that wait for an instance of one module;
	// further ones get ErrBusy at once. Default 256.
	MaxWaiting int
	// MaxWait bounds how long a caller waits. Default 5 s.
	MaxWait time.Duration

	// OwnerProcessors bounds the calls of one owner that run at the same time,
	// those that wait for the host not counted, see [Module.Share]. Default: all
	// processors but one, and at least one.
	OwnerProcessors int

	// MaxNesting bounds the calls that wait for one another. Default 8.
	MaxNesting int
	// BreakAfter is the number of failed calls in a row after which a module
	// is left alone for CoolDown; then one call tries it. Default 20,
	// negative: never.
	BreakAfter int
	// CoolDown is how long a failing module is left alone. Default 5 s.
	CoolDown time.Duration

	// Limits are the defaults of every call. Zero members take the values
	// documented at [Limits].
	Limits Limits

	// NoImages makes every use take a fresh instance, as for modules that
	// cannot be reset. It is meant for comparison.
	NoImages bool
	// TrimAfter is how long an instance is idle before the pages that it
	// wrote to, and keeps to be quicker next time, go back to the system.
	// Default 10 s.
	TrimAfter time.Duration
	// SelfCheck compares memory and globals with the image after every reset
	// and discards the instance on a difference, which Stats counts. It is
	// slow, and meant for tests.
	SelfCheck bool

	// Now is the clock that guests see, unless LoadOptions has another. Default
	// time.Now.
	Now func() time.Time
}

// Limits bound one handler call. In [Config] a zero member means the default
// written beside it; in [Instance.Call] it means the value of Config.
type Limits struct {
	// Fuel bounds the guest's work, in instructions, roughly: the counting is
	// by function and loop, bulk operations cost by length, and calls of
	// host functions cost as what they stand for. Default 1,000,000,000,
	// which is about a second of computing.
	Fuel uint64
	// Stack bounds the depth of calls, in words of 8 bytes of the frames,
	// roughly. Default 131072 (1 MiB): some ten thousand small frames.
	Stack uint64
	// MemoryPages bounds how far linear memory may grow, in pages of 64 KiB;
	// a guest that asks for more is refused as by a full system. Default, and
	// at most, the MemoryPages of Load.
	MemoryPages uint32
	// Wall bounds the time from start to end, host calls included.
	// Default 10 s. A nearer deadline of the context wins.
	Wall time.Duration
	// HostCalls bounds the calls of get, set, take, log and capabilities.
	// Default 10000.
	HostCalls uint32
	// BytesIn bounds what the host hands to the guest. Default 16 MiB.
	BytesIn uint64
	// BytesOut bounds what the guest hands to the host: paths, values,
	// arguments, log text. Default 16 MiB.
	BytesOut uint64
	// LogBytes bounds log text, standard output included. More is dropped
	// without failing the call. Default 64 KiB.
	LogBytes uint64
	// Within takes the fuel of a nested call out of that of the call which waits
	// for it: it has no more than is left there.
	Within bool
}

// Defaults of Config and Limits.
const (
	defaultNamespace      = "host_v1"
	defaultMemoryPages    = 1024
	maxMemoryPages        = 65535 // one page of the format's 65536 is the sandbox's own
	defaultMaxModuleBytes = 32 << 20
	defaultCompileTime    = time.Minute
	defaultCompileMemory  = 1 << 30
	defaultMaxInstances   = 64
	defaultMaxWaiting     = 256
	defaultMaxWait        = 5 * time.Second
	defaultTrimAfter      = 10 * time.Second
	defaultMaxNesting     = 8
	defaultBreakAfter     = 20
	defaultCoolDown       = 5 * time.Second
	defaultFuel           = 1_000_000_000
	defaultStack          = 128 << 10
	defaultWall           = 10 * time.Second
	defaultHostCalls      = 10_000
	defaultBytes          = 16 << 20
	defaultLogBytes       = 64 << 10
)

// withDefaults returns c with every zero member replaced.
func (c Config) withDefaults() Config {
	c.Namespace = or(c.Namespace, defaultNamespace)
	c.Entry = or(c.Entry, entryFor(c.Namespace))
	c.MemoryPages = min(or(c.MemoryPages, defaultMemoryPages), maxMemoryPages)
	c.MaxModuleBytes = or(c.MaxModuleBytes, defaultMaxModuleBytes)
	c.CompileTime = or(c.CompileTime, defaultCompileTime)
	c.CompileMemory = or(c.CompileMemory, defaultCompileMemory)
	c.MaxInstances = or(c.MaxInstances, defaultMaxInstances)
	c.MaxIdle = or(c.MaxIdle, c.MaxInstances) // negative: none
	c.MaxWaiting = or(c.MaxWaiting, defaultMaxWaiting)
	c.MaxWait = or(c.MaxWait, defaultMaxWait)
	c.TrimAfter = or(c.TrimAfter, defaultTrimAfter)
	c.OwnerProcessors = or(c.OwnerProcessors, max(1, runtime.GOMAXPROCS(0)-1))
	c.MaxNesting = or(c.MaxNesting, defaultMaxNesting)
	c.BreakAfter = or(c.BreakAfter, defaultBreakAfter)
	c.CoolDown = or(c.CoolDown, defaultCoolDown)
	c.Limits = c.Limits.or(Limits{
		Fuel:      defaultFuel,
		Stack:     defaultStack,
		Wall:      defaultWall,
		HostCalls: defaultHostCalls,
		BytesIn:   defaultBytes,
		BytesOut:  defaultBytes,
		LogBytes:  defaultLogBytes,
	})
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// or returns l with zero members taken from d.
func (l Limits) or(d Limits) Limits {
	return Limits{
		Fuel:        or(l.Fuel, d.Fuel),
		Stack:       or(l.Stack, d.Stack),
		MemoryPages: or(l.MemoryPages, d.MemoryPages),
		Wall:        or(l.Wall, d.Wall),
		HostCalls:   or(l.HostCalls, d.HostCalls),
		BytesIn:     or(l.BytesIn, d.BytesIn),
		BytesOut:    or(l.BytesOut, d.BytesOut),
		LogBytes:    or(l.LogBytes, d.LogBytes),
	}
}

// or returns v, or d when v is zero.
func or[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// Usage is what one call used.
type Usage struct {
	Fuel      uint64
	Wall      time.Duration // from start to end, host calls included
	Host      time.Duration // the part of Wall spent in capability calls
	HostCalls uint32
	BytesIn   uint64
	BytesOut  uint64
	Pages     uint32 // linear memory at the end of the call, in pages of 64 KiB
	Random    bool   // the guest took random bytes from WASI
}
