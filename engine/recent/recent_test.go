package recent_test

import (
	"testing"

	"github.com/authhost/authhost/engine/recent"
)

func TestCache(t *testing.T) {
	const half = 4
	c := recent.New[int, string](half)
	if v, ok := c.Get(1); ok {
		t.Fatalf("an empty cache has %q", v)
	}
	c.Put(1, "old")
	c.Put(1, "new")
	for key := 2; key <= 2*half; key++ {
		c.Put(key, "other")
	}
	if v, ok := c.Get(1); !ok || v != "new" {
		t.Errorf("got %q, %v", v, ok)
	}
	c.Put(2*half+1, "one more")
	if _, ok := c.Get(1); ok {
		t.Error("a value outlived both halves")
	}
	if _, ok := c.Get(2 * half); !ok {
		t.Error("the newer half went")
	}
	for key := range 10 * half {
		if c.Put(key, ""); c.Len() > 2*half {
			t.Fatalf("%d values", c.Len())
		}
	}
}
