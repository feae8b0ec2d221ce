package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time as configuration files spell it.
type Duration time.Duration

// Std returns the duration as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns the duration in a form that ParseDuration reads: weeks and
// days first, then Go's units, such as "1w2d3h0m0s"; "0s" for zero.
func (d Duration) String() string {
	rest := time.Duration(d)
	if rest < 0 {
		return rest.String()
	}
	var b strings.Builder
	for _, unit := range []struct {
		size time.Duration
		name byte
	}{{week, 'w'}, {day, 'd'}} {
		if n := rest / unit.size; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteByte(unit.name)
			rest %= unit.size
		}
	}
	if rest > 0 || b.Len() == 0 {
		b.WriteString(rest.String())
	}
	return b.String()
}

// MarshalText implements encoding.TextMarshaler with String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

const (
	day  = 24 * time.Hour
	week = 7 * day
)

const durationRemedy = `write a number with units, such as "90s", "15m", "1h30m", "7d" or "2w"`

var errDuration = errors.New("not a duration; " + durationRemedy)

// ParseDuration reads Go's duration syntax with the units ns, us, ms, s, m, h
// and in addition d (24 hours) and w (7 days), which may be combined: "1w2d",
// "1d12h", "1.5d". A bare number counts seconds, as Better Auth's options do.
// Durations are not negative, and at most 292 years long.
func ParseDuration(text string) (Duration, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if n < 0 || n > math.MaxInt64/int64(time.Second) {
			return 0, errDuration
		}
		return Duration(n) * Duration(time.Second), nil
	}
	var total time.Duration
	rest := text
	for rest != "" {
		number := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if number <= 0 {
			return 0, errDuration
		}
		end := number + strings.IndexFunc(rest[number:], func(r rune) bool { return r >= '0' && r <= '9' || r == '.' })
		if end < number {
			end = len(rest)
		}
		part, err := durationPart(rest[:number], rest[number:end])
		if err != nil || part > math.MaxInt64-total {
			return 0, errDuration
		}
		total += part
		rest = rest[end:]
	}
	if text == "" {
		return 0, errDuration
	}
	return Duration(total), nil
}

func durationPart(number, unit string) (time.Duration, error) {
	size := time.Duration(0)
	switch unit {
	case "d":
		size = day
	case "w":
		size = week
	default:
		return time.ParseDuration(number + unit)
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		if n > int64(math.MaxInt64/size) {
			return 0, errDuration
		}
		return time.Duration(n) * size, nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || f*float64(size) >= math.MaxInt64 {
		return 0, errDuration
	}
	return time.Duration(f * float64(size)), nil
}
