package sdk

import (
	"regexp"
	"testing"
	"time"
)

const layout = "2006-01-02T15:04:05.000Z"

func TestDate(t *testing.T) {
	for _, text := range []string{
		"1970-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "2000-02-29T12:34:56.789Z", "2100-03-01T00:00:00.001Z", "0000-01-01T00:00:00.000Z",
		"1600-02-29T00:00:00.000Z", "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "2026-11-24T17:00:00.000Z", "0000-03-01T00:00:00.000Z",
	} {
		want, err := time.Parse(layout, text)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := ParseDate(text); !ok || got != want.UnixMilli() {
			t.Errorf("%s: %d, want %d", text, got, want.UnixMilli())
		}
		if got := Date(want.UnixMilli()); got != text {
			t.Errorf("%d: %s, want %s", want.UnixMilli(), got, text)
		}
	}
	for _, text := range []string{
		"", "2026-01-02", "2026-01-02T03:04:05.678+", "2026-01-02T03:04:05,678Z", "2026-01-0xT03:04:05.678Z", "2026-02-29T00:00:00.000Z",
		"2026-13-01T00:00:00.000Z", "2026-00-10T00:00:00.000Z", "2026-01-02T24:00:00.000Z", "2026-01-02 03:04:05.678Z", "0000-00-00T00:00:00.000Z",
	} {
		if ms, ok := ParseDate(text); ok {
			t.Errorf("%q is a date, %d", text, ms)
		}
	}
}

// TestDates: every day of 400 years, after which dates repeat, is what package
// time says.
func TestDates(t *testing.T) {
	day := time.Date(1800, 1, 1, 23, 59, 59, 999_000_000, time.UTC)
	for ; day.Year() < 2200; day = day.AddDate(0, 0, 1) {
		text := Date(day.UnixMilli())
		if ms, ok := ParseDate(text); text != day.Format(layout) || !ok || ms != day.UnixMilli() {
			t.Fatalf("%s is %s, and read %d", day, text, ms)
		}
	}
}

// TestForeignDates: dates of RFC 3339 that are not written as records have them.
func TestForeignDates(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-02T03:04:05Z":                "2026-01-02T03:04:05.000Z",
		"2026-01-02T03:04:05.6Z":              "2026-01-02T03:04:05.600Z",
		"2026-01-02T03:04:05.6789999Z":        "2026-01-02T03:04:05.678Z",
		"2026-01-02T00:04:05+02:00":           "2026-01-01T22:04:05.000Z",
		"2026-12-31T23:04:05.5-01:30":         "2027-01-01T00:34:05.500Z",
		"1969-12-31T23:59:59.9991Z":           "1969-12-31T23:59:59.999Z",
		"9999-12-31T23:59:59.999999999-00:00": "9999-12-31T23:59:59.999Z",
	} {
		if ms, ok := ParseDate(text); !ok || Date(ms) != want {
			t.Errorf("%s: %s, %v, want %s", text, Date(ms), ok, want)
		}
	}
	for _, text := range []string{
		"2026-01-02T03:04:05", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05z", "2026-01-02T03:04:05+0200", "2026-01-02T03:04:05+24:00",
		"2026-01-02T03:04:05+02:60", "2026-01-02T03:04:60Z", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
	} {
		if ms, ok := ParseDate(text); ok {
			t.Errorf("%q is a date, %d", text, ms)
		}
	}
}

// rfc3339 is what a date looks like; package time takes some others, too.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func FuzzParseDate(f *testing.F) {
	f.Add("2026-11-24T17:00:00.000Z")
	f.Add("2026-02-30T00:00:00.000Z")
	f.Add("2026-02-28T00:00:00.12345+02:30")
	f.Fuzz(func(t *testing.T, text string) {
		want, err := time.Parse(time.RFC3339Nano, text)
		valid := err == nil && rfc3339.MatchString(text) && want.UTC().Year() >= 0 && want.UTC().Year() <= 9999
		if ms, ok := ParseDate(text); ok != valid || ok && ms != want.UnixMilli() {
			t.Errorf("%q: %d, %v; want %v", text, ms, ok, want)
		}
	})
}
