# Everything needs Go; conformance, apps and bench also need Node 20, and apps
# Chromium.
# "make help" lists the targets.
BINARY  := build/authhost
CLIENTS := conformance/node_modules/.package-lock.json
APPS    := conformance/apps/node_modules/.package-lock.json
FUZZTIME ?= 10s
# Every package of the three modules: this one, pluginapi and sdk.
PACKAGES := github.com/authhost/authhost/...

# Tests that -short leaves out, and that have much at work at the same time.
CONCURRENT := TestRestartUnderLoad|TestPostgreSQLAway|TestFileShrinks|TestLostMessages

.DEFAULT_GOAL := help
.PHONY: run build plugins test race generate conformance apps bench torture examples fuzz soak lint vuln release clean help

run: build ## serve docs/quickstart/authhost.yaml
	$(BINARY) serve --config docs/quickstart/authhost.yaml

build: plugins ## build/authhost, with the plugins in it
	go build -o $(BINARY) ./cmd/authhost

plugins: ## plugins/dist/ID.wasm, as far as something changed
	go run ./internal/buildplugins

generate: ## what is made from the contract in pluginapi, and from the manifests of plugins in Go
	go run ./internal/contractgen
	for made in $$(grep -l '"handler":' plugins/*/manifest.json) wasm-examples/*/manifest_gen.go; do go run ./cmd/authhost plugin bind $$(dirname $$made) || exit 1; done

# SHORT= runs what takes longest, too: fuzzers' samples, big loads, real hashes, builds
# and the longest scripts.
SHORT ?= -short

test: plugins ## the Go tests, without the longest; SHORT= runs all. "make lint" vets
	go run ./internal/gotest -vet=off $(SHORT) $(PACKAGES)

examples: plugins ## wasm-examples, and "plugin new" in each language; needs the compilers that its Makefile names
	$(MAKE) -C wasm-examples all new

race: plugins ## the Go tests under the race detector
	go test -race -short -timeout 30m $(PACKAGES)
	go test -race -timeout 30m ./cmd/authhost ./engine ./engine/store/pgstore -run '^($(CONCURRENT))$$'

conformance: build $(CLIENTS) ## the official clients and the recorded exchanges; build/conformance.json
	node conformance/run.mjs

apps: build $(CLIENTS) $(APPS) ## Convex apps in Chromium; pictures in build/screenshots
	node conformance/apps/run.mjs

bench: build $(CLIENTS) ## Go benchmarks, and the load beside the official server; build/bench.json
	go test -run '^$$' -bench . -benchmem $(PACKAGES) | tee build/bench.txt
	node scripts/bench.mjs

torture: build ## kill -9, power cuts and damaged files under a mixed load, on both stores (needs strace); build/torture.json
	go test ./engine/store/boltstore -run 'TestKill|TestPower|TestCutOff|TestFlipped|TestTruncated' -timeout 30m -args -flips 200
	go run ./internal/torture
	go run ./internal/torture -store postgres -rounds 8 -out build/torture-postgres.json

fuzz: ## every fuzz target for FUZZTIME
	scripts/fuzz.sh $(FUZZTIME)

soak: ## a million canaries, 100,000 generated modules (needs binaryen), ten minutes of each fuzz target; hours
	go test ./engine/sandbox -run TestNoCanary -timeout 0 -args -canaries 1000000
	go test ./engine/sandbox/internal/wasmbin -run TestGenerated -timeout 0 -args -generated 100000
	scripts/fuzz.sh 10m

lint: ## gofmt, go vet and staticcheck, for the host and for plugins
	scripts/lint.sh

vuln: ## known vulnerabilities of the dependencies; needs vuln.go.dev
	go tool govulncheck $(PACKAGES)

release: ## build/release: archives of the tagged version and their digests; see CONTRIBUTING.md
	go run ./internal/release

clean: ## remove what was built; data stay
	rm -rf build conformance/node_modules conformance/apps/node_modules conformance/apps/*/.next conformance/apps/*/dist plugins/dist/*.wasm plugins/dist/.stamps

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(CLIENTS): conformance/package-lock.json
	cd conformance && npm ci --no-audit --no-fund && touch node_modules/.package-lock.json

$(APPS): conformance/apps/package-lock.json
	cd conformance/apps && npm ci --no-audit --no-fund --loglevel error && touch node_modules/.package-lock.json
