# Linecapi Console. `make demo` shows it at work, `make test` runs every test; both set up what they need first.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python
SOURCES := linecapi_site api accounts integrations warehouse exports audiences workflows linecapi
PORT ?= 8000
export PYTHONDONTWRITEBYTECODE ?= 1

.PHONY: help setup setup-dev demo serve test lint format lock bench soak clean

help:
	@echo "make demo    set up, send sample events to a local stand-in for LINE, and serve (ONCE=1: stop after the export)"
	@echo "make serve   set up, then web server and worker, without sample data"
	@echo "make test    set up and run every test"
	@echo "make lint    style, types, import contracts, migrations"
	@echo "make bench   repeatable measurements; prints, asserts nothing"
	@echo "make soak    ten minutes of random kills while jobs run; fails if a row is lost or sent again without need"
	@echo "make lock    renew the lock files"

# --- set-up: each step runs again only when what it depends on has changed ---------------------------------------
.venv/bin/python:
	$(PYTHON) -m venv .venv

build/.packages: requirements.txt | $(PY)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	mkdir -p build && touch $@

build/.command: pyproject.toml build/.packages
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

build/.packages-dev: requirements-dev.txt build/.packages
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

build/.node_modules: package.json package-lock.json frontend/install.sh build/.packages
	PATH="$$PATH:$(CURDIR)/$(BIN)" frontend/install.sh
	touch $@

build/.frontend: build/.node_modules $(wildcard frontend/*.js frontend/*.mjs)
	PATH="$$PATH:$(CURDIR)/$(BIN)" node frontend/build.mjs
	touch $@

.env: | build/.packages  # never made anew: what its keys have encrypted could not be read any more
	umask 077 && $(PY) -m linecapi_site.keys > $@.new && mv $@.new $@

build/.static: build/.frontend .env $(shell find linecapi_site/static -type f)
	$(PY) manage.py collectstatic --noinput --verbosity 0
	touch $@

setup: build/.packages build/.command build/.frontend .env build/.static

setup-dev: setup build/.packages-dev

# --- run ----------------------------------------------------------------------------------------------------------
demo serve: export BEHIND_TLS := $(or $(BEHIND_TLS),false)
demo: export DATA_DIR := $(CURDIR)/data/demo
demo: setup
	@$(PY) manage.py demo --port $(PORT) $(if $(ONCE),--once)

serve: setup
	@$(PY) manage.py serve --port $(PORT)

# --- check --------------------------------------------------------------------------------------------------------
# On SQLite what needs no browser and no cluster; on PostgreSQL all that is marked `database` and, for the pages, the
# browser; at last real processes, which migrate SQLite themselves. Compiled files are kept: hundreds of processes start.
WITHIN := --ignore tests/browser --ignore tests/flow
test: export PYTHONDONTWRITEBYTECODE :=
test: setup-dev lint
	tests/prepare.sh
	$(PY) -m pytest -n 3 --dist worksteal --nomigrations $(WITHIN) --ignore tests/api/test_schemathesis.py
	$(PY) -m tests.on_postgresql -n 3 --dist worksteal $(WITHIN) -m database
	$(PY) -m tests.on_postgresql -n 2 --dist worksteal --nomigrations tests/browser
	$(PY) -m pytest -n 2 --dist worksteal --nomigrations tests/flow

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djade --check $$(git ls-files 'templates/*.html')
	$(BIN)/lint-imports
	DEBUG=true $(BIN)/mypy $(SOURCES)
	DEBUG=true $(PY) manage.py makemigrations --check --dry-run
	$(PY) -m tests.check_deploy

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djade $$(git ls-files 'templates/*.html')

bench: setup-dev
	$(PY) -m benchmarks $(BENCH)
	$(PY) -m benchmarks.notes
	$(PY) -m benchmarks.jobs_pages
	$(PY) -m benchmarks.schedules
	$(PY) -m benchmarks.workflow_pages
	$(PY) -m benchmarks.load
	$(PY) -m benchmarks.queries
	$(PY) -m benchmarks.sources
	$(PY) -m benchmarks.audience

soak: setup-dev
	$(PY) -m tests.storm $(SOAK)

# --- keep ---------------------------------------------------------------------------------------------------------
lock: setup-dev
	for name in requirements requirements-sources requirements-dev requirements-node; do \
	  $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links \
	    --no-emit-trusted-host --no-emit-options --strip-extras --no-header -o $$name.txt $$name.in; \
	done
	npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

clean:
	rm -rf build node_modules .venv
