// Command buildplugins compiles the first-party plugins: every folder below
// plugins/ that has a manifest.json becomes plugins/dist/ID.wasm, a WebAssembly
// module with its manifest in it. It is what "make plugins" runs.
//
// Only what changed is built: a stamp beside the modules keeps a hash of the
// sources, the toolchain and the output. The same sources give the same bytes
// in any folder.
//
//	go run ./internal/buildplugins            # from anywhere in the repository
//	go run ./internal/buildplugins -force     # build all
//
// It imports package pluginapi, which packs manifests, and nothing of the
// engine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	force := flag.Bool("force", false, "build plugins whose sources did not change, too")
	out := flag.String("out", "", "folder for the modules (default plugins/dist of the repository)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *force); err != nil {
		fmt.Fprintln(os.Stderr, "buildplugins:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string, force bool) error {
	root, err := repositoryRoot()
	if err != nil {
		return err
	}
	return buildAll(ctx, config{root: root, out: out, force: force, log: os.Stdout})
}
