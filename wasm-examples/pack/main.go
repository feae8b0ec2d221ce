// Command pack joins a module and its manifest:
//
//	go run ./pack MODULE.wasm MANIFEST.json OUT.wasm
package main

import (
	"fmt"
	"os"

	"github.com/authhost/authhost/pluginapi"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: pack MODULE.wasm MANIFEST.json OUT.wasm")
	}
	wasm, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	manifest, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	packed, err := pluginapi.PackModule(wasm, manifest)
	if err != nil {
		return fmt.Errorf("%s: %w", args[1], err)
	}
	return os.WriteFile(args[2], packed, 0o644)
}
