package sdk

import "strconv"

// dateForm is how records have dates, with a 0 for each digit.
const dateForm = "0000-00-00T00:00:00.000Z"

const dayMs = 24 * 60 * 60 * 1000

// Date returns a moment in milliseconds since 1970 as records have dates,
// "2006-01-02T15:04:05.000Z". Years are from 0000 to 9999.
func Date(ms int64) string {
	day := floor(ms, dayMs)
	ms -= day * dayMs
	year, month, date := civil(day)
	out := make([]byte, 0, len(dateForm))
	for i, part := range [...]struct {
		n     int64
		width int
	}{{year, 4}, {month, 2}, {date, 2}, {ms / 3600000, 2}, {ms / 60000 % 60, 2}, {ms / 1000 % 60, 2}, {ms % 1000, 3}} {
		digits := strconv.FormatInt(part.n, 10)
		for range part.width - len(digits) {
			out = append(out, '0')
		}
		out = append(append(out, digits...), "--T::.Z"[i])
	}
	return string(out)
}

// ParseDate reads a date of RFC 3339, as milliseconds since 1970; what is beyond
// milliseconds is cut off. These are the dates of records, and those that a body
// has with "format": "date-time": Date of the result is what a record takes. ok
// is false for every other text, and outside of the years 0000 to 9999.
func ParseDate(s string) (ms int64, ok bool) {
	const form = "0000-00-00T00:00:00"
	var parts [6]int64
	if len(s) < len(form) || !readForm(s[:len(form)], form, parts[:]) {
		return 0, false
	}
	ms = 1000 * (days(parts[0], parts[1], parts[2])*86400 + parts[3]*3600 + parts[4]*60 + parts[5])
	if Date(ms)[:len(form)] != s[:len(form)] { // no 30th of February
		return 0, false
	}
	fraction, rest, ok := readFraction(s[len(form):])
	if !ok {
		return 0, false
	}
	offset, ok := readOffset(rest)
	ms += fraction - offset
	return ms, ok && firstMs <= ms && ms < afterMs
}

// The milliseconds since 1970 at which the year 0000 begins, and the year 9999 is
// over.
const (
	firstMs = -62167219200000
	afterMs = 253402300800000
)

// readForm reads the numbers of a text that is written as form, which has a 0 for
// each digit.
func readForm(s, form string, numbers []int64) bool {
	if len(s) != len(form) {
		return false
	}
	n := 0
	for i := range len(s) {
		switch {
		case isDigit(s[i]) && form[i] == '0':
			numbers[n] = numbers[n]*10 + int64(s[i]-'0')
		case s[i] == form[i]:
			n++
		default:
			return false
		}
	}
	return true
}

// readFraction reads a fraction of a second at the beginning of a text, if one is
// there, and returns the rest of the text.
func readFraction(s string) (ms int64, rest string, ok bool) {
	if s == "" || s[0] != '.' {
		return 0, s, true
	}
	end := 1
	for unit := int64(100); end < len(s) && isDigit(s[end]); end++ {
		ms += unit * int64(s[end]-'0')
		unit /= 10
	}
	return ms, s[end:], end > 1
}

// readOffset reads how far a time is ahead of UTC: "Z", or such as "+02:00".
func readOffset(s string) (ms int64, ok bool) {
	if s == "Z" {
		return 0, true
	}
	var parts [2]int64
	if s == "" || s[0] != '+' && s[0] != '-' || !readForm(s[1:], "00:00", parts[:]) || parts[0] > 23 || parts[1] > 59 {
		return 0, false
	}
	if ms = (parts[0]*60 + parts[1]) * 60000; s[0] == '-' {
		ms = -ms
	}
	return ms, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// days returns the days from 1970-01-01 to a date of the Gregorian calendar.
// Years begin in March here, so that the leap day is the last.
func days(year, month, date int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return 365*year + floor(year, 4) - floor(year, 100) + floor(year, 400) + (153*(month-3)+2)/5 + date - 1 - sinceMarch
}

// sinceMarch counts the days from the first of March of the year 0 to 1970.
const sinceMarch = 719468

// civil undoes days.
func civil(day int64) (year, month, date int64) {
	day += sinceMarch
	era := floor(day, 146097) // 400 years
	day -= era * 146097
	year = (day - day/1460 + day/36524 - day/146096) / 365
	day -= 365*year + year/4 - year/100
	month = (5*day + 2) / 153
	date = day - (153*month+2)/5 + 1
	year += era * 400
	if month += 3; month > 12 {
		month -= 12
		year++
	}
	return year, month, date
}

// floor divides and rounds down.
func floor(a, b int64) int64 {
	if a < 0 {
		return (a - b + 1) / b
	}
	return a / b
}
