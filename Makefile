# What a checkout can do. Needs make, Python 3.11 or newer with venv and pip, and a package index.

PYTHON ?= python3
VENV   ?= .venv
JOBS   ?= auto
COUNT  ?= 10000

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.DEFAULT_GOAL := help
.PHONY: help demo test coverage soak lint bench measure schemas docs clean

help:
	@echo "make demo     run the whole job on a small example and say where its report is"
	@echo "make test     run the tests"
	@echo "make coverage run them more thoroughly, and say which lines they do not reach"
	@echo "make soak     read 10,000 damaged files per reader (COUNT=N, SEED=S, TARGETS=…); takes long"
	@echo "make lint     ruff, mypy and vulture"
	@echo "make bench    measure ingest against DuckDB on the same file"
	@echo "make measure  measure everything and write docs/performance.md; takes long"
	@echo "make schemas  write schemas/ from the models"
	@echo "make docs     write docs/cli.md from the program"
	@echo "make clean    remove the environment and what tools left behind"

demo: $(VENV)/run.stamp
	@$(BIN)/prov demo

test: $(VENV)/test.stamp
	@$(BIN)/python -m pytest -n $(JOBS) --dist=worksteal

coverage: $(VENV)/test.stamp
	@PROV_EXAMPLES=100 $(BIN)/python -m pytest -n $(JOBS) --dist=worksteal \
		--cov --cov-report=term:skip-covered --cov-fail-under=90

soak: $(VENV)/test.stamp
	@$(BIN)/python tests/fuzz/soak.py --count $(COUNT) $(if $(SEED),--seed $(SEED)) $(TARGETS)

lint: $(VENV)/lint.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/vulture

bench: $(VENV)/run.stamp
	@$(BIN)/python bench/ingest.py

measure: $(VENV)/test.stamp
	@$(BIN)/python bench/all.py --install

schemas: $(VENV)/run.stamp
	@$(BIN)/python -m provenance.model.schemas schemas
	@echo "wrote schemas/"

docs: $(VENV)/test.stamp
	@$(BIN)/python -m pytest --quiet --update tests/architecture/test_generated.py
	@echo "wrote docs/cli.md and schemas/"

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* bench/out

# One environment; each stamp says which extras of this checkout are in it. The checkout is
# installed in place, so only a change of what is built or required asks for another installation.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "prov needs Python 3.11 or newer; say which: make PYTHON=python3.12 …"; exit 1; }
	@echo "making an environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: EXTRAS :=
$(VENV)/test.stamp: EXTRAS := [test]
$(VENV)/lint.stamp: EXTRAS := [test,dev]

$(VENV)/%.stamp: pyproject.toml hatch_build.py provenance/content/fold.c | $(BIN)/python
	@echo "installing prov$(EXTRAS)"
	@$(PIP) --editable '.$(EXTRAS)'
	@touch $@
