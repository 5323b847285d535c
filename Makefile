# Everything runs in .venv, made on first use: with uv where it is installed, else with python's venv and pip.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := $(shell command -v uv)
VENV := .venv
BIN := $(VENV)/bin
# Tests of one file run in one process; each process needs some 5 GB. In their order: files of few tests, which xdist
# puts last, are the longest.
BESIDE = --numprocesses 2 --dist loadfile --no-loadscope-reorder
PYTEST = $(BIN)/python -m pytest $(BESIDE) --cov --cov-report=term:skip-covered --cov-fail-under=90

ifdef UV
MAKE_VENV = uv venv --quiet --allow-existing --python $(PYTHON) $(VENV)
INSTALL = uv pip install --quiet --python $(BIN)/python
else
MAKE_VENV = $(PYTHON) -m venv $(VENV)
INSTALL = $(BIN)/python -m pip install --quiet
endif

.PHONY: quickstart test test-fast test-faults bench torch lint format docs requirements wheel clean

quickstart: $(VENV)/core.stamp
	$(BIN)/mmannot quickstart

test: lint
	$(PYTEST) -m "not faults"

test-fast: lint
	$(PYTEST) -m "not slow and not real and not faults"

# Kills, fills disks and breaks files, and prints what was lost: the table of docs/reliability.md.
test-faults: $(VENV)/test.stamp
	$(BIN)/python benchmarks/faults.py

# Times every question of docs/performance.md beside its reference, and writes its table.
bench: $(VENV)/test.stamp
	$(BIN)/python benchmarks/run.py --page docs/performance.md

# PyTorch and torchvision, several GB on Linux: with them `make test` also holds torchvision's own model against ours.
torch: $(VENV)/torch.stamp

lint: $(VENV)/test.stamp
	$(BIN)/ruff format --check
	$(BIN)/ruff check

format: $(VENV)/test.stamp
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: $(VENV)/core.stamp
	$(BIN)/python -m mmannot_tf.paper.fidelity > docs/fidelity.md

wheel:
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir dist .

# New pins; needs uv. Plain name==version lines, no index address. What is used is what is tested: the pins of the
# core, and of the page that the quickstart ends with, are those of the tests, where Apache Beam holds some back.
COMPILE = uv pip compile --quiet --upgrade --no-header --no-annotate --no-emit-index-url --python-version 3.11

requirements:
	$(COMPILE) --extra test pyproject.toml --output-file requirements-test.txt
	$(COMPILE) --extra report --constraint requirements-test.txt pyproject.toml --output-file requirements.txt

clean:
	rm -rf $(VENV) build dist *.egg-info

$(VENV)/core.stamp: requirements.txt pyproject.toml setup.cfg
	$(MAKE_VENV)
	$(INSTALL) -r requirements.txt
	$(INSTALL) --no-deps --editable .
	touch $@

$(VENV)/test.stamp: requirements-test.txt $(VENV)/core.stamp
	$(INSTALL) -r requirements-test.txt
	touch $@

$(VENV)/torch.stamp: requirements-torch.txt $(VENV)/test.stamp
	$(INSTALL) -r requirements-torch.txt --constraint requirements-test.txt
	touch $@
