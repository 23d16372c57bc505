# otelcol-cloudwatch. `make help` explains every target.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

VERSION ?= $(or $(patsubst v%,%,$(shell git describe --tags --exact-match 2>/dev/null)),0.1.0-dev)
COMMIT  := $(shell git rev-parse HEAD 2>/dev/null)
# The commit's date, so that a build can be repeated to the byte; SOURCE_DATE_EPOCH overrides it.
DATE    := $(shell date -u -d "@$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 0)}" +%FT%TZ 2>/dev/null)

VERSION_PACKAGE := github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version
LDFLAGS := -s -w -X $(VERSION_PACKAGE).number=$(VERSION) -X $(VERSION_PACKAGE).commit=$(COMMIT) -X $(VERSION_PACKAGE).date=$(DATE)
# The prometheus receiver discovers targets in files, over HTTP and DNS, in Kubernetes and in AWS. The
# client libraries of a dozen other clouds that it would bring along are 31 MB (docs/building.md).
TAGS := remove_all_sd,enable_aws_sd,enable_dns_sd,enable_kubernetes_sd

export CGO_ENABLED ?= 0
GO_BUILD := go build -trimpath -tags $(TAGS) -ldflags '$(LDFLAGS)'

# End-to-end tests wait more than they compute: on two cores, two at once leave both idle. `make check` vets.
GO_TEST := -vet=off -p 4 -parallel 8

# What we write. cmd/otelcol-cloudwatch is generated but for one call into internal/cli, and analysing
# it would analyse all of its dependencies.
PACKAGES := ./components/... ./internal/... ./cmd/cloudwatch-local/... ./distributions/...
# The end-to-end tests first: they wait, and what is linked and run beside them fills that time.
OURS := ./tests/... $(PACKAGES)
TOOLS := bin/tools
# What mdatagen reads: of components, and of packages with telemetry that components share.
METADATA := $(wildcard components/*/metadata.yaml internal/*/*/metadata.yaml)

.PHONY: help
help: ## Show this list.
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/otelcol-cloudwatch and bin/cloudwatch-local.
	$(GO_BUILD) -o bin/ ./cmd/...

.PHONY: run
run: build ## Ship this host's metrics and a log file to a local CloudWatch; Ctrl-C ends it.
	@scripts/run.sh

.PHONY: test
test: build ## Run all tests: unit tests, and end-to-end tests with the real binaries.
	OTELCOL_CLOUDWATCH_BIN=$(CURDIR)/bin go test $(GO_TEST) $(OURS)

.PHONY: test-repeat
test-repeat: build ## Run all tests N times (default 10), BUSY of them (default 2) beside two busy loops, and count failures.
	@scripts/repeat-tests.sh $(or $(N),10) $(or $(BUSY),2) $(GO_TEST) $(OURS)

.PHONY: check
check: check-format check-static check-generate check-race check-cross ## Everything that CI checks beside `make test`.

.PHONY: check-format
check-format: ## Fail where gofmt would change something; `make format` mends it.
	@files=$$(gofmt -l cmd components distributions internal tests config tools); \
	if [ -n "$$files" ]; then echo "not formatted, run 'make format':"; echo "$$files"; exit 1; fi

.PHONY: format
format: ## Format the Go code.
	gofmt -w cmd components distributions internal tests config tools

.PHONY: check-static
check-static: $(TOOLS)/staticcheck ## Vet and staticcheck what we write.
	go vet $(OURS)
	$(TOOLS)/staticcheck $(OURS)

.PHONY: generate
generate: $(TOOLS)/builder $(TOOLS)/mdatagen ## Generate the collector's wiring, and what metadata.yaml files say.
	@scripts/generate.sh cmd/otelcol-cloudwatch $(METADATA)

.PHONY: check-generate
check-generate: $(TOOLS)/builder $(TOOLS)/mdatagen ## Fail where generated files are stale; `make generate` mends it.
	@rm -rf build/drift && mkdir -p build/drift/cmd && cp -r --parents $(dir $(METADATA)) build/drift/ && scripts/generate.sh build/drift/cmd $(METADATA)
	@for f in main.go components.go; do \
	  diff -u cmd/otelcol-cloudwatch/$$f build/drift/cmd/$$f || { echo "cmd/otelcol-cloudwatch/$$f is stale, run 'make generate'"; exit 1; }; done
	@for d in $(dir $(METADATA)); do \
	  diff -ru build/drift/$$d $$d || { echo "what mdatagen makes of $${d}metadata.yaml was stale, and is right now: commit it"; exit 1; }; done
	@rm -rf build/drift/components build/drift/internal # they would be a second set of packages
	go mod tidy -diff || { echo "go.mod or go.sum is not tidy, run 'go mod tidy'"; exit 1; }

.PHONY: check-race
check-race: ## Run the unit tests with the race detector.
	CGO_ENABLED=1 go test -race $(PACKAGES)

.PHONY: check-cross
check-cross: ## Compile what we write for the other platforms.
	@for target in windows/amd64 linux/arm64 darwin/arm64; do \
	  echo "compile for $$target"; GOOS=$${target%/*} GOARCH=$${target#*/} go build $(PACKAGES); done

.PHONY: cross
cross: ## Build the whole collector for windows/amd64 and linux/arm64 into build/cross (some minutes).
	@for target in windows/amd64 linux/arm64; do \
	  echo "build for $$target"; mkdir -p build/cross/$$target; GOOS=$${target%/*} GOARCH=$${target#*/} $(GO_BUILD) -o build/cross/$$target/ ./cmd/otelcol-cloudwatch; done

.PHONY: bench
bench: build ## Run the benchmarks of what we write, and compare with upstream's exporters.
	go test -run '^$$' -bench . -benchmem $(PACKAGES)
	go run ./tests/bench

.PHONY: fuzz
fuzz: ## Fuzz every parser for FUZZTIME (default 10s) each.
	@scripts/fuzz.sh "$${FUZZTIME:-10s}"

# Such as file:///srv/vulndb, a copy of Go's vulnerability database, where a machine has no internet.
VULNDB ?=

.PHONY: vulncheck
vulncheck: build $(TOOLS)/govulncheck ## Look for known vulnerabilities in the programs: make vulncheck VULNDB=file:///srv/vulndb
	@status=0; for program in bin/otelcol-cloudwatch bin/cloudwatch-local; do \
	  echo "$$program:"; $(TOOLS)/govulncheck -mode binary $(if $(VULNDB),-db '$(VULNDB)') $$program || status=$$?; done; exit $$status

.PHONY: clean
clean: ## Remove what was built.
	rm -rf bin build dist

# Each tool is built once from tools/go.mod.
$(TOOLS)/%: tools/go.mod tools/go.sum
	@mkdir -p $(TOOLS)
	go build -C tools -o ../$(TOOLS)/ $$(awk -v t="/$*$$" '$$1 ~ t {print $$1}' tools/go.mod)
	@touch $@

include distributions/package.mk
