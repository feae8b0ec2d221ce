package postbox

import "time"

// Message is what package post takes over and has sent.
type Message interface {
	// About says what may be known of the message without its content.
	About() About
	// Check refuses a recipient to whom nothing can be sent.
	Check() error
	// Pack returns the message in a form that it can be read from again.
	Pack() ([]byte, error)
}

// About is what may be known of a message without its content.
type About struct {
	Plugin, Name string    // which plugin sends it, and its name in the manifest
	At           time.Time // when it was asked for
	Decoy        bool      // it is not sent
}
