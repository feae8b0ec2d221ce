package sandbox

import (
	"errors"
	"fmt"
)

// Errors of Acquire.
var (
	// ErrBusy says that every instance of the module is in use and that too
	// many callers wait already, or that waiting took too long.
	ErrBusy = errors.New("sandbox: every instance is busy")
	// ErrClosed says that the module or its runtime was closed.
	ErrClosed = errors.New("sandbox: closed")
)

// Reason tells why a call was ended.
type Reason string

// The reasons of a TrapError. All but ReasonTrap, ReasonPointer, ReasonText
// and ReasonExit are limits or faults outside the guest's code.
const (
	ReasonTrap      Reason = "trap"       // the guest's own trap: unreachable, bad address, division by zero
	ReasonExit      Reason = "exit"       // the guest called proc_exit
	ReasonPointer   Reason = "pointer"    // a pointer or length outside memory at an import
	ReasonText      Reason = "text"       // invalid UTF-8 in a path or name
	ReasonFuel      Reason = "fuel"       // Limits.Fuel
	ReasonStack     Reason = "stack"      // Limits.Stack
	ReasonWall      Reason = "wall"       // Limits.Wall, or the context's deadline
	ReasonCanceled  Reason = "canceled"   // the context was canceled
	ReasonHostCalls Reason = "host-calls" // Limits.HostCalls
	ReasonBytesIn   Reason = "bytes-in"   // Limits.BytesIn
	ReasonBytesOut  Reason = "bytes-out"  // Limits.BytesOut
	ReasonHost      Reason = "host"       // a host call panicked
)

// TrapError is the end of a call that did not return. The instance is
// unusable afterwards, and Release discards it.
type TrapError struct {
	Module  string
	Handler int32
	Reason  Reason
	Limit   uint64 // the limit that was reached, where Reason names one; Wall in nanoseconds
	Detail  string // for the log, never for clients: it holds text of the guest's making
}

// Error implements error.
func (e *TrapError) Error() string {
	s := fmt.Sprintf("sandbox: module %s, handler %d: %s", e.Module, e.Handler, e.Reason)
	if e.Limit != 0 {
		s += fmt.Sprintf(" (limit %d)", e.Limit)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// The stages of Load, in order. Load reports them as progress and names one
// in its error.
const (
	StageAdmission = "admission" // the binary is read and checked
	StageCompile   = "compile"   // machine code is made, or taken from the cache
	StageImage     = "image"     // the module is initialised once
	StageReady     = "ready"
)

// LoadError says at which stage a module was refused, and why.
type LoadError struct {
	Module string
	Stage  string
	Err    error
}

// Error implements error.
func (e *LoadError) Error() string {
	return fmt.Sprintf("sandbox: module %s: %s: %v", e.Module, e.Stage, e.Err)
}

// Unwrap returns the cause.
func (e *LoadError) Unwrap() error { return e.Err }

// CapabilityError says that a module imports a capability which the runtime
// does not serve.
type CapabilityError struct{ Capability string }

// Error implements error.
func (e *CapabilityError) Error() string {
	return fmt.Sprintf("capability %q does not exist on this host", e.Capability)
}

// VersionError says that a module was built for another major version of the
// host's imports.
type VersionError struct{ Module, Host string }

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the module was built for %s, this host serves %s", e.Module, e.Host)
}
