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

// ParseDate reads a date as records have it, as milliseconds since 1970. ok is
// false for every other text.
func ParseDate(s string) (ms int64, ok bool) {
	if len(s) != len(dateForm) {
		return 0, false
	}
	var parts [7]int64
	part := 0
	for i := range len(s) {
		switch digit := s[i] >= '0' && s[i] <= '9'; {
		case digit && dateForm[i] == '0':
			parts[part] = parts[part]*10 + int64(s[i]-'0')
		case s[i] == dateForm[i]:
			part++
		default:
			return 0, false
		}
	}
	seconds := days(parts[0], parts[1], parts[2])*86400 + parts[3]*3600 + parts[4]*60 + parts[5]
	ms = seconds*1000 + parts[6]
	return ms, Date(ms) == s // no 30th of February
}

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
