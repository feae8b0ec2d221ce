package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Cron says at which minutes something is to be done, in UTC.
type Cron struct {
	text     string
	schedule cron.Schedule
}

// fields are minute, hour, day of the month, month and day of the week.
const fields = 5

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// Parse reads a cron expression of five fields: minute, hour, day of the month,
// month and day of the week, each with lists, ranges and steps, months and days
// also by name. It refuses one that no time meets.
func Parse(text string) (Cron, error) {
	if n := len(strings.Fields(text)); n != fields {
		return Cron{}, fmt.Errorf("%q has %d fields; a schedule has %d: minute, hour, day of the month, month, day of the week", text, n, fields)
	}
	schedule, err := parser.Parse(text)
	if err != nil {
		return Cron{}, fmt.Errorf("%q is no schedule: %w", text, err)
	}
	if schedule.Next(time.Unix(0, 0).UTC()).IsZero() {
		return Cron{}, errors.New(text + " is at no time")
	}
	return Cron{text, schedule}, nil
}

// String returns the expression.
func (c Cron) String() string { return c.text }

// Next returns the first time after t.
func (c Cron) Next(t time.Time) time.Time { return c.schedule.Next(t.UTC()) }

// Latest returns the last time that is not after t; the zero time if there was
// none in the last years.
func (c Cron) Latest(t time.Time) time.Time {
	const day = 24 * time.Hour
	var latest time.Time
	for _, back := range []time.Duration{time.Hour, day, 32 * day, 366 * day, 8 * 366 * day} {
		for next := c.Next(t.Add(-back)); !next.IsZero() && !next.After(t); next = c.Next(next) {
			latest = next
		}
		if !latest.IsZero() {
			break // what is further back is earlier
		}
	}
	return latest
}
