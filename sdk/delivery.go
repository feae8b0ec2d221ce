package sdk

// Delivery is what is particular to a durable delivery: the manifest has
// "delivery": "durable" for the hook. A handler that returns nil has accepted
// the event; with Later it comes again.
type Delivery struct {
	ID      string // of the event for this target, the same in all attempts
	Target  string // the member of the configuration that the event is for, with "deliverTo"
	Time    string // when the event was committed, as dates in records are written
	UserID  string // the user whose events come in order
	Version int64  // of the record: of two states of one record the greater is the later
	Attempt int64  // from 1
}

// Delivery reads it.
func (c *Call) Delivery() Delivery {
	e := c.Get("event")
	return Delivery{
		ID: e.Get("id").String(), Target: e.Get("target").String(), Time: e.Get("time").String(), UserID: e.Get("userId").String(),
		Version: e.Get("version").Int(0), Attempt: e.Get("attempt").Int(0),
	}
}

// Appointment is what a schedule without cron runs for. A handler that returns
// nil has kept it; with Later it comes again.
type Appointment struct {
	Key     string // that Schedule.At was given
	Time    string // when it was due, as dates in records are written
	Attempt int64  // from 1
}

// Appointment reads it. Its input is at "input".
func (c *Call) Appointment() Appointment {
	e := c.Get("event")
	return Appointment{Key: e.Get("key").String(), Time: e.Get("time").String(), Attempt: e.Get("attempt").Int(0)}
}

// Later fails a durable delivery or an appointment: it is tried again after a
// while. The reason is for the operator; do not put secrets into it.
func (c *Call) Later(reason string) error {
	c.Set("error.message", String(reason))
	return &HostError{Status: Unavailable, Function: "delivery", Message: reason}
}
