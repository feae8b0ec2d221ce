package config

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "30": 30 * time.Second, "0s": 0, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "7d": 7 * day, "2w": 2 * week,
		"1w2d3h": week + 2*day + 3*time.Hour, "1.5d": 36 * time.Hour, "0.5w": week / 2, "15250w": 15250 * week, "250ms": 250 * time.Millisecond, "1us": time.Microsecond, "3µs": 3 * time.Microsecond,
	} {
		got, err := ParseDuration(text)
		if err != nil || got.Std() != want {
			t.Errorf("%q gave %v, %v; want %v", text, got, err, want)
		}
		again, err := ParseDuration(got.String())
		if err != nil || again != got {
			t.Errorf("%v is written %q, which gives %v, %v", got.Std(), got, again, err)
		}
	}
	for _, text := range []string{"", "-1", "-1s", "7x", "d", "7 d", "1d-1h", "s", "9223372036854775807", "15251w", "1e3s", "1..5d", "٣d", "1d2", "99999999999999999999d", "99999999999999999999.5d", "15250w15250w"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q gave %v", text, got)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, text := range []string{"7d", "1h30m", "1.5w", "90"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDuration(text)
		if err != nil {
			return
		}
		if again, err := ParseDuration(d.String()); d < 0 || err != nil || again != d {
			t.Errorf("%q gave %v, which gives %v, %v", text, d, again, err)
		}
	})
}

func TestExpand(t *testing.T) {
	for _, c := range []struct{ in, out, fault string }{
		{"plain", "plain", ""},
		{"$", "$", ""},
		{"$5 a$$b", "$5 a$$b", ""},
		{"a${PORT}b${PORT}", "a2525b2525", ""},
		{"${NONE:-x}", "x", ""},
		{"${EMPTY:-x}", "x", ""},
		{"${EMPTY}", "", ""},
		{"${NONE:-}", "", ""},
		{"${NONE:-a:-b}", "a:-b", ""},
		{"$${PORT}", "${PORT}", ""},
		{"$${PORT} ${PORT}", "${PORT} 2525", ""},
		{"${NONE}", "", "environment variable NONE is not set"},
		{"${PORT", "", "${ without }"},
		{"${}", "", `"" is not the name of an environment variable`},
		{"${1A}", "", `"1A" is not the name of an environment variable`},
	} {
		got, err := expand(c.in, testEnv)
		fault := ""
		if p, ok := err.(*problem); ok {
			fault = p.message
		}
		if got != c.out || fault != c.fault {
			t.Errorf("%q gave %q, %q; want %q, %q", c.in, got, fault, c.out, c.fault)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	known := []string{"listen", "trustedOrigins", "baseURL", "hosts"}
	for name, want := range map[string]string{
		"lsiten":          `did you mean "listen"?`,
		"trusted_origins": `did you mean "trustedOrigins"?`,
		"BaseUrl":         `did you mean "baseURL"?`,
		"colour":          "remove it; known here: baseURL, hosts, listen, trustedOrigins",
	} {
		if got := DidYouMean(name, known); got != want {
			t.Errorf("%q: %s; want %s", name, got, want)
		}
	}
}
