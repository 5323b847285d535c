# Everything runs in .venv, made on first use: with uv where it is installed, else with python's venv and pip.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := $(shell command -v uv)
VENV := .venv
BIN := $(VENV)/bin
# Two test files at a time, in their order.
PYTEST = $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

ifdef UV
MAKE_VENV = uv venv --quiet --allow-existing --python $(PYTHON) $(VENV)
INSTALL = uv pip install --quiet --python $(BIN)/python
else
MAKE_VENV = $(PYTHON) -m venv $(VENV)
INSTALL = $(BIN)/python -m pip install --quiet
endif

.PHONY: quickstart test test-fast coverage test-all test-faults mutation bench bench-all gpu torch lint format docs requirements wheel clean

quickstart: $(VENV)/core.stamp
	$(BIN)/mmannot quickstart

# No process is started and nothing is trained.
test-fast: lint
	$(PYTEST) -m "not slow and not exhaustive"

# The fast tests, and one way through everything.
test: lint
	$(PYTEST) -m "not exhaustive"

# The same, and counts the lines that they run, which takes a third more time.
coverage: lint
	$(PYTEST) -m "not exhaustive" --cov --cov-report=term:skip-covered --cov-fail-under=93

# Every test there is: every kill, every geometry, every benchmark at a tiny size, PyTorch. An hour.
test-all: lint $(VENV)/torch.stamp
	$(PYTEST)

# Changes 40 lines of the code, one at a time, and says which changes no test of `make test` notices. Hours.
mutation: $(VENV)/test.stamp
	$(BIN)/python tests/mutation.py

# Kills, fills disks and breaks files, and prints what was lost: the table of docs/reliability.md.
test-faults: $(VENV)/test.stamp
	$(BIN)/python benchmarks/faults.py

# Times every question of docs/performance.md beside its reference, and writes its table.
bench: $(VENV)/test.stamp
	$(BIN)/python benchmarks/run.py --page docs/performance.md

# The same, annotating and starting, which export models first, and PyTorch's network beside ours.
bench-all: $(VENV)/torch.stamp
	$(BIN)/python benchmarks/run.py --all --page docs/performance.md

# Measures this machine's GPUs in less than 8 minutes, and writes the tables of docs/gpu.md.
gpu: $(VENV)/test.stamp
	$(BIN)/python benchmarks/gpu.py --page docs/gpu.md

# PyTorch and torchvision, several GB on Linux: `make test-all` holds torchvision's own model against ours.
torch: $(VENV)/torch.stamp

lint: $(VENV)/test.stamp
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy --num-workers 2

format: $(VENV)/test.stamp
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: $(VENV)/test.stamp
	$(BIN)/python -m mmannot_tf.report.fidelity > docs/fidelity.md
	$(BIN)/python docs/api.py > docs/api.md
	$(BIN)/python docs/keys.py > docs/keys.md
	$(BIN)/python docs/third_party.py > THIRD_PARTY.md

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
