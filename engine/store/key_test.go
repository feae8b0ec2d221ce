package store_test

import (
	"bytes"
	"cmp"
	"math"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

func FuzzKeyText(f *testing.F) {
	f.Add("a", "bc", "ab", "c")
	f.Add("", "\x00", "\x00", "")
	f.Add("a\x00", "\x01", "a", "\x00\x01")
	f.Add(strings.Repeat("x", 512), "y", strings.Repeat("x", 513), "")
	f.Fuzz(func(t *testing.T, a1, a2, b1, b2 string) {
		key := func(x, y string) []byte {
			return store.AppendKey(store.AppendKey(nil, document.Text(x)), document.Text(y))
		}
		a, b := key(a1, a2), key(b1, b2)
		if bytes.Equal(a, b) != (a1 == b1 && a2 == b2) {
			t.Fatalf("(%q,%q) and (%q,%q) have the keys %x and %x", a1, a2, b1, b2, a, b)
		}
		const exact = 512 // longer texts are in order by this many bytes only
		if max(len(a1), len(a2), len(b1), len(b2)) > exact {
			return
		}
		want := cmp.Or(strings.Compare(a1, b1), strings.Compare(a2, b2))
		if got := bytes.Compare(a, b); got != want {
			t.Fatalf("(%q,%q) and (%q,%q): keys compare as %d, texts as %d", a1, a2, b1, b2, got, want)
		}
	})
}

func FuzzKeyNumber(f *testing.F) {
	f.Add(0.0, -1.0)
	f.Add(1e300, 1e-300)
	f.Add(math.Copysign(0, -1), 0.0)
	f.Fuzz(func(t *testing.T, a, b float64) {
		if math.IsNaN(a) || math.IsNaN(b) || math.IsInf(a, 0) || math.IsInf(b, 0) {
			return
		}
		got := bytes.Compare(store.AppendKey(nil, document.Float(a)), store.AppendKey(nil, document.Float(b)))
		if want := cmp.Compare(a, b); got != want {
			t.Fatalf("%v and %v: keys compare as %d, numbers as %d", a, b, got, want)
		}
	})
}

func TestKeyKinds(t *testing.T) {
	rising := []document.Value{
		document.NullValue(), document.Boolean(false), document.Boolean(true),
		document.Int(-5), document.Int(0), document.Float(0.5), document.Int(7),
		document.Text(""), document.Text("0"), document.Text("a"),
		document.Time(mustTime("2026-01-01T00:00:00.000Z")), // dates are texts
	}
	rising[len(rising)-1], rising[len(rising)-2] = rising[len(rising)-2], rising[len(rising)-1]
	for i := 1; i < len(rising); i++ {
		if bytes.Compare(store.AppendKey(nil, rising[i-1]), store.AppendKey(nil, rising[i])) >= 0 {
			t.Errorf("%s does not come before %s", rising[i-1].JSON(), rising[i].JSON())
		}
	}
	if !bytes.Equal(store.AppendKey(nil, document.Value{}), store.AppendKey(nil, document.NullValue())) {
		t.Error("absent is not null")
	}
}
