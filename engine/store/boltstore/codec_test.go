package boltstore

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
)

func TestFileNames(t *testing.T) {
	cases := map[store.TenantID]string{
		"main":  "tenant-main.db",
		"a-1":   "tenant-a-1.db",
		"A":     "tenant-_41.db",
		"a_b":   "tenant-a_5fb.db",
		"../x":  "tenant-_2e_2e_2fx.db",
		"ü":     "tenant-_c3_bc.db",
		"a.db":  "tenant-a_2edb.db",
		"a b%c": "tenant-a_20b_25c.db",
	}
	for id, want := range cases {
		if got := fileName(id); got != want {
			t.Errorf("fileName(%q) = %q; want %q", id, got, want)
		}
	}
	long := store.TenantID(strings.Repeat("Ä", 31))
	if a, b := fileName(long), fileName(long[:60]); a == b || len(a) > 255 {
		t.Errorf("long names: %q, %q", a, b)
	}
}

func TestSealed(t *testing.T) {
	payload := func(dst []byte) []byte { return append(dst, "payload"...) }
	value := sealed(1, []byte("key"), payload)
	if got, err := opened(1, []byte("key"), value); err != nil || string(got) != "payload" {
		t.Fatalf("%q, %v", got, err)
	}
	for i := range value {
		bad := append([]byte(nil), value...)
		bad[i] ^= 0x10
		if _, err := opened(1, []byte("key"), bad); !errors.Is(err, errChecksum) {
			t.Errorf("a flipped bit in byte %d: %v", i, err)
		}
	}
	if _, err := opened(2, []byte("key"), value); err == nil {
		t.Error("a value of another bucket")
	}
	if _, err := opened(1, []byte("kez"), value); err == nil {
		t.Error("a value of another key")
	}
}

func FuzzDecode(f *testing.F) {
	fields := document.NewObject(8).Set("null", document.NullValue()).Set("text", document.Text("ü")).
		Set("int", document.Int(math.MinInt64)).Set("float", document.Float(-1.5)).Set("yes", document.Boolean(true)).
		Set("list", document.List(document.Int(1), document.Text("two")))
	f.Add(appendRecord(nil, store.NewRecord("id", fields)))
	f.Add([]byte{})
	f.Add([]byte{1, 1, 1, 'a', tagJSON, 2, '[', ']'})
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01})
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := decodeRecord("id", payload)
		if err != nil {
			return
		}
		again, err := decodeRecord("id", appendRecord(nil, r))
		if err != nil {
			t.Fatalf("what was read does not decode when written: %v", err)
		}
		if a, b := document.Obj(r.Fields).JSON(), document.Obj(again.Fields).JSON(); string(a) != string(b) || r.Version != again.Version {
			t.Fatalf("%s became %s", a, b)
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	f.Add(`{"a":1,"b":[true,null,{"c":"\u0000"}],"n":-1.50e+3,"m":123456789012345678901234567890}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := document.Parse([]byte(text), 0)
		if err != nil || v.Object() == nil {
			return
		}
		r := store.NewRecord("id", v.Object())
		got, err := decodeRecord("id", appendRecord(nil, r))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := document.Obj(r.Fields).JSON(), document.Obj(got.Fields).JSON(); string(a) != string(b) {
			t.Fatalf("%s became %s", a, b)
		}
	})
}
