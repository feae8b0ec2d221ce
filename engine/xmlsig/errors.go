package xmlsig

import "fmt"

// Reason says in one word why a document, a signature or a key is refused.
type Reason string

// The reasons.
const (
	TooLarge    Reason = "limit"       // beyond one of the bounds
	Malformed   Reason = "malformed"   // no XML, or not of the form that is taken
	NotFound    Reason = "not_found"   // there is no such element
	Unsigned    Reason = "unsigned"    // the element has no signature of its own
	Ambiguous   Reason = "ambiguous"   // there are several such elements
	Algorithm   Reason = "algorithm"   // one that is not allowed
	Certificate Reason = "certificate" // signed with the key of a certificate that is not among those given
	Expired     Reason = "expired"     // the certificate's time has not come, or is over
	Signature   Reason = "signature"   // not the signature of the element
	Key         Reason = "key"         // a key or certificate of the caller's that is of no use
)

// Error is why something is refused. It quotes nothing but names of XML.
type Error struct {
	Reason  Reason
	Message string
	Cause   error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

func refuse(reason Reason, format string, args ...any) error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func malformed(format string, args ...any) error { return refuse(Malformed, format, args...) }
