# Everything runs in one isolated environment in this checkout; nothing else is touched.
#   make demo     train a network on real handwritten digits, then show its predictions
#   make test     the tests
#   make lint     linter, formatter check, type checker
#   make clean    remove the environment and everything that was built
# Another interpreter: make test PYTHON=python3.13 VENV=.venv-3.13
PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?= -n auto --maxprocesses 4

BIN := $(VENV)/bin
TOOLS := .tools
# A new name for another interpreter, so that the environment is made again for it.
MADE := $(VENV)/.made-by-$(subst /,-,$(PYTHON))
PROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
# Installed without what they depend on: tests of a plugin whose library is missing are skipped.
PLUGINS := $(patsubst %/pyproject.toml,-e %,$(wildcard plugins/*/pyproject.toml))

# A user install, or one outside of an environment refused, may be this machine's habit; here
# it would get in the way. All else in pip's configuration (indexes, proxies, ...) is respected.
export PIP_USER := 0
export PIP_REQUIRE_VIRTUALENV := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint clean

demo: $(VENV)/.has-demo
	$(BIN)/arraygrad train digits --model mlp --epochs 20 --backend numpy --out runs/digits --force
	$(BIN)/arraygrad predict runs/digits

test: $(VENV)/.has-test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.has-lint
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy

clean:
	rm -rf .venv .venv-* $(TOOLS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.has-demo: $(MADE) $(PROJECTS)
	$(BIN)/python -m pip install --quiet --no-warn-conflicts -e ".[demo]"
	@touch $@

$(VENV)/.has-test: $(MADE) $(PROJECTS)
	$(BIN)/python -m pip install --quiet --no-warn-conflicts -e ".[test]"
	$(BIN)/python -m pip install --quiet --no-deps $(PLUGINS)
	@touch $@

$(VENV)/.has-lint: $(MADE) $(PROJECTS)
	$(BIN)/python -m pip install --quiet --no-warn-conflicts -e ".[test,lint]"
	$(BIN)/python -m pip install --quiet --no-deps $(PLUGINS)
	@touch $@ $(VENV)/.has-test

# What .ci/run needs to run the tests on PyTorch and JAX.
$(VENV)/.has-backends: $(MADE) $(PROJECTS)
	$(BIN)/python -m pip install --quiet --no-warn-conflicts -e ".[test,backends]"
	$(BIN)/python -m pip install --quiet --no-deps $(PLUGINS)
	@touch $@

# Plugins that the tests of the core go without: Numba's kernels run in place of the core's, and
# the arrays of ndonnx have no values.
$(VENV)/.has-plugins: $(MADE) $(PROJECTS)
	$(BIN)/python -m pip install --quiet -e ".[test]" -e "plugins/arraygrad-onnx[test]" \
	  -e plugins/arraygrad-numba -e "plugins/arraygrad-board[tensorboard]"
	@touch $@

# venv is missing on some systems, and pip may refuse to touch the system's own packages;
# pip may always install into a folder of ours.
$(MADE):
	@$(PYTHON) -c 'import sys; v = sys.version_info; v < (3, 11) and sys.exit(f"arraygrad needs \
	Python 3.11 or newer, and $(PYTHON) is {v.major}.{v.minor}; name another one: \
	make PYTHON=python3.12")'
	@rm -rf $(VENV)
	@echo "Making an environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	  rm -rf $(VENV) && \
	  echo "$(PYTHON) -m venv does not work here; making the environment with virtualenv" && \
	  $(PYTHON) -m pip install --quiet --upgrade --target $(TOOLS) virtualenv && \
	  PYTHONPATH=$(TOOLS) $(PYTHON) -m virtualenv --quiet $(VENV); }
	@touch $@
