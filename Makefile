# Every target is one call of a program; what it does stands in that program.
PYTHON ?= python3
READY := .venv/.ready

# The programs of an environment name its folder: in a checkout that was moved or copied they are
# missing, or another checkout's.
MOVED := $(shell test ! -e $(READY) || grep -qsF -- "$$(pwd -P)/.venv" .venv/pyvenv.cfg || echo moved)

# A shell that `meshwright sandbox env` was evaluated in names a sandbox, maybe another checkout's.
# These targets mean this checkout's, or the one that the user named before.
ifdef MESHWRIGHT_SAVED_PATH
export MESHWRIGHT_SANDBOX_HOME := $(MESHWRIGHT_SAVED_MESHWRIGHT_SANDBOX_HOME)
endif

.PHONY: demo test lint bench down tools lock moved
.DEFAULT_GOAL := demo

# Start the local cloud, run `pulumi up` for stack dev on it, say what to look at.
demo: $(READY)
	@.venv/bin/meshwright demo

# Every test there is; tests/scheduling.py shares them out. Engine runs wait as much as they work,
# so there are two workers for each of the two cores that CI has.
test: $(READY) tools
	@.venv/bin/python .ci/every_test.py -n auto

lint: $(READY)
	@.ci/lint

bench: $(READY) tools
	@.venv/bin/python -m bench

# Stop what `make demo` or `meshwright sandbox up` started in this checkout, and nothing else.
down: $(if $(MOVED),$(READY))
	@test ! -x .venv/bin/meshwright || .venv/bin/meshwright sandbox down

# The outside programs, found or built once into the user's cache folder.
tools: $(READY)
	@.venv/bin/python -m meshwright_toolchain ensure

# requirements/*.txt from requirements/*.in; run by hand after an edit of an .in file.
lock:
	@.ci/lock

$(READY): $(MOVED) toolchain/bootstrap.py requirements/development.txt $(wildcard */pyproject.toml)
	@$(PYTHON) toolchain/bootstrap.py

moved:
