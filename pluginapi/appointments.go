package pluginapi

import (
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of the appointments that plugins make with schedule.at.
const (
	// MaxAppointmentKey bounds a key, in bytes.
	MaxAppointmentKey = 128
	// MaxAppointmentInput bounds the input, in bytes of JSON.
	MaxAppointmentInput = 4096
	// MaxAppointmentDays is how far ahead an appointment may be: five years.
	MaxAppointmentDays = 5 * 366
	// MaxAppointments is how many a schedule may have in a tenant that are still
	// to come.
	MaxAppointments = 10_000
)

// ByAppointment reports whether the handler is a schedule that runs when the
// plugin has made an appointment, and not by cron.
func (h *Handler) ByAppointment() bool { return h.Kind == KindSchedule && h.Cron == "" }

// Appointed returns the handler for the appointments of a schedule, and whether
// there is one.
func (m *Manifest) Appointed(schedule string) (*Handler, bool) {
	for i := range m.Handlers {
		if h := &m.Handlers[i]; h.ByAppointment() && h.Schedule == schedule {
			return h, true
		}
	}
	return nil, false
}

// appoints reports whether the manifest has a schedule for appointments.
func (m *Manifest) appoints() bool {
	for i := range m.Handlers {
		if m.Handlers[i].ByAppointment() {
			return true
		}
	}
	return false
}

// CheckAppointment reads the time of an appointment, an RFC 3339 date and time,
// and checks its key and the size of its input.
func CheckAppointment(key, at string, input []byte, now time.Time) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, at)
	switch {
	case err != nil:
		return time.Time{}, errors.New("argument at must be a time such as 2026-01-02T03:04:05.678Z")
	case t.After(now.AddDate(0, 0, MaxAppointmentDays)):
		return time.Time{}, fmt.Errorf("argument at must be within %d days", MaxAppointmentDays)
	case len(input) > MaxAppointmentInput:
		return time.Time{}, fmt.Errorf("argument input must be at most %d bytes of JSON", MaxAppointmentInput)
	}
	return t.UTC(), checkAppointmentKey(key)
}

func checkAppointmentKey(key string) error {
	if len(key) > MaxAppointmentKey || !utf8.ValidString(key) {
		return fmt.Errorf("argument key must be at most %d bytes of text", MaxAppointmentKey)
	}
	for _, r := range key {
		if unicode.IsControl(r) {
			return errors.New("argument key must be without control characters")
		}
	}
	return nil
}
