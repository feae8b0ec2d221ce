package sdk

// Delivery reads what is particular to a durable delivery: the manifest has
// "delivery": "durable" for the hook. A handler that returns Continue has
// accepted the event; with Later it comes again.
type Delivery struct{ c *Call }

// Delivery returns it.
func (c *Call) Delivery() Delivery { return Delivery{c} }

// ID returns the id of the event for this target, the same in all attempts.
func (d Delivery) ID() string { return d.c.Get("event.id").String() }

// Target returns the member of the configuration that the event is for, where
// the manifest has "deliverTo".
func (d Delivery) Target() string { return d.c.Get("event.target").String() }

// Time returns when the event was committed, as dates in records are written.
func (d Delivery) Time() string { return d.c.Get("event.time").String() }

// Version returns the record's version: of two states of one record the
// greater is the later.
func (d Delivery) Version() int64 { return d.c.Get("event.version").Int(0) }

// Attempt returns which attempt this is, from 1.
func (d Delivery) Attempt() int64 { return d.c.Get("event.attempt").Int(0) }

// UserID returns the user whose events come in order.
func (d Delivery) UserID() string { return d.c.Get("event.userId").String() }

// Later fails a durable delivery: it is tried again after a while. The reason
// is for the operator; do not put secrets into it.
func (d Delivery) Later(reason string) Result {
	d.c.Set("error.message", String(reason))
	return Failed
}
