#!/usr/bin/env bash
# Checks the sources without running them. The plugins and their SDK are
# checked as the guests they are, too: some of their files exist only there.
set -euo pipefail
cd "$(dirname "$0")/.."

unformatted=$(gofmt -l cmd engine internal pluginapi plugins sdk wasm-examples)
if [ -n "$unformatted" ]; then
  printf 'gofmt would change these files; run gofmt -w on them:\n%s\n' "$unformatted" >&2
  exit 1
fi
unmerged=$(git grep -lE '^(<<<<<<<|>>>>>>>) ' || true)
if [ -n "$unmerged" ]; then
  printf 'these files have both sides of a merge:\n%s\n' "$unmerged" >&2
  exit 1
fi

# Every package of the three modules: the root's, pluginapi and sdk.
packages=github.com/authhost/authhost/...
go vet "$packages"
go tool staticcheck "$packages"

# The tool runs here, its target is there. It does not know that a function
# marked go:wasmexport is used, so the run above is the one for unused code.
staticcheck=$(go tool -n staticcheck)
export GOOS=wasip1 GOARCH=wasm
go vet ./sdk ./sdk/kit ./plugins/...
"$staticcheck" -checks inherit,-U1000 ./sdk ./sdk/kit ./plugins/...
