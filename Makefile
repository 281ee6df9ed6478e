# The two commands a newcomer needs are `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test test-all lint bench lock clean

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

run: setup ## trade the bundled recordings on paper and print the report
	@$(BIN)/polydesk run --dashboard

test: setup-dev lint ## lint, types, layers and the tests (under 10 minutes on 2 cores)
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-all: setup-dev lint ## everything, with the long crash and chaos suites
	$(BIN)/python -m pytest -n 2

lint: setup-dev ## ruff, mypy --strict and the import layers
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup-dev ## timings of the kernel, the tape and the whole process
	$(BIN)/python benchmarks/run.py

lock: ## resolve the two requirement locks anew (needs uv)
	uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header -q --extra build -o requirements.lock
	uv pip compile pyproject.toml --extra dev --extra build --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header -q -c requirements.lock -o requirements-dev.lock

clean: ## remove the environment and what the runs wrote
	rm -rf $(VENV) polydesk-data .mypy_cache .ruff_cache .pytest_cache .hypothesis
