# Every target makes .venv and installs what it needs, without root; a second run finds it there.
# Another Python: make unet PYTHON=python3.12

PYTHON ?= python3
ARGS ?=
# One worker a core; the tests of a file stay together, since they share what they made.
PARALLEL ?= -n auto --maxprocesses=8 --dist loadfile
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help unet test test-rest test-all reference clean
.PHONY: lint check-ruff check-format check-types check-imports

help:
	@echo "make unet [ARGS=...]  train the U-Net on microscope images (ARGS=--help shows its options)"
	@echo "make test             the tests, ten minutes at most, with fixed samples"
	@echo "make test-all         every test, the slow ones and those against PyTorch too"
	@echo "make lint             ruff, pyright and the import contracts"
	@echo "make clean            remove .venv and what tools leave behind"

unet: $(VENV)/.for-unet
	$(BIN)/python examples/unet.py $(ARGS)

test: $(VENV)/.for-test
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow" --hypothesis-profile=fixed $(ARGS)

# What `make test` leaves out. Here a missing torch is a failure, not a skip.
test-rest: $(VENV)/.for-test $(VENV)/.for-reference
	$(BIN)/python -m pytest $(PARALLEL) -m "slow or reference" --hypothesis-profile=thorough --need-reference $(ARGS)

test-all:
	$(MAKE) test
	$(MAKE) test-rest

reference: $(VENV)/.for-reference

lint: check-ruff check-format check-types check-imports

check-ruff: $(VENV)/.for-lint
	$(BIN)/ruff check .

check-format: $(VENV)/.for-lint
	$(BIN)/ruff format --check .

check-types: $(VENV)/.for-lint
	$(BIN)/pyright --pythonpath $(BIN)/python

check-imports: $(VENV)/.for-lint
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) build dist .pytest_cache .hypothesis .ruff_cache .import_linter_cache
	find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each set of extras; pyproject.toml is the only list of packages.
$(VENV)/.for-unet: EXTRAS := examples
$(VENV)/.for-test: EXTRAS := all,test
$(VENV)/.for-lint: EXTRAS := all,test,dev
$(VENV)/.for-reference: EXTRAS := reference

$(VENV)/.for-unet $(VENV)/.for-test $(VENV)/.for-lint $(VENV)/.for-reference: pyproject.toml | $(VENV)/.created
	@echo "installing tinygraph[$(EXTRAS)] into $(VENV)"
	@$(INSTALL) -e ".[$(EXTRAS)]"
	@touch $@

# A stock Debian has no ensurepip: there the pip outside installs pip inside.
$(VENV)/.created:
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "$(PYTHON) is not there: install Python 3.10 or newer, or say which: make PYTHON=..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "tinygraph needs Python 3.10 or newer, $(PYTHON) is older: make PYTHON=python3.12" >&2; exit 1; }
	@echo "making $(VENV) with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv --clear --without-pip $(VENV)
	@if $(BIN)/python -c 'import ensurepip' 2>/dev/null \
	    && $(BIN)/python -m ensurepip >/dev/null 2>&1; then :; \
	elif "$(PYTHON)" -m pip --python $(BIN)/python --version >/dev/null 2>&1; then \
	  "$(PYTHON)" -m pip --python $(BIN)/python install --quiet --disable-pip-version-check pip; \
	else \
	  echo "$(PYTHON) has neither ensurepip nor pip 22.3 or newer, so nothing can be installed. One of" >&2; \
	  echo "  - as root, on Debian or Ubuntu: apt install python3-venv" >&2; \
	  echo "  - without root: make with a Python that has pip: make PYTHON=/path/to/python3" >&2; \
	  echo "  - without root: fetch https://bootstrap.pypa.io/get-pip.py and run" >&2; \
	  echo "      $(BIN)/python get-pip.py && touch $@" >&2; \
	  exit 1; \
	fi
	@touch $@
