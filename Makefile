# Each target sets up what it needs in .venv, once: a second run downloads nothing and does nothing but its work.
#
#   make serve ARGS="--port 9000"        make test ARGS="-k simplepay"        make serve PYTHON=python3.12
#
# PYTHON is what .venv is made from; `make clean` first to change it afterwards.

PYTHON ?= python3
ARGS   ?=

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq
# What pip says is kept, and one sentence told: most who see it have no network.
LOG  := $(VENV)/setup.log
GET   = $(PIP) install --require-hashes $(1) >$(LOG) 2>&1 || { echo "The packages of $(lastword $(1)) could not be installed: pip needs a package index for that, once (behind a proxy set HTTPS_PROXY, for an index of your own PIP_INDEX_URL); $(LOG) has what it said." >&2; exit 2; }
UV   := $(VENV)/tools/bin/uv

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test test-postgresql test-threads soak soak-clients fire torture lowest check check-names audit bench trace screenshots image-test lock clean stale

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

serve: $(VENV)/runtime.done  ## start the sandbox, with ARGS
	@$(BIN)/python -m sandbox serve $(ARGS)

test: $(VENV)/dev.done  ## run the tests, with ARGS
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 $(ARGS)

test-postgresql: $(VENV)/dev.done  ## the tests that open a store, on PostgreSQL (Debian's), with ARGS
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --postgresql $(ARGS)

test-threads: $(VENV)/dev.done  ## the same on SQLite with each transaction in a thread, where there is no PostgreSQL
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --store-in-threads $(ARGS)

# A partner's tests: they import, seed, and call each vendor through the plugin.
lowest: $(UV)  ## a partner's tests with the oldest packages that pyproject.toml allows
	@$(UV) venv --quiet --no-config --clear --python $(BIN)/python $(VENV)/lowest
	@$(UV) pip install --quiet --no-config --python $(VENV)/lowest/bin/python --resolution lowest-direct --reinstall-package dialog-sandbox --reinstall-package dialog-sandbox-client "./client[pytest]" .
	@cd tests/partner && ../../$(VENV)/lowest/bin/python -m pytest -q -p no:cacheprovider $(ARGS)

soak: $(VENV)/dev.done  ## 2,000 new runs of the network against its model, on each engine (RUNS=n for others), 1,000 verifies over two servers
	@NETWORK_RUNS=$(or $(RUNS),2000) $(BIN)/python -m pytest -n 0 tests/test_state_machine.py $(ARGS)
	@NETWORK_RUNS=$(or $(RUNS),2000) $(BIN)/python -m pytest -n 0 tests/test_state_machine.py --postgresql $(ARGS)
	@ALTERNATIONS=1000 $(BIN)/python -m pytest -n 0 tests/test_two_servers.py -k verified $(ARGS)

soak-clients: $(VENV)/dev.done  ## what is said of right and flawed clients, in 200 runs each (RUNS=n for others)
	@CLIENT_SEEDS=$(or $(RUNS),200) $(BIN)/python -m pytest -n 2 -q tests/test_pollers.py tests/test_report.py $(ARGS)

fire: $(VENV)/dev.done  ## two servers under load, killed 20 times in turn, on each engine (KILLS=n for others)
	@FIRE_KILLS=$(or $(KILLS),20) $(BIN)/python -m pytest -n 0 -s tests/test_killed_servers.py $(ARGS)
	@FIRE_KILLS=$(or $(KILLS),20) $(BIN)/python -m pytest -n 0 -s tests/test_killed_servers.py --postgresql $(ARGS)

torture: $(VENV)/dev.done  ## kills, full disks, outages, hostile inputs and a soak within five minutes, with ARGS (--seconds, --seed, --write)
	@$(BIN)/python -m torture $(ARGS)

check: $(VENV)/dev.done check-names  ## formatting, lint, types, import rules, names, reasons and known vulnerabilities
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/generate_sync_client.py --check
	$(BIN)/python -m tools.check_reasons
	$(BIN)/python -m tools.audit

check-names: $(VENV)/dev.done  ## identifiers: words that were given up, classes of one name, modules named by no noun
	@$(BIN)/python -m tools.check_names

audit: $(VENV)/dev.done  ## known vulnerabilities of what the lock files name
	@$(BIN)/python -m tools.audit

bench: $(VENV)/dev.done  ## measure speed and memory, with ARGS (--stalls; --against COMMIT; needs wrk, the load generator)
	@$(BIN)/python -m bench $(ARGS)

trace: $(VENV)/dev.done  ## how far a request goes through our code, with ARGS (--list submit)
	@$(BIN)/python -m tools.trace_request $(ARGS)

screenshots: $(VENV)/dev.done  ## take the pictures of the console for the README (Debian's chromium)
	@$(BIN)/python tools/screenshots.py

image-test:  ## build the container image and run it (root, and Debian's buildah and debootstrap)
	@$(PYTHON) tools/image_test.py $(ARGS)

clean:  ## remove .venv and what the tools left behind
	rm -rf $(VENV) .bench build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The virtual environment. It knows the folder it was made in, because a copied one would go on running the
# original's code; one that was copied, or whose Python has gone, is made anew.
HERE := $(shell pwd -P)
ifneq ($(shell cat $(VENV)/made.done 2>/dev/null && $(BIN)/python -c '' 2>/dev/null && echo works),$(HERE) works)
$(VENV)/made.done: stale
endif

$(VENV)/made.done:
	@command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON) was not found: install Python 3.11 or newer, or set PYTHON=..." >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed, and $(PYTHON) is older: set PYTHON=..." >&2; exit 2; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "Python's venv module is missing: install it (Debian: apt install python3-venv) or set PYTHON=..." >&2; exit 2; }
	@"$(PYTHON)" -m venv --clear $(VENV)
	@pwd -P > $@

# Both distributions are installed editable, so their commands and versions are there and an edit needs no reinstall.
# Compiled by then, its first start takes no longer than the next.
$(VENV)/runtime.done: $(VENV)/made.done pyproject.toml client/pyproject.toml requirements/build.lock requirements/runtime.lock
	@echo "Setting up $(VENV): the packages of requirements/runtime.lock"
	@$(call GET,-r requirements/build.lock -r requirements/runtime.lock)
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable ./client --editable .
	@$(BIN)/python -m compileall -q sandbox client
	@touch $@

$(VENV)/dev.done: $(VENV)/runtime.done requirements/dev.lock
	@echo "Setting up $(VENV): the packages of requirements/dev.lock"
	@$(call GET,-r requirements/dev.lock)
	@touch $@

# The lock files, for every platform at once. The first knows the most exact answer, the others agree with it.
LOCK := $(UV) pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --no-emit-package dialog-sandbox-client $(ARGS)

lock: $(UV)  ## make the lock files anew (ARGS=--upgrade takes the newest versions)
	$(LOCK) pyproject.toml -o requirements/runtime.lock
	$(LOCK) pyproject.toml --extra postgresql --extra migrate --extra tls --extra mcp -c requirements/runtime.lock -o requirements/image.lock
	$(LOCK) --group pyproject.toml:build -c requirements/runtime.lock -o requirements/build.lock
	$(LOCK) pyproject.toml --group pyproject.toml:dev -c requirements/image.lock -c requirements/build.lock -o requirements/dev.lock

$(UV): $(VENV)/made.done
	"$(PYTHON)" -m venv --clear $(VENV)/tools
	$(VENV)/tools/bin/python -m pip --disable-pip-version-check install --quiet uv
