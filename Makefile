# make run: install and start the app.  make test: install and run everything that takes minutes.
# Needs Python 3.11-3.13; pass PYTHON=... to choose one.

IN_RANGE := import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c '$(IN_RANGE)' >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
BENCHMARKS = $(wildcard benchmarks/*.py)

.DEFAULT_GOAL := help
.PHONY: help run serve test coverage check format browser gpu soak benchmark clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/'

run: .venv/.installed  ## install what the app needs and start it
	EFFNET_VIZ_NAME_FOLDERS=1 $(BIN)/streamlit run app.py

serve: .venv/.installed  ## start it for a class: address and QR code, one server for thirty
	$(BIN)/python -m effnet_viz app --class

test: .venv/.installed-dev browser check  ## install what tests need; checks and tests
	$(PYTEST)

coverage: .venv/.installed-dev  ## the lines that no test without a browser runs
	$(PYTEST) -m 'not soak and not gpu and not browser' --cov --cov-report=term

check: .venv/.installed-dev  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -n auto

format: .venv/.installed-dev  ## reformat and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

browser: .venv/.installed-dev  ## install the system browser for the browser tests, where it can
	@PYTHON=$(BIN)/python .ci/install-browser

gpu: .venv/.installed-dev  ## the tests that need a GPU, and its figures
	$(BIN)/python -m pytest -m gpu -rs tests/gpu

soak: .venv/.installed-dev  ## the tests that take long
	$(BIN)/python -m pytest -m soak

benchmark: .venv/.installed-dev  ## the figures the README claims
	@for script in $(BENCHMARKS); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:  ## remove the environment and caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .coverage

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; pass PYTHON=/path/to/it" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: requirements.txt | .venv/bin/python
	$(PIP) -r requirements.txt
	@touch $@

.venv/.installed-dev: requirements.txt requirements-dev.txt | .venv/bin/python
	$(PIP) -r requirements-dev.txt
	@touch $@ .venv/.installed
