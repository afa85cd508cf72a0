# make demo   everything once, on this machine alone: servers, simulated nights, the workflow, plots to look at
# make test   every quick test (12 minutes on two cores)   make test ARGS="tests/store -x" some of them
# make test-long  whole nights killed, reanalysed, reported on; faults that tests must find: before a release (half an hour)
# make faults     everything that can go wrong around a night, many times over (ARGS="kills --share 10" a part)
# make lint   style of Python and Snakemake files, Snakemake's own linter, docstrings, the picture of the house
# make lock   new requirements.lock from pyproject.toml, pins kept where they can be (ARGS=--upgrade: newest)
#
# The first of them sets up what is missing: Debian packages, and .venv from requirements.lock. With PYTHON=python3.12
# .venv is made with that Python, anew if it was made with another version.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-long faults lint format lock set-up system-packages browser

# The first Python that is new enough.
PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13 python3.14; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && exit; \
	done; echo python3)
# .venv is ready for one version of Python only.
READY := .venv/.ready-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
BIN := .venv/bin
ARGS ?=

# One thread for linear algebra in each process: small fits gain nothing from more.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
# Nothing of a developer's own Snakemake or pytest settings, nor of another project's bucket.
unexport SNAKEMAKE_PROFILE PYTEST_ADDOPTS PYTHONPATH AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ENDPOINT_URL
# Without compiled modules on the disk every step of a night would compile the package again.
unexport PYTHONDONTWRITEBYTECODE

help: ## what can be made
	@sed -n '/^# make/s/^# //p' Makefile

demo: set-up
	@$(BIN)/python -m airglow.demo

test: set-up browser
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=10 $(ARGS)

test-long: set-up browser
	@$(BIN)/python -m pytest -m long -n 2 --dist loadfile --no-loadscope-reorder --durations=10 $(ARGS)
	@$(BIN)/python -m tests.mutants --jobs 2

faults: set-up
	@$(BIN)/python -W ignore::DeprecationWarning -m tests.faults $(ARGS)

lint: set-up
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/snakefmt --check workflow
	@.ci/lint-workflow $(BIN)/snakemake
	@$(BIN)/python .ci/docstrings.py
	@$(BIN)/python docs/house.py --check

format: set-up
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/snakefmt workflow

set-up: $(READY)

system-packages:
	@.ci/system-packages $(PYTHON)

browser:
	@.ci/system-packages $(PYTHON) browser

$(READY): requirements.lock pyproject.toml | system-packages
	@.ci/virtual-environment $(PYTHON)
	@touch $@

# uv in a place of its own, thrown away at the end: it is no part of the environment that it describes.
lock: | system-packages
	@tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PYTHON) -m venv "$$tools"; \
	"$$tools/bin/pip" install --quiet --disable-pip-version-check uv; \
	"$$tools/bin/uv" pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		--extra dev pyproject.toml -o requirements.lock $(ARGS)
	@echo "requirements.lock is new: bring environment.yml up to it (tests/test_environment.py compares them)"
