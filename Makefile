# `make` without a target lists the targets. `make demo` and `make test` share one debug build.

SWIFT ?= swift
# An undeclared import between targets is an error: the layers of docs/architecture.md.
WALLS := --explicit-target-dependency-import-check error
export NO_PROXY := 127.0.0.1,localhost,::1

.DEFAULT_GOAL := help
.PHONY: help demo test suites-1 suites-2 suites-3 acceptance faults soak sanitize bench status-page fuzz sidecar node image build check format tools plugin plugin-trial example-trial schema manifests

help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Suites that run separately: models with a random seed use a whole core, and processes and servers need one.
MODELS := ModelTests
PROCESSES := AcceptanceTests|FakeKubernetesAPITests

demo: ## Run the main use on this machine; ONCE=1 exits instead of waiting.
	@scripts/demo

test: tools check build ## Run all checks and tests: Swift, Python, a generated plugin and the example.
	$(SWIFT) test --skip-build --skip '$(MODELS)|$(PROCESSES)'
	$(SWIFT) test --skip-build --filter '$(MODELS)'
	$(SWIFT) test --skip-build --filter '$(PROCESSES)'
	$(MAKE) --no-print-directory --jobs=3 --keep-going --output-sync=line suites-1 suites-2 suites-3
	scripts/plugin-trial
	scripts/example-trial

# The suites of processes wait most of the time, so three groups of about the same duration run at a time.
suites-1:
	.venv/bin/python -m pytest -q Tests/PublicationProcess Tests/AnthropicProcess Tests/AzureProcess
suites-2:
	.venv/bin/python -m pytest -q Tests/Peers Tests/SidecarProcess Tests/NodeProcess Tests/VaultProcess Tests/GCPProcess
suites-3:
	.venv/bin/python -m pytest -q Tests/RotationProcess Tests/RestartProcess Tests/FaultProcess \
		Tests/AdmissionProcess Tests/ListenerProcess Tests/DemoProcess Tests/VendorProcess Tests/Chart Tests/Documents

acceptance: tools build ## Run the acceptance tests with whole processes; STS_ACCEPTANCE_KUBECONFIG=FILE uses a cluster.
	$(SWIFT) test --skip-build --filter AcceptanceTests

build: ## Build the gateway and the tests (debug).
	$(SWIFT) build --build-tests $(WALLS)

check: ## Check the layout of the sources, provider names, the order of folders, versions of packages, and workflows.
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks Examples
	scripts/neutral-core
	scripts/folder-order
	scripts/dependency-lock --check
	scripts/plugin-table --check
	scripts/workflow-lint

# valgrind 3.19 ends with an internal error where a program loads the shared Swift libraries.
BENCH := --scratch-path .build-bench -c release --static-swift-stdlib

faults: tools build ## Run every row of the fault table (docs/reliability.md), most of them for a minute; prints the table.
	STS_FAULTS=long .venv/bin/python -m pytest -q Tests/FaultProcess

status-page: tools build ## Check the status page in a headless Chromium (Debian's package, 300 MB) at three widths.
	@command -v chromium >/dev/null || scripts/install-tools chromium
	.venv/bin/python -m pytest -q Tests/StatusPage

soak: tools build ## Run a release build at 70 % of its capacity for 40 minutes (MINUTES=40), and replace the CA while sidecars run.
	@command -v wrk >/dev/null || scripts/install-tools wrk
	$(SWIFT) build $(BENCH) --product sts-gateway
	STS_GATEWAY="$$($(SWIFT) build $(BENCH) --show-bin-path)/sts-gateway" .venv/bin/python -m pytest -q -s Tests/SoakProcess
	STS_ACCEPTANCE_SLOW=1 $(SWIFT) test --skip-build --filter AuthorityRotationAcceptanceTests

sanitize: tools ## Run the unit tests under AddressSanitizer and ThreadSanitizer; two builds of up to 25 minutes.
	scripts/sanitize address
	scripts/sanitize thread
	scripts/sanitize programs

