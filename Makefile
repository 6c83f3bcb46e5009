# trialsim's habits, one target each. `make` alone lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LOCKED := $(VENV)/.locked
TESTED := $(VENV)/.locked-for-tests
# The lock is for Python 3.11 on Linux; any later Python resolves from the bounds in pyproject.toml.
IS_311 := $(shell $(PYTHON) -c 'import sys; print(int(sys.version_info[:2] == (3, 11) and sys.platform == "linux"))')
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help trial setup check test test-all ci bench calibration models accuracy schema docs lock wheel clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 14

trial: $(LOCKED) ## make the environment, fit theophylline, run both shipped trials, end with the report
	@$(BIN)/trialsim fit theophylline
	@$(BIN)/trialsim run theophylline-dose-finding --force
	@$(BIN)/trialsim run bempedoic-acid-ldl --force

setup: $(TESTED) ## make the environment with everything the tests need

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "trialsim needs Python 3.11 or later; this is " + sys.version.split()[0])'
	@$(PYTHON) -m venv $(VENV)

$(LOCKED): $(BIN)/python requirements.lock pyproject.toml
	@echo "making the environment in $(VENV) (once)"
ifeq ($(IS_311),1)
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --require-hashes -r requirements-build.lock
	@$(PIP) --no-deps --no-build-isolation -e .
else
	@$(PIP) -e '.[fit]'
endif
	@touch $@

$(TESTED): $(LOCKED) requirements-test.lock
ifeq ($(IS_311),1)
	@$(PIP) --require-hashes -r requirements-test.lock
else
	@$(PIP) -e '.[fit,sbml,test]'
endif
	@touch $@

check: $(TESTED) ## lint, types, the doors between rooms
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: $(TESTED) ## the tests (half an hour on two cores where nothing is compiled yet)
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long"

test-all: $(TESTED) ## the tests and the long proofs
	@$(BIN)/python -m pytest -n 2 --dist worksteal

ci: check test ## what the continuous integration runs

bench: $(TESTED) ## speed of fixed workloads, each with its ratio to a plain scipy loop
	@$(BIN)/python -m benchmarks

calibration: $(TESTED) ## remake the dated calibration records that the tests judge
	@$(BIN)/python -m tests.calibration.remake

models: $(TESTED) ## draw the figures of the library of models
	@$(BIN)/python -m tests.catalogue.draw_models

accuracy: $(TESTED) ## compute how accurate the courses of the library are
	@$(BIN)/python -m tests.catalogue.accuracy

schema: $(LOCKED) ## write the JSON Schemas and the language reference
	@$(BIN)/trialsim schema --write docs/reference

lock: ## make the hash locks anew (needs uv)
	@uv pip compile -q --upgrade --generate-hashes --no-header --no-annotate --python-version 3.11 --python-platform x86_64-manylinux_2_28 --extra fit pyproject.toml -o requirements.lock
	@uv pip compile -q --upgrade --generate-hashes --no-header --no-annotate --python-version 3.11 --python-platform x86_64-manylinux_2_28 -c requirements.lock --extra fit --extra sbml --extra test pyproject.toml -o requirements-test.lock
	@printf 'editables\nhatchling\n' | uv pip compile -q --upgrade --generate-hashes --no-header --no-annotate --python-version 3.11 - -o requirements-build.lock

wheel: $(TESTED) ## build the wheel into dist/
	@$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation -w dist .

clean: ## remove the environment and what runs left (not the runs)
	@rm -rf $(VENV) dist .mypy_cache .ruff_cache
