# `make` alone prints what there is. `make demo` and `make test` share one debug build.

SWIFT ?= swift
# An undeclared import between targets is an error: the walls of docs/architecture.md.
WALLS := --explicit-target-dependency-import-check error
export NO_PROXY := 127.0.0.1,localhost,::1

.DEFAULT_GOAL := help
.PHONY: help demo test acceptance soak bench sidecar image build check format tools plugin plugin-trial example-trial schema manifests

help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Suites that run by themselves: seeded models keep a core busy, whole processes and servers need one.
MODELS := ModelTests
PROCESSES := AcceptanceTests|FakeKubernetesAPITests

demo: ## Run the main job on this machine; ONCE=1 ends instead of waiting.
	@scripts/demo

test: tools check build ## Everything: checks, unit tests, acceptance tests, the peers' own tests, a generated plugin.
	$(SWIFT) test --skip-build --skip '$(MODELS)|$(PROCESSES)'
	$(SWIFT) test --skip-build --filter '$(MODELS)'
	$(SWIFT) test --skip-build --filter '$(PROCESSES)'
	.venv/bin/python -m pytest -q Tests/Peers Tests/SidecarProcess Tests/PublicationProcess Tests/RotationProcess \
		Tests/RestartProcess Tests/AdmissionProcess Tests/DemoProcess Tests/Chart Tests/Documents
	scripts/plugin-trial
	scripts/example-trial

acceptance: tools build ## Whole processes, real sockets; STS_ACCEPTANCE_KUBECONFIG=FILE asks a real cluster.
	$(SWIFT) test --skip-build --filter AcceptanceTests

build: ## Build the gateway and the tests (debug).
	$(SWIFT) build --build-tests $(WALLS)

check: ## Fast checks of the sources: layout, neutrality, the order of folders, the versions of packages.
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks Examples
	scripts/neutral-core
	scripts/folder-order
	scripts/dependency-lock --check

BENCH := --scratch-path .build-bench -c release

soak: tools build ## What takes minutes: a certificate authority is replaced while sidecars run.
	STS_ACCEPTANCE_SLOW=1 $(SWIFT) test --skip-build --filter AuthorityRotationAcceptanceTests

bench: tools ## Figures, in release: the first build takes ten minutes and more. Needs wrk, and perf for a profile.
	$(SWIFT) run $(BENCH) FilterBenchmark
	$(SWIFT) run $(BENCH) XMLBenchmark
	$(SWIFT) run $(BENCH) AdmissionBenchmark
	$(SWIFT) build $(BENCH) --product sts-gateway
	scripts/bench-exchange "$$($(SWIFT) build $(BENCH) --show-bin-path)/sts-gateway"
	scripts/bench-admission "$$($(SWIFT) build $(BENCH) --show-bin-path)/sts-gateway"
	scripts/bench-publication "$$($(SWIFT) build $(BENCH) --show-bin-path)/sts-gateway"
	scripts/bench-rotation "$$($(SWIFT) build $(BENCH) --show-bin-path)/sts-gateway"

sidecar: tools ## The sidecar as it ships: one static program; tried in an empty chroot, its memory measured.
	scripts/build-sidecar
	STS_SIDECAR_STATIC=.build-sidecar/sts-sidecar .venv/bin/python -m pytest -q Tests/SidecarProcess
	scripts/sidecar-memory .build-sidecar/sts-sidecar 40

image: tools ## Both images as OCI archives, without a container engine, tried in containers; the first build takes ten minutes.
	scripts/build-image
	.venv/bin/python -m pytest -q Tests/Image
	scripts/measure-start

format: ## Lay the sources out.
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks Examples

tools: ## Install what the demo and the tests need beside Swift.
	@scripts/install-tools

plugin: ## Write a new provider plugin: make plugin NAME=Azure
	@scripts/new-plugin "$(NAME)"

plugin-trial: ## Check that a generated plugin builds and passes conformance.
	scripts/plugin-trial

example-trial: ## Check that the example of a third-party plugin builds and passes its tests.
	scripts/example-trial

schema: build tools ## Write what derives from the declared keys: docs/configuration.{schema.json,md}, the chart's schema.
	"$$($(SWIFT) build --show-bin-path)/sts-gateway" config schema > docs/configuration.schema.json
	"$$($(SWIFT) build --show-bin-path)/sts-gateway" config reference docs/configuration.md > .build/configuration.md
	cp .build/configuration.md docs/configuration.md
	scripts/render-manifests

manifests: tools ## Write the plain manifests, the golden renders and the chart's schema anew.
	scripts/render-manifests
