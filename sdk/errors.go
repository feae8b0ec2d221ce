package sdk

import (
	"errors"
	"strings"
)

// Error is an answer that refuses: a status of HTTP, 400 to 599, with the code
// and message that the client gets. "authhost plugin bind" makes a variable of
// each error in the manifest. A handler that returns an Error refuses: an
// endpoint answers it, a hook stops what it was asked about, and what the
// handler wrote is dropped. KeepWrites answers the same and keeps it.
//
// An Error without code and message has an empty body; one without a code has
// a message alone.
type Error struct {
	Status        int
	Code, Message string

	keeps bool
}

// Error returns the code and the message.
func (e *Error) Error() string {
	if e.Code == "" {
		return e.Message
	}
	return e.Code + ": " + e.Message
}

// KeepWrites returns an error that answers as e does and keeps what the handler
// has written: the mails that it sent and the tokens that it used up.
func (e *Error) KeepWrites() *Error {
	kept := *e
	kept.keeps = true
	return &kept
}

// WithMessage returns e with another message, such as one that names what the
// client asked for.
func (e *Error) WithMessage(message string) *Error {
	other := *e
	other.Message = message
	return &other
}

// Is reports whether two errors answer the same, whether or not they keep what
// was written.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && e.Status == other.Status && e.Code == other.Code && e.Message == other.Message
}

// Status is the outcome of a host call that was not done, and an error that
// errors.Is knows:
//
//	user, err := c.Identity().FindUser(sdk.FindUserOptions{Email: email})
//	if errors.Is(err, sdk.NotFound) { … }
type Status uint32

// The statuses.
const (
	ok          Status = iota
	NotFound           // there is no such record, key or token
	Conflict           // a unique value is taken, or a record has changed
	Denied             // not granted, or refused by another plugin
	Invalid            // the arguments are wrong
	Limit              // a limit is used up
	Timeout            // the call's time is over
	Unavailable        // a service did not answer; trying later may work
	Unsupported        // this engine has no such function
	Internal           // a fault of the host
)

var statusNames = [...]string{"ok", "not found", "conflict", "denied", "invalid", "limit", "timeout", "unavailable", "unsupported", "internal"}

// Error names the status.
func (s Status) Error() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown status"
}

// HostError says that a host call, or a write of the document, was not done. A
// handler that returns one fails, and the client gets the host's answer to it:
// another plugin's error if it was a veto, 503 if a service was unavailable,
// else 500.
type HostError struct {
	Status        Status
	Function      string // "identity.createUser"; of a write "set PATH"
	Code, Message string // fit for clients; "" if there is none
}

// writePrefix begins the Function of a write.
const writePrefix = "set "

// Error names the function and says why it was not done.
func (e *HostError) Error() string {
	s := e.Function + ": " + e.Status.Error()
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Unwrap returns the status.
func (e *HostError) Unwrap() error { return e.Status }

// Answer returns an Error with the code and message of e, for calls whose
// arguments came from the client.
func (e *HostError) Answer(status int) *Error {
	return &Error{Status: status, Code: e.Code, Message: e.Message}
}

// InvalidInput makes of the error of a call whose arguments were Invalid an
// answer with status 400 and the host's code and message, for arguments that
// came from the client. Every other error, and nil, it returns as it is.
func InvalidInput(err error) error {
	if refused, ok := errors.AsType[*HostError](err); ok && refused.Status == Invalid {
		return refused.Answer(400)
	}
	return err
}

// IfNotFound replaces the error of a call that found nothing: by an answer of
// the plugin's own, or by nil where that is no failure. Every other error, and
// nil, it returns as it is.
func IfNotFound(err, instead error) error {
	if errors.Is(err, NotFound) {
		return instead
	}
	return err
}

// CodeOf returns the code of a host call that was not done, such as "expired" of
// a token, and "" for every other error.
func CodeOf(err error) string {
	if refused, ok := errors.AsType[*HostError](err); ok {
		return refused.Code
	}
	return ""
}

// Respond, returned by a hook, answers at once with what was set: in
// request.before the endpoint does not run, in session.creating the answer is a
// step before the session.
var Respond error = respond{}

type respond struct{}

func (respond) Error() string { return "the handler has answered" }

// conclude turns what a handler returned into the result that the host gets.
func conclude(c *Call, err error) result {
	if answer, ok := errors.AsType[*Error](err); ok {
		return answer.conclude(c)
	}
	r := resultContinue
	if errors.Is(err, Respond) {
		r, err = resultRespond, nil
	}
	if err == nil {
		err = c.failed
	}
	if err == nil {
		return r
	}
	if unknownToHost(err) {
		c.Log(LevelError, err.Error())
	}
	return resultFailed
}

// unknownToHost reports whether err is not that of a host call, which the host
// reports itself.
func unknownToHost(err error) bool {
	refused, ok := errors.AsType[*HostError](err)
	return !ok || strings.HasPrefix(refused.Function, writePrefix)
}

// conclude writes the answer that e is. Writes that were not done before do
// not count: they would have been dropped, or belong to an answer that this one
// replaces.
func (e *Error) conclude(c *Call) result {
	c.failed = nil
	r := resultDeny
	if e.keeps {
		r = resultRespond
		c.SetStatus(e.Status)
		c.SetBody("", e.body())
	} else {
		c.Set("error.status", Int(int64(e.Status)))
		c.Set("error.code", String(e.Code))
		c.Set("error.message", String(e.Message))
	}
	if c.failed != nil {
		c.Log(LevelError, "answering "+e.Error()+": "+c.failed.Error())
		return resultFailed
	}
	return r
}

// body is what the host makes of error.code and error.message.
func (e *Error) body() Value {
	var members []Field
	if e.Message != "" {
		members = append(members, F("message", String(e.Message)))
	}
	if e.Code != "" {
		members = append(members, F("code", String(e.Code)))
	}
	if members == nil {
		return Value{}
	}
	return Object(members...)
}
