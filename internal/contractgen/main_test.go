package main

import (
	"bytes"
	"os"
	"path/filepath"
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
