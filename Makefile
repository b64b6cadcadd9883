# Salon. `make help` prints what there is; everything sets up what it needs first.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
CLIENTS := .tools/clients
BUILD := .tools/build
UV := $(BUILD)/bin/uv
# A tool that talks when all is well is heard only when it is not.
QUIETLY = >$(CURDIR)/.venv/$@.log 2>&1 || { cat $(CURDIR)/.venv/$@.log >&2; exit 1; }
PURE_PACKAGES := libs/contracts libs/kit libs/media libs/frames libs/web-sdk libs/python-sdk libs/cli \
	services/token services/room services/media-relay services/transcoder services/effects
DEVELOPMENT_PACKAGES := libs/testing
RUST_SOURCES := $(shell find libs/packets -path '*/target' -prune -o \( -name '*.rs' -o -name 'Cargo.*' -o -name 'pyproject.toml' -o -name 'constants.json' \) -print 2>/dev/null)

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## Run the whole cloud on this machine (SALON_PUBLIC_HOST=<name or address> serves other machines)
	@exec $(BIN)/salon dev

.PHONY: test
test: setup-test test-rust test-python ## The tests: packet core, packages, whole cloud with real browsers

.PHONY: test-python
test-python: setup-test ## The Python tests (ARGS="-k name" picks some)
ifdef ARGS
	@$(BIN)/pytest $(ARGS)
else
	@$(MAKE) --no-print-directory test-packages
	@$(MAKE) --no-print-directory test-system
endif

.PHONY: test-packages test-system
test-packages:
	@$(BIN)/pytest -m "not long" --numprocesses=2 --dist=loadfile libs services tests --ignore=tests/system
test-system:
	@$(BIN)/pytest -m "not long" tests/system

.PHONY: test-long
test-long: setup-test ## The Python tests that `make test` leaves out, since they take long: many people, slow failures
	@$(BIN)/pytest -m long

.PHONY: test-older-browsers
test-older-browsers: setup-test ## The tests that act as an app, in browsers without one feature after the other
	@for missing in $$($(BIN)/python -m tests.system.older_browsers); do \
		echo "salon: without $$missing"; SALON_TEST_WITHOUT=$$missing $(BIN)/pytest -q tests/system/test_app_*.py || exit 1; done

.PHONY: test-rust
test-rust: setup ## The Rust tests
	@cd libs/packets && cargo test --quiet --workspace --locked --exclude salon-packets-py

.PHONY: check
check: setup-check ## Format, lint, types, import rules, clippy, schema, generated code
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check-types check-rust check-web check-python

.PHONY: check-types check-rust check-web check-python
check-types:
	@$(BIN)/mypy --no-error-summary
	@cd libs/packets && ../../$(BIN)/python -m mypy.stubtest salon_packets._native $(QUIETLY)
check-rust:
	@cd libs/packets && cargo fmt --all --check && cargo clippy --quiet --release --workspace --all-targets --locked -- -D warnings
check-web:
	@cd libs/web-sdk && (npm run --silent check && npm run --silent test && npm run --silent check-dist) $(QUIETLY)
check-python:
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-logo $(QUIETLY)
	@$(BIN)/buf lint && $(BIN)/buf breaking --against proto/baseline.binpb
	@$(BIN)/python libs/contracts/generate.py --check
	@$(BIN)/python scripts/document_settings.py --check

.PHONY: format
format: setup-check ## Put every file into its format
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .
	@cd libs/packets && cargo fmt --all
	@cd libs/web-sdk && npm run --silent format

.PHONY: test-clients
test-clients: setup-clients ## Other people's clients against the cloud; writes docs/clients.md (ARGS="pion ffmpeg")
	@$(BIN)/python -m tests.clients $(ARGS)

.PHONY: bench
bench: setup-test ## Measure: join time, cost per packet, latency, log-ins (JSON lines and a table)
	@$(BIN)/python -m bench $(ARGS)

.PHONY: bench-effects
bench-effects: setup-test ## Measure beauty: the filter beside others, carrying frames, whole streams, switching
	@$(BIN)/python -m bench effects

.PHONY: bench-abuse
bench-abuse: setup-test ## Measure what attacks do to bystanders and a call (needs root: it mounts a small disk)
	@$(BIN)/python -m bench abuse $(ARGS)

.PHONY: bench-kills
bench-kills: setup-test ## Measure how a call outlives kill -9 of each service (ARGS="room nats --load 6")
	@$(BIN)/python -m bench kills $(ARGS)

.PHONY: bench-room
bench-room: setup-test ## Measure thousands of people who enter one room (ARGS="3000 200": how many, and how many a second)
	@$(BIN)/python -m bench room $(ARGS)

.PHONY: proto
proto: setup-dev ## Generate the Python messages and the web SDK's types from proto/
	@$(BIN)/buf lint && $(BIN)/python libs/contracts/generate.py

.PHONY: proto-baseline
proto-baseline: setup-dev ## Take the present messages as what later ones must not break (once, at each release)
	@$(BIN)/buf build -o proto/baseline.binpb

.PHONY: docs
docs: setup ## Write docs/settings.md from the settings classes
	@$(BIN)/python scripts/document_settings.py

