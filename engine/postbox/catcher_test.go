package postbox

import (
	"slices"
	"strconv"
	"sync"
	"testing"
)

func keep(o *Catcher[string], tenant string) {
	o.Keep(tenant, func(number int) string { return tenant + strconv.Itoa(number) })
}

func TestCatcherDropsTheOldest(t *testing.T) {
	o := NewCatcher[string](3)
	if list := o.List(); list == nil || len(list) != 0 {
		t.Errorf("an empty one lists %#v", list)
	}
	for range 8 {
		keep(o, "a")
	}
	if got := o.List(); !slices.Equal(got, []string{"a6", "a7", "a8"}) {
		t.Errorf("kept %q", got)
	}
	if _, ok := o.Find(5); ok {
		t.Error("the fifth is still there")
	}
	if m, ok := o.Find(7); !ok || m != "a7" {
		t.Errorf("the seventh is %q", m)
	}
}

// TestCatcherClear: tenants are forgotten one by one, and numbers go on.
func TestCatcherClear(t *testing.T) {
	o := NewCatcher[string](3)
	for _, tenant := range []string{"a", "b", "a", "b", "a"} {
		keep(o, tenant)
	}
	o.Clear("b")
	keep(o, "c")
	if got := o.List(); !slices.Equal(got, []string{"a3", "a5", "c6"}) {
		t.Errorf("kept %q", got)
	}
	keep(o, "c")
	if got := o.List(); !slices.Equal(got, []string{"a5", "c6", "c7"}) {
		t.Errorf("kept %q", got)
	}
	o.Clear("")
	if got := o.List(); len(got) != 0 {
		t.Errorf("kept %q", got)
	}
}

func TestCatcherIsConcurrent(t *testing.T) {
	o := NewCatcher[string](10)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				keep(o, "a")
				if n := len(o.List()); n > 10 {
					t.Errorf("%d messages", n)
				}
			}
		})
	}
	wg.Wait()
}
