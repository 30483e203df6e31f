# make reproduce: sets up .venv with one backend, runs experiments/run.py, says where results are.
# make test: sets up .venv with all three backends, then runs the tests on each.
# KERAS_BACKEND chooses the backend of `make reproduce`: torch (default), tensorflow or jax.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KERAS_BACKEND ?= torch
BACKENDS := torch tensorflow jax
RUN_OPTIONS ?=
# Tests of one file share what they set up, so they stay in one process.
PARALLEL := --numprocesses 2 --dist loadfile

# A mark is newer than what it was made from, so that a second run installs nothing.
PINS := pyproject.toml constraints.txt

.PHONY: reproduce test lint clean

reproduce: $(VENV)/installed-$(KERAS_BACKEND)
	KERAS_BACKEND=$(KERAS_BACKEND) $(BIN)/python experiments/run.py $(RUN_OPTIONS)

test: lint $(VENV)/installed-all
	$(BIN)/python -m pytest $(PARALLEL) -m "not backend"
	for backend in $(BACKENDS); do \
	    KERAS_BACKEND=$$backend $(BIN)/python -m pytest $(PARALLEL) -m backend || exit 1; \
	done

lint: $(VENV)/installed-all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; give one with: make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(addprefix $(VENV)/installed-,$(BACKENDS)): $(VENV)/installed-%: $(PINS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$*,video]'
	touch $@

$(VENV)/installed-all: $(PINS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[torch,tensorflow,jax,video,dev]'
	touch $@ $(addprefix $(VENV)/installed-,$(BACKENDS))

clean:
	rm -rf $(VENV) results .cache