bench: tools ## Measure a release build; the first one takes at least ten minutes. Needs wrk, and perf for a profile.
	$(SWIFT) run $(BENCH) FilterBenchmark
	$(SWIFT) run $(BENCH) XMLBenchmark
	$(SWIFT) run $(BENCH) AdmissionBenchmark
	$(SWIFT) build $(BENCH) --product sts-gateway
	$(SWIFT) build $(BENCH) --product PlainRoute
	$(SWIFT) build $(BENCH) --product SignatureBenchmark
	cd "$$($(SWIFT) build $(BENCH) --show-bin-path)" && \
		$(CURDIR)/scripts/bench-instructions "$$PWD/sts-gateway" "$$PWD/PlainRoute" && \
		$(CURDIR)/scripts/bench-exchange "$$PWD/sts-gateway" "$$PWD/PlainRoute" "$$PWD/SignatureBenchmark"
	scripts/bench-memory "$$($(SWIFT) build $(BENCH) --show-bin-path)/sts-gateway"
	scripts/bench-fairness "$$($(SWIFT) build $(BENCH) --show-bin-path)/sts-gateway"
	scripts/bench-admission "$$($(SWIFT) build $(BENCH) --show-bin-path)/sts-gateway"
	scripts/bench-publication "$$($(SWIFT) build $(BENCH) --show-bin-path)/sts-gateway"
	scripts/bench-status "$$($(SWIFT) build $(BENCH) --show-bin-path)/sts-gateway"
	scripts/bench-rotation "$$($(SWIFT) build $(BENCH) --show-bin-path)/sts-gateway"
	.venv/bin/python Benchmarks/rotation/bench_many.py "$$($(SWIFT) build $(BENCH) --show-bin-path)/sts-gateway"

fuzz: ## Run each parser of bytes from outside in libFuzzer for a minute (TIME=60); the first build takes 15 minutes.
	scripts/fuzz

sidecar: tools ## Build the static sidecar, test it in an empty chroot, and measure its memory.
	scripts/build-sidecar
	STS_SIDECAR_STATIC=.build-sidecar/sts-sidecar .venv/bin/python -m pytest -q Tests/SidecarProcess
	scripts/sidecar-memory .build-sidecar/sts-sidecar 40

node: tools ## Build the static node driver, test it as the kubelet calls it, and measure it; needs root for a tmpfs.
	scripts/build-sidecar sts-node
	STS_NODE=.build-sidecar/sts-node .venv/bin/python -m pytest -q Tests/NodeProcess
	scripts/measure-node .build-sidecar/sts-node $(wildcard .build-sidecar/sts-sidecar)

image: tools ## Build the images as OCI archives without a container engine, and test them; the first build takes ten minutes.
	scripts/build-image
	.venv/bin/python -m pytest -q Tests/Image
	scripts/measure-start

format: ## Format the Swift sources.
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks Examples

tools: ## Install the Debian packages and the Python environment for the demo and the tests.
	@scripts/install-tools

plugin: ## Write a new provider plugin: make plugin NAME=Azure
	@scripts/new-plugin "$(NAME)"

plugin-trial: ## Check that a generated plugin builds and passes conformance.
	scripts/plugin-trial

example-trial: ## Check that the example of a third-party plugin builds and passes its tests.
	scripts/example-trial

schema: build tools ## Write the files that derive from the configuration keys: docs/configuration.*, the chart's schema.
	"$$($(SWIFT) build --show-bin-path)/sts-gateway" config schema > docs/configuration.schema.json
	"$$($(SWIFT) build --show-bin-path)/sts-gateway" config reference docs/configuration.md > .build/configuration.md
	cp .build/configuration.md docs/configuration.md
	scripts/render-manifests

manifests: tools ## Write the plain manifests, the golden renders and the chart's schema.
	scripts/render-manifests
