package postbox

import "errors"

// Final marks an error that trying again does not cure.
func Final(err error) error { return &finalError{err} }

// IsFinal reports whether trying again is pointless after an error.
func IsFinal(err error) bool {
	var f *finalError
	return errors.As(err, &f)
}

type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }
