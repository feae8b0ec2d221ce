package pluginapi

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// vectors reads a file of test vectors.
func vectors(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestNumbers(t *testing.T) {
	var v struct {
		ABI                              struct{ Major, Minor int }
		Kinds, Statuses, Results, Levels map[string]int
		Names                            map[string]string
		Capabilities                     []string
	}
	vectors(t, "numbers.json", &v)
	if v.ABI.Major != Major || v.ABI.Minor != Minor {
		t.Errorf("the vectors are of ABI %v", v.ABI)
	}
	equal := func(what string, got, want map[string]int) {
		t.Helper()
		for name, n := range want {
			if got[name] != n {
				t.Errorf("%s %s is %d, the vectors say %d", what, name, got[name], n)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d %s, the vectors have %d", len(got), what, len(want))
		}
	}
	equal("kind", map[string]int{
		"absent": int(KindAbsent), "null": int(KindNull), "bool": int(KindBool), "number": int(KindNumber),
		"string": int(KindString), "json": int(KindJSON), "bytes": int(KindBytes), "path": int(KindPath),
	}, v.Kinds)
	statuses := map[string]int{}
	for s := StatusOK; s <= StatusInternal; s++ {
		statuses[s.String()] = int(s)
	}
	equal("status", statuses, v.Statuses)
	equal("result", map[string]int{"continue": int(Continue), "respond": int(Respond), "deny": int(Deny), "failed": int(Failed)}, v.Results)
	equal("level", map[string]int{"debug": int(LevelDebug), "info": int(LevelInfo), "warn": int(LevelWarn), "error": int(LevelError)}, v.Levels)
	for name, want := range map[string]string{
		"namespace": Namespace, "capability": CapabilityPrefix + CapIdentity, "section": ManifestSection,
		"call": ExportCall, "initialize": ExportInitialize, "memory": ExportMemory,
	} {
		if v.Names[name] != want {
			t.Errorf("%s is %q, the vectors say %q", name, want, v.Names[name])
		}
	}
	if !slices.Equal(v.Capabilities, CapabilityNames()) {
		t.Errorf("capabilities are %v, the vectors say %v", CapabilityNames(), v.Capabilities)
	}
	if Status(99).String() != "unknown" {
		t.Error("a status that does not exist has a name")
	}
}

func TestPacking(t *testing.T) {
	var list []struct {
		High   uint32
		Length int
		Packed string
	}
	vectors(t, "packing.json", &list)
	for _, v := range list {
		want, err := strconv.ParseUint(v.Packed, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := Pack(v.High, v.Length); got != want {
			t.Errorf("Pack(%d, %d) = %016x, want %s", v.High, v.Length, got, v.Packed)
		}
		if high, length := Unpack(want); high != v.High || length != v.Length {
			t.Errorf("Unpack(%s) = %d, %d", v.Packed, high, length)
		}
	}
}

func TestPaths(t *testing.T) {
	var v struct {
		Paths []struct {
			Path  string
			Names []string
		}
		Names []struct{ Name, Escaped string }
	}
	vectors(t, "paths.json", &v)
	for _, p := range v.Paths {
		names, err := ParsePath(p.Path)
		if !slices.Equal(names, p.Names) || (err != nil) != (p.Names == nil) {
			t.Errorf("%q: got %q, %v, want %q", p.Path, names, err, p.Names)
		}
	}
	for _, n := range v.Names {
		if got := EscapeName(n.Name); got != n.Escaped {
			t.Errorf("EscapeName(%q) = %q, want %q", n.Name, got, n.Escaped)
		}
	}
	for name, path := range map[string]string{
		"long":          strings.Repeat("a", MaxPathBytes+1),
		"deep":          strings.Repeat("a.", MaxPathSegments) + "a",
		"invalid UTF-8": "record.\xff",
	} {
		if _, err := ParsePath(path); !errors.Is(err, ErrPath) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if names, err := ParsePath(strings.Repeat("a.", MaxPathSegments-1) + "a"); err != nil || len(names) != MaxPathSegments {
		t.Errorf("the deepest path: %d names, %v", len(names), err)
	}
}

func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{"a.b", `a\.b`, `a\\.b`, "a..b", `\`, "é.x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		names, err := ParsePath(path)
		if err != nil {
			return
		}
		again, err := ParsePath(JoinPath(names...))
		if err != nil && len(JoinPath(names...)) <= MaxPathBytes || err == nil && !slices.Equal(names, again) {
			t.Errorf("%q means %q, which is written %q and means %q (%v)", path, names, JoinPath(names...), again, err)
		}
	})
}

// TestValues checks that the vectors agree with themselves; engines and SDKs
// check their encoders against them.
func TestValues(t *testing.T) {
	var list []struct {
		JSON        json.RawMessage
		Kind, Bytes string
	}
	vectors(t, "values.json", &list)
	for _, v := range list {
		data, err := hex.DecodeString(v.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		switch v.Kind {
		case "null":
			if len(data) != 0 {
				t.Errorf("null has bytes %q", data)
			}
		case "string":
			var s string
			if err := json.Unmarshal(v.JSON, &s); err != nil || s != string(data) {
				t.Errorf("%s: bytes %q", v.JSON, data)
			}
		default:
			if !json.Valid(data) {
				t.Errorf("%s: bytes %q are no JSON", v.JSON, data)
			}
		}
	}
}

func TestCompatible(t *testing.T) {
	for abi, want := range map[string]string{
		"1.0":  "",
		"1.1":  "",
		"1.2":  "the module needs plugin ABI 1.2, this engine speaks 1.1",
		"2.0":  "the module needs plugin ABI 2.0, this engine speaks 1.1",
		"0.9":  "the module needs plugin ABI 0.9, this engine speaks 1.1",
		"1":    "is not an ABI version",
		"1.0.": "is not an ABI version",
		"01.0": "is not an ABI version",
		"":     "is not an ABI version",
	} {
		err := Compatible(abi)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", abi, err, want)
		}
	}
}

func TestEvents(t *testing.T) {
	for _, event := range Events() {
		if before := strings.HasSuffix(event, "ing") || event == EventRequestBefore || event == EventTokenClaims; before && MaySkip(event) {
			t.Errorf("%s gives a verdict but may skip", event)
		}
	}
	if MaySkip("no.such.event") {
		t.Error("an event that does not exist may skip")
	}
}
