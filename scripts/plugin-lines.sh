#!/usr/bin/env bash
# How many lines an endpoint of the first-party plugins takes: those of their Go
# code and of their manifests, without tests, generated files, blank lines and
# lines that are only a comment. Plugins that only have hooks count in the total.
#
#   scripts/plugin-lines.sh [CHECKOUT]
set -euo pipefail
checkout=${1:-$(dirname "$0")/..}

# count FILE...: lines that are neither blank nor a comment.
count() { cat /dev/null "$@" | grep -cvE '^[[:space:]]*(//.*)?$' || true; }

# row NAME GO MANIFEST ENDPOINTS
row() {
  awk -v name="$1" -v go="$2" -v manifest="$3" -v endpoints="$4" 'BEGIN {
    each = endpoints ? sprintf("%.1f", (go + manifest) / endpoints) : "-"
    printf "%-18s %6d %9d %10d %13s\n", name, go, manifest, endpoints, each
  }'
}

printf '%-18s %6s %9s %10s %13s\n' plugin Go manifest endpoints lines/endpoint
all_go=0 all_manifest=0 all_endpoints=0
for manifest in "$checkout"/plugins/*/manifest.json; do
  folder=$(dirname "$manifest")
  mapfile -t sources < <(find "$folder" -name '*.go' ! -name '*_test.go' ! -name '*_gen.go')
  go=$(count "${sources[@]}")
  lines=$(count "$manifest")
  endpoints=$({ grep -o '"kind": "endpoint"' "$manifest" || true; } | wc -l)
  row "$(basename "$folder")" "$go" "$lines" "$endpoints"
  all_go=$((all_go + go)) all_manifest=$((all_manifest + lines)) all_endpoints=$((all_endpoints + endpoints))
done
row total "$all_go" "$all_manifest" "$all_endpoints"
