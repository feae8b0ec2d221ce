package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestUpToDate fails when a generated file was edited by hand, or when the
// contract has changed since.
func TestUpToDate(t *testing.T) {
	for _, o := range outputs() {
		old, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(o.path)))
		if err != nil {
			t.Error(err)
			continue
		}
		made, err := o.make(old)
		if err != nil {
			t.Errorf("%s: %v", o.path, err)
		}
		if !bytes.Equal(made, old) {
			t.Errorf("%s is not what the contract says; run \"make generate\"", o.path)
		}
	}
}

// TestPlain: go doc knows no sections of ABI.md, so that comments in Go name them.
func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"all to be met: see [Queries](#queries)":               "all to be met: see ABI.md, section Queries",
		"ends an [impersonated](#impersonation) session":       "ends an impersonated (ABI.md, section Impersonation) session",
		"[virtual](#virtual-sessions), not [a](https://b.c#d)": "virtual (ABI.md, section Virtual sessions), not [a](https://b.c#d)",
		"needs `read`": "needs read",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	for _, o := range outputs() {
		if filepath.Ext(o.path) != ".go" {
			continue
		}
		if made, err := o.make(nil); err != nil || bytes.Contains(made, []byte("](#")) {
			t.Errorf("%s has a link to a section, or none can be made: %v", o.path, err)
		}
	}
}

// TestSectionTitles: each section that the contract refers to is in ABI.md, under
// the title that its anchor stands for.
func TestSectionTitles(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "pluginapi", "ABI.md"))
	if err != nil {
		t.Fatal(err)
	}
	contract, err := contractJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	links := anchorPattern.FindAllSubmatch(contract, -1)
	if len(links) == 0 {
		t.Error("the contract refers to no section")
	}
	for _, link := range links {
		if title := sectionTitle(string(link[2])); !regexp.MustCompile("(?m)^#+ " + regexp.QuoteMeta(title) + "$").Match(page) {
			t.Errorf("ABI.md has no section %q", title)
		}
	}
}
