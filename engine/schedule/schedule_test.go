package schedule_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authhost/authhost/engine/schedule"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	v, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func parse(t *testing.T, text string) schedule.Cron {
	t.Helper()
	c, err := schedule.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCron(t *testing.T) {
	for _, tt := range []struct{ cron, now, latest, next string }{
		{"* * * * *", "2026-03-04 05:06", "2026-03-04 05:06", "2026-03-04 05:07"},
		{"*/15 * * * *", "2026-03-04 05:06", "2026-03-04 05:00", "2026-03-04 05:15"},
		{"30 3 * * *", "2026-03-04 03:29", "2026-03-03 03:30", "2026-03-04 03:30"},
		{"0 0 1 * *", "2026-03-31 00:00", "2026-03-01 00:00", "2026-04-01 00:00"},
		{"0 9 * * MON-FRI", "2026-03-08 12:00", "2026-03-06 09:00", "2026-03-09 09:00"},
		{"0 0 1 jan *", "2026-12-31 00:00", "2026-01-01 00:00", "2027-01-01 00:00"},
		{"0 0 29 2 *", "2027-06-01 00:00", "2024-02-29 00:00", "2028-02-29 00:00"},
	} {
		c, now := parse(t, tt.cron), at(t, tt.now)
		if got := c.Latest(now); !got.Equal(at(t, tt.latest)) {
			t.Errorf("%s: the latest is %v", tt.cron, got)
		}
		if got := c.Next(now); !got.Equal(at(t, tt.next)) {
			t.Errorf("%s: the next is %v", tt.cron, got)
		}
	}
}

func TestParseFaults(t *testing.T) {
	for text, want := range map[string]string{
		"": "has 0 fields", "@daily": "has 1 fields", "* * * * * *": "has 6 fields", "61 * * * *": "is no schedule",
		"TZ=Asia/Tokyo * * * *": "is no schedule", "0 0 30 2 *": "is at no time", "a * * * *": "is no schedule",
	} {
		if _, err := schedule.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"* * * * *", "*/5 1-3 1,2 jan mon", "0 0 29 2 *", "TZ= * * * *"} {
		f.Add(text)
	}
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := schedule.Parse(text)
		if err != nil {
			return
		}
		if latest := c.Latest(now); latest.After(now) || !latest.IsZero() && !c.Next(latest).After(now) {
			t.Errorf("%q: the latest is %v", text, latest)
		}
		if next := c.Next(now); !next.After(now) {
			t.Errorf("%q: the next is %v", text, next)
		}
	})
}

// TestWorkers: of several workers on one store each job is done once, and what
// was missed is made up for once.
func TestWorkers(t *testing.T) {
	s, err := boltstore.Open(boltstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	data, err := s.Open(t.Context(), store.TenantID("main"), schedule.Schema())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = data.Close() })
	now := at(t, "2026-03-04 05:06")
	var mu sync.Mutex
	var done []string
	worker := func() *schedule.Worker {
		return schedule.New(schedule.Config{
			Store: data, Jobs: []schedule.Job{{"a", "hourly", parse(t, "0 * * * *")}, {"b", "daily", parse(t, "30 4 * * *")}},
			Now: func() time.Time { return now },
			Do: func(_ context.Context, j schedule.Job, due time.Time) {
				mu.Lock()
				defer mu.Unlock()
				done = append(done, j.Plugin+" "+due.Format("15:04"))
				if j.Plugin == "a" {
					panic("which must not keep the others from their work")
				}
			},
		})
	}
	workers := []*schedule.Worker{worker(), worker(), worker()}
	tick := func(want string) {
		t.Helper()
		done = nil
		var all sync.WaitGroup
		for _, w := range workers {
			all.Go(func() { w.Tick(t.Context()) })
		}
		all.Wait()
		if got := strings.Join(done, ", "); got != want {
			t.Errorf("at %s: did %q, want %q", now.Format("15:04"), got, want)
		}
	}
	tick("") // jobs that are new have missed nothing
	now = at(t, "2026-03-04 05:59")
	tick("")
	now = at(t, "2026-03-04 06:00")
	tick("a 06:00")
	tick("")
	now = at(t, "2026-03-05 02:10")
	tick("a 02:00")
	workers = append(workers[:1], worker()) // one that was started later
	now = at(t, "2026-03-05 02:11")
	tick("")
	now = at(t, "2026-03-05 04:30")
	workers = workers[1:]
	tick("a 04:00, b 04:30")
	if wait := workers[0].Tick(t.Context()); wait != time.Minute {
		t.Errorf("waits %v", wait)
	}
	now = at(t, "2026-03-05 04:59").Add(30 * time.Second)
	if wait := workers[0].Tick(t.Context()); wait != 30*time.Second {
		t.Errorf("waits %v", wait)
	}
}
