# The two commands a newcomer needs are `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev browser run test test-all lint bench bench-peers screenshots lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 12

$(VENV)/.core: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.core
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.core ## install the desk into .venv and compile its kernel once
	@$(BIN)/python -m polydesk.kernel

setup-dev: setup $(VENV)/.dev ## setup plus the tools the tests need

run: setup ## trade the bundled recordings on paper, show them at http://127.0.0.1:8888, print the report
	@$(BIN)/polydesk run --dashboard

browser: ## Chromium for the tests of the pages; only root on Debian installs it, others are told what is not tested
	@command -v chromium >/dev/null || test -n "$$POLYDESK_CHROMIUM" || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "installing chromium for the tests of the pages" && \
	  apt-get -qq update >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium >/dev/null; } \
	  || echo "no chromium: the tests of the pages will be skipped"

test: setup-dev browser lint ## lint, types, layers and the tests (under 10 minutes on 2 cores)
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-all: setup-dev browser lint ## everything, with the long crash and chaos suites
	$(BIN)/python -m pytest -n 2

lint: setup-dev ## ruff, mypy --strict and the import layers
	$(BIN)/ruff format --check src tests benchmarks examples docs
	$(BIN)/ruff check src tests benchmarks examples docs
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup-dev browser ## timings of the kernel, the tape, the whole process and the dashboard
	$(BIN)/python benchmarks/run.py

bench-peers: setup-dev ## hftbacktest, nautilus_trader 2, a C loop and polydesk over one seeded day; SEED=7 ROUNDS=3 (downloads the peers)
	@$(BIN)/python benchmarks/peers/run.py --seed $(or $(SEED),7) --rounds $(or $(ROUNDS),3)

screenshots: setup-dev browser ## the pictures in docs/images
	$(BIN)/python docs/screenshots.py

lock: ## resolve the two requirement locks anew (needs uv)
	uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header -q --extra build -o requirements.lock
	uv pip compile pyproject.toml --extra dev --extra build --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header -q -c requirements.lock -o requirements-dev.lock

clean: ## remove the environment and what the runs wrote
	rm -rf $(VENV) .peers polydesk-data .mypy_cache .ruff_cache .pytest_cache .hypothesis
