# The task runner. Every target installs its requirements; only this folder and the cache of compiled code are written.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := runs/flagship
CONFIG := configs/hyperscaler.toml
# `make run PATHS=1e6 SET='--set drivers.price.spot0=20'`
PATHS ?=
SET ?=
TORNADO_PATHS ?= 20000
# number of test processes
JOBS ?= 2

.PHONY: help run test lint format docs bench verify clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	@echo "== setting up $(VENV)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml | $(BIN)/python
	@echo "== installing the simulator"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "== installing the simulator and its development tools"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(VENV)/.core $@

$(VENV)/.bench: $(VENV)/.dev
	@echo "== installing the benchmarks' baselines"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@touch $@

run: $(VENV)/.core ## the flagship example, from nothing to a report in runs/flagship
	@if [ -e $(RUN) ]; then echo "== keeping the last run as $(RUN)-previous"; rm -rf $(RUN)-previous; mv $(RUN) $(RUN)-previous; fi
	@echo "== 1/3 simulate"
	$(BIN)/simulator run $(CONFIG) --out $(RUN) --no-report $(if $(PATHS),--paths $(PATHS)) $(SET)
	@echo "== 2/3 tornado: which input moves the tail most"
	$(BIN)/simulator tornado $(CONFIG) --metric npv --measure cvar95 --paths $(TORNADO_PATHS) --out $(RUN) $(SET)
	@echo "== 3/3 report"
	$(BIN)/simulator report $(RUN)
	@printf '%s\n' '' 'The report: $(RUN)/report.html' 'What next:' \
	  '  change one number    $(BIN)/simulator run $(CONFIG) --set drivers.price.spot0=20' \
	  '  a config of yours    $(BIN)/simulator init my.toml' \
	  '  all its mistakes     $(BIN)/simulator check my.toml'

test: $(VENV)/.dev ## the tests
	$(BIN)/simulator warmup
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --durations 15

lint: $(VENV)/.dev ## style, types and import walls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## format the code with ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.dev ## docs/defaults.md from the schema, docs/validation.md from the cases
	$(BIN)/python -m docs.defaults
	$(BIN)/python -m docs.validation

bench: $(VENV)/.bench ## speed against other ways to write the same model
	$(BIN)/python -m benchmarks

verify: $(VENV)/.dev ## slow statistical evidence, with plots
	@set -e; for file in verification/[a-z]*.py; do \
	  name=$$(basename $$file .py); echo "== $$name"; $(BIN)/python -m verification.$$name; done
	SIMULATOR_MUTATIONS=all $(BIN)/python -m pytest -q tests/test_mutations.py

clean: ## remove caches and the environment, keep the runs
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
