// Command contractgen writes what is made from the contract in package
// pluginapi: the tables of ABI.md, contract.json, the typed methods of the Go
// SDK, and the engine's table of functions and decoding of arguments.
//
//	go run ./internal/contractgen
//
// A test fails when one of them is not what the contract says.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/authhost/authhost/pluginapi"
)

// output is a generated file: its path below the root, and what makes its
// content from what is there.
type output struct {
	path string
	make func(old []byte) ([]byte, error)
}

// outputs lists every generated file.
func outputs() []output {
	list := []output{
		{"pluginapi/ABI.md", abiPage},
		{"pluginapi/contract.json", contractJSON},
		{sdkFolder + "/records_gen.go", sdkRecords},
		{sdkFolder + "/imports_wasip1_gen.go", sdkImports},
		{sdkFolder + "/imports_native_gen.go", sdkNativeImports},
		{"engine/capability/functions_gen.go", engineFunctions},
	}
	for _, name := range pluginapi.CapabilityNames() {
		list = append(list,
			output{sdkFolder + "/" + name + "_gen.go", func([]byte) ([]byte, error) { return sdkCapability(name) }},
			output{"engine/capability/" + name + "_gen.go", func([]byte) ([]byte, error) { return engineArguments(name) }})
	}
	return list
}

const sdkFolder = "sdk"

func main() {
	if err := generate("."); err != nil {
		fmt.Fprintln(os.Stderr, "contractgen:", err)
		os.Exit(1)
	}
}

// generate writes every output below a root.
func generate(root string) error {
	for _, o := range outputs() {
		name := filepath.Join(root, filepath.FromSlash(o.path))
		old, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		text, err := o.make(old)
		if err != nil {
			return fmt.Errorf("%s: %w", o.path, err)
		}
		if string(text) == string(old) {
			continue
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
