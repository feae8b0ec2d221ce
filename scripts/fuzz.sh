#!/usr/bin/env bash
# Runs every fuzz target of the repository for a while, one after the other.
#
#   scripts/fuzz.sh [TIME]    TIME of each target, default 10s
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10s}

grep -rn --include='*_test.go' -oE '^func Fuzz\w+' . | sort | while IFS=: read -r file _ func; do
  package=$(dirname "$file") target=${func#func }
  echo "== $package $target"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
done
