package apierror

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Error is an answer with a status of 400 and above.
type Error struct {
	Status  int    // HTTP status
	Code    string // UPPER_SNAKE; some of the protocol's errors have none
	Message string // shown to the client
	Empty   bool   // answer with an empty body
	// RetryAfter is when the client should try again, in whole seconds; 0: the
	// answer does not say. It is sent as Retry-After (RFC 9110 section 10.2.3).
	RetryAfter time.Duration
	cause      error
}

// New returns an error for the client.
func New(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Message: message}
}

// Internal hides a cause behind the generic answer of a fault.
func Internal(cause error) *Error {
	e := New(http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", "Internal server error")
	e.cause = cause
	return e
}

// Unavailable hides a cause behind the answer for an overloaded or missing
// backend; the client may try again.
func Unavailable(cause error) *Error {
	e := New(http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE", "Service temporarily unavailable. Please try again later.")
	e.cause = cause
	return e
}

// WithCause returns a copy of the error with a cause for the log.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Later returns a copy of the error that says when to try again.
func (e *Error) Later(after time.Duration) *Error {
	c := *e
	c.RetryAfter = after
	return &c
}

// Error describes the error for logs; clients get Code and Message only.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%d %s: %s: %v", e.Status, e.Code, e.Message, e.cause)
	}
	return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message)
}

// Unwrap returns the cause, if any.
func (e *Error) Unwrap() error { return e.cause }

// From returns err as an *Error. What ran out of time, or says of itself that it
// is unavailable, becomes Unavailable(err), anything else Internal(err).
func From(err error) *Error {
	var e *Error
	var away interface{ Unavailable() bool }
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &away) && away.Unavailable():
		return Unavailable(err)
	}
	return Internal(err)
}

// Unauthorized is the answer of an endpoint that needs a session.
func Unauthorized() *Error {
	return New(http.StatusUnauthorized, "UNAUTHORIZED", "Unauthorized")
}
