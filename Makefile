# The commands of this project. Each works as the first one on a fresh clone: what it needs is set up on the way.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
STARTS := $(VENV)/.qt-starts
CODE := slop_qt tests benchmarks
# The project that `make run` opens.
PROJECT ?= .
# How often `make simulations` runs them all, and in how many processes at once.
TIMES ?= 10
AT_ONCE ?= 2

QT_PACKAGES := libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libglib2.0-0
QT_WINDOW_PACKAGES := libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 \
  libxcb-render-util0 libxcb-shape0 libxcb-xkb1

.PHONY: help setup demo run test simulations check format-check lint types imports wheel bench docs format lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo     watch four tiers work on a sample project, without a key (headless where there is no display)"
	@echo "make run      open the window; make run PROJECT=PATH for a repository of yours"
	@echo "make test     the test suite"
	@echo "make check    everything that CI runs"
	@echo "make simulations  10,000 rounds of approvals; the simulations ten times (TIMES=10), and again under Xvfb"
	@echo "make bench    measure against the goals of the design"
	@echo "make docs     write docs/providers.md, docs/automation.md and docs/mcp.md anew, from the code"
	@echo "make format   format and sort imports;  make lock: choose versions anew;  make clean: remove what was built"

# Setting up -----------------------------------------------------------------------------------------------------------

setup: $(STARTS)

$(INSTALLED): requirements.lock pyproject.toml
	@command -v git >/dev/null || { \
	  echo "slop_qt needs git 2.38 or later, and there is none on the PATH. Debian, Ubuntu: apt-get install git" >&2; exit 1; }
	@if [ ! -x $(BIN)/python ]; then \
	  for each in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	    if "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$each; break; fi; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "slop_qt needs Python 3.11 or later. Where it has another name: make PYTHON=/path/to/python3.12 setup" >&2; exit 1; \
	  fi; \
	  echo "Setting up $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "Python could not make a virtual environment. Debian, Ubuntu: apt-get install python3-venv" >&2; exit 1; }; \
	fi
	@echo "Installing what requirements.lock names"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -m pip check --disable-pip-version-check
	@$(BIN)/python -m compileall -q slop_qt  # or the first processes that start would each do it
	@touch $@

$(STARTS): $(INSTALLED)
	@$(BIN)/python -c 'import PySide6.QtWidgets, PySide6.QtSvg' 2>$(VENV)/qt-error.txt || { \
	  tail -n 1 $(VENV)/qt-error.txt >&2; \
	  echo "Qt does not start: a library of the system is missing (named above). Debian, Ubuntu:" >&2; \
	  echo "  sudo apt-get install $(QT_PACKAGES)" >&2; \
	  echo "and for a window on X11 also:" >&2; \
	  echo "  sudo apt-get install $(QT_WINDOW_PACKAGES)" >&2; \
	  exit 1; }
	@touch $@

# Using ----------------------------------------------------------------------------------------------------------------

demo: setup
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then $(BIN)/slop-qt demo; \
	else $(BIN)/slop-qt demo --headless; fi

run: setup
	@$(BIN)/slop-qt "$(PROJECT)"

# Checking -------------------------------------------------------------------------------------------------------------

test: setup
# Where an image of a container forbids bytecode, each of the processes would compile all modules and rewrite all tests.
	PYTHONDONTWRITEBYTECODE= QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n 3 --dist worksteal

# Each round has an order of its own, which its seed makes again:
#   SLOP_QT_TEST_PLATFORM=... pytest tests/simulations -n 2 --random-order-bucket=global --random-order-seed=...
simulations: setup
	@echo "Ten thousand rounds of fifty approvals"
	@SLOP_QT_APPROVAL_ROUNDS=10000 $(BIN)/python -m pytest -q tests/qt/test_approval_rounds.py
	@rounds() { platform=$$1; shift; \
	  for round in $$(seq $(TIMES)); do \
	    seed=$$(od -An -N4 -tu4 /dev/urandom | tr -d ' '); \
	    echo "Simulations, $$platform, round $$round of $(TIMES): --random-order-seed=$$seed"; \
	    PYTHONDONTWRITEBYTECODE= SLOP_QT_TEST_PLATFORM=$$platform "$$@" $(BIN)/python -m pytest tests/simulations -q \
	      --exitfirst -n $(AT_ONCE) --random-order --random-order-bucket=global --random-order-seed=$$seed || exit 1; \
	  done; }; \
	rounds offscreen env; \
	if command -v Xvfb >/dev/null && command -v xvfb-run >/dev/null; then rounds xcb xvfb-run --auto-servernum; \
	else echo "There is no Xvfb on the PATH: only offscreen. Debian, Ubuntu: apt-get install xvfb xauth"; fi

check: format-check lint types imports test wheel
	@echo "All checks passed."

format-check: setup
	$(BIN)/ruff format --check $(CODE)

lint: setup
	$(BIN)/ruff check $(CODE)

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

# The wheel has to work by itself: in an environment with nothing but its own dependencies, away from this checkout.
wheel: setup
	@rm -rf build/wheel
	$(BIN)/python -m build --wheel --outdir build/wheel .
	@set -e; away=$$(mktemp -d); trap 'rm -rf "$$away"' EXIT; \
	sed -n '/^[A-Za-z0-9]/s/ \\$$//p' requirements.lock > "$$away/versions.txt"; \
	$(BIN)/python -m venv "$$away/venv"; \
	"$$away/venv/bin/python" -m pip install --quiet --disable-pip-version-check -c "$$away/versions.txt" build/wheel/*.whl; \
	cd "$$away"; echo "The wheel's demo, in $$away"; \
	QT_QPA_PLATFORM=offscreen venv/bin/slop-qt demo --headless --into "$$away/demo"

bench: setup
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m benchmarks

# Keeping --------------------------------------------------------------------------------------------------------------

docs: setup
	$(BIN)/python tests/providers/providers_doc.py
	$(BIN)/python tests/automation/automation_doc.py
	$(BIN)/python tests/automation/mcp_doc.py

format: setup
	$(BIN)/ruff check --select I --fix $(CODE)
	$(BIN)/ruff format $(CODE)

# Not after `setup`: where a dependency was just added, the environment does not hold yet.
lock:
	@[ -x $(BIN)/uv ] || $(MAKE) setup
	$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --universal \
	  --python-version 3.11 -o requirements.lock

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find slop_qt tests benchmarks resources -name __pycache__ -type d -prune -exec rm -rf {} +