.PHONY: web-sdk
web-sdk: setup-check ## Build the browser SDK (needs Node; the built files are committed)
	@cd libs/web-sdk && npm run --silent build

.PHONY: lock
lock: $(UV) ## Lock the Python packages anew (ARGS=--upgrade takes newer ones)
	@for input in requirements.in requirements-dev.in scripts/bootstrap.in; do \
		$(UV) pip compile --quiet --generate-hashes --python-version 3.11 --no-annotate \
			--custom-compile-command "make lock" $(ARGS) $$input -o $${input%.in}.lock || exit 1; done

.PHONY: clean
clean: ## Remove what was built and installed here (not what the cloud has stored in var/)
	@rm -rf .venv .tools artefacts libs/packets/target libs/web-sdk/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- set-up: each step leaves a stamp and runs again when what it was made from changes ----

# `setup` is what the cloud runs with; tests, checks and generators add theirs to the same environment.
.PHONY: setup setup-dev setup-test setup-check setup-clients
setup: .venv/.packages .venv/.native
setup-dev: .venv/.packages-dev setup
setup-test: .venv/.system-test setup-dev
setup-check: .venv/.system-check setup-dev libs/web-sdk/node_modules/.stamp

setup-clients: .venv/.system-clients setup setup-test $(CLIENTS)/pion/.stamp $(CLIENTS)/node_datachannel.stamp $(CLIENTS)/gstreamer/.stamp

.venv/.system-test .venv/.system-check .venv/.system-clients: .venv/.system-%: scripts/system-packages.sh
	@scripts/system-packages.sh $*
	@mkdir -p .venv && touch $@

$(UV): scripts/bootstrap.lock scripts/system-packages.sh
	@scripts/system-packages.sh run
	@echo "salon: installing what builds the rest"
	@python3 -c 'import sys; sys.version_info >= (3, 11) or sys.exit("salon: Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@rm -rf .tools/uv $(BUILD) && python3 -m venv $(BUILD)
	@$(BUILD)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r scripts/bootstrap.lock
	@touch $@

.venv/.requirements: requirements.lock $(UV)
	@echo "salon: installing the locked Python packages"
	@test -x $(BIN)/python || $(UV) venv --quiet --allow-existing --python python3 .venv
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@touch $@

.venv/.requirements-dev: requirements-dev.lock .venv/.requirements
	@echo "salon: installing the locked Python packages of tests and checks"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

# The packages are built by the locked backend in $(BUILD); the environment that runs them holds none.
INSTALL_PACKAGES = PYTHONPATH="$$($(BUILD)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation

.venv/.packages: .venv/.requirements $(addsuffix /pyproject.toml,$(PURE_PACKAGES))
	@echo "salon: installing the workspace"
	@$(INSTALL_PACKAGES) $(addprefix -e ,$(PURE_PACKAGES))
	@touch $@

.venv/.packages-dev: .venv/.packages .venv/.requirements-dev $(addsuffix /pyproject.toml,$(DEVELOPMENT_PACKAGES))
	@$(INSTALL_PACKAGES) $(addprefix -e ,$(DEVELOPMENT_PACKAGES))
	@touch $@

.venv/.native: .venv/.requirements $(RUST_SOURCES)
	@echo "salon: building the packet core (a minute or two the first time)"
	@cd libs/packets && VIRTUAL_ENV=$(CURDIR)/.venv PATH="$(CURDIR)/$(BUILD)/bin:$$PATH" \
		maturin develop --uv --quiet --release --locked >../../.venv/native.log 2>&1 \
		|| { cat ../../.venv/native.log >&2; echo "salon: the packet core did not build" >&2; exit 1; }
	@touch $@

# A client that cannot be built here is no reason to run none: its rows say so.
$(CLIENTS)/pion/.stamp: $(wildcard tests/clients/pion/*) .venv/.system-clients
	@mkdir -p $(@D)
	@cd tests/clients/pion && go build -buildvcs=false -o $(CURDIR)/$(@D)/pion . && touch $(CURDIR)/$@ \
		|| echo "salon: pion's programs were not built" >&2

$(CLIENTS)/node_datachannel.stamp: tests/clients/node_datachannel/package-lock.json .venv/.system-clients
	@cd tests/clients/node_datachannel && npm ci --silent --no-audit --no-fund && touch $(CURDIR)/$@ \
		|| echo "salon: node-datachannel was not installed" >&2

$(CLIENTS)/gstreamer/.stamp: $(wildcard tests/clients/gstreamer/Cargo.*) .venv/.system-clients
	@echo "salon: building GStreamer's WHIP and WHEP elements (ten minutes the first time)"
	@mkdir -p $(@D)
	@cd tests/clients/gstreamer && CARGO_TARGET_DIR=$(CURDIR)/$(@D) cargo build --quiet --locked \
		-p gst-plugin-webrtc -p gst-plugin-webrtchttp && touch $(CURDIR)/$@ \
		|| echo "salon: GStreamer's elements were not built" >&2

libs/web-sdk/node_modules/.stamp: libs/web-sdk/package.json libs/web-sdk/package-lock.json .venv/.system-check
	@cd libs/web-sdk && npm ci --silent --no-audit --no-fund
	@touch $@
