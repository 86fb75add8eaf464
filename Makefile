# Everything that this repository can do on a machine. `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
# The linker packs the addresses that a start has to fill in, which a process of an idle scheduler need not keep in memory.
BUILD_FLAGS := -c release --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker -z -Xlinker pack-relative-relocs
DAGCTL := .build/release/dagctl
VENV := .build/venv

PACKAGES := libsqlite3-dev libpq-dev libcurl4-openssl-dev libsodium-dev libmicrohttpd-dev zlib1g-dev pkg-config tzdata ca-certificates
TEST_PACKAGES := python3 python3-venv openssl sqlite3 postgresql git
PYTHON_PACKAGES := aiosmtpd==1.4.6

BENCH_VENV := .build/bench-venv
BENCH_PYTHON_PACKAGES := pandas==2.3.3 numpy==2.3.5 python-dateutil==2.9.0.post0 pytz==2025.2 tzdata==2025.2 six==1.17.0

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## install the system packages that the build needs
	@packaging/install-packages $(PACKAGES)

.PHONY: test-deps
test-deps: deps
	@packaging/install-packages $(TEST_PACKAGES)
	@packaging/install-python $(VENV) $(PYTHON_PACKAGES)

.PHONY: build
build: deps ## build dagctl (release)
	@$(SWIFT) build $(BUILD_FLAGS) --product dagctl
	@$(SWIFT) build $(BUILD_FLAGS) --product dagkit-conformance

.PHONY: run
run: build ## run crypto_data_pipeline once, end to end, and say what to do next
	@packaging/first-run $(DAGCTL)

.PHONY: test
test: test-deps lint ## run the whole test suite with the real components it needs
	@$(SWIFT) build --build-tests
	@DAGKIT_TEST_VENV=$(CURDIR)/$(VENV) $(SWIFT) test --skip-build --no-parallel

.PHONY: soak
soak: test-deps ## run what takes longer than make test: 10,000 simulations, kills from 100 seeds, 90 days of crypto (an hour or so)
	@$(SWIFT) build $(BUILD_FLAGS) --product dagkit-soak
	@.build/release/dagkit-soak 10000
	@$(SWIFT) build --build-tests
	@DAGKIT_KILL_SEEDS=1-100 $(SWIFT) test --skip-build --no-parallel --filter '^FaultTests\.RandomKillTests'
	@DAGKIT_FAULT_PAIRS=200 $(SWIFT) test --skip-build --no-parallel --filter '^FaultTests\.FaultPointTests'
	@$(SWIFT) build $(BUILD_FLAGS) --product dagctl
	@$(DAGCTL) crypto simulate --days 90

.PHONY: faults
faults: test-deps ## make every fault of the list and write Documentation/faults.md from what was seen
	@$(SWIFT) build --build-tests
	@records=$$(mktemp); trap 'rm -f "$$records"' EXIT; export DAGKIT_FAULT_RECORDS="$$records"; \
		$(SWIFT) test --skip-build --no-parallel --filter '^FaultTests\.' --skip FaultArticleTests; \
		DAGKIT_RECORD=1 $(SWIFT) test --skip-build --filter '^FaultTests\.FaultArticleTests'

.PHONY: sanitize
sanitize: test-deps ## run the tests with the address and the thread sanitizer, in build folders of their own (an hour and a half)
	@status=0; for sanitizer in address thread; do \
		DAGKIT_TEST_VENV=$(CURDIR)/$(VENV) packaging/sanitizers/run $$sanitizer $(SWIFT) || status=1; \
	done; exit $$status

.PHONY: bench
bench: build ## measure speed and write Benchmarks/RESULTS.md; SCENARIOS="light recovery" measures those alone
	@packaging/install-packages python3 python3-venv
	@packaging/install-python $(BENCH_VENV) $(BENCH_PYTHON_PACKAGES)
	@$(SWIFT) build $(BUILD_FLAGS) --package-path Benchmarks
	@DAGCTL=$(CURDIR)/$(DAGCTL) BENCH_PYTHON=$(CURDIR)/$(BENCH_VENV)/bin/python Benchmarks/.build/release/dagkit-bench \
		$(if $(SCENARIOS),$(SCENARIOS),--output Benchmarks/RESULTS.md)

.PHONY: lint
lint: ## check the format of all Swift files
	@$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Examples Benchmarks

.PHONY: format
format: ## rewrite all Swift files in the house format
	@$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Examples Benchmarks

.PHONY: clean
clean: ## remove what was built
	@rm -rf .build Examples/*/.build Benchmarks/.build
