# What a checkout can do. Needs make, Python 3.11 or newer with venv and pip, and a package index.

PYTHON  ?= python3
VENV    ?= .venv
NEWEST  ?= .venv-newest
JOBS    ?= auto
COUNT   ?= 10000
UPGRADE ?= --upgrade

BIN     := $(VENV)/bin
INSTALL := -m pip --disable-pip-version-check --quiet install
LOCKED  := $(BIN)/python $(INSTALL) --use-pep517 --no-build-isolation --require-hashes --requirement
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' --no-emit-package prov-ledger --annotation-style line
PART    := --constraint requirements/dev.txt --no-annotate

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-newest coverage soak lint lock bench measure schemas docs site \
	changelog changelog-draft hooks clean

help:
	@echo "make demo     run the whole job on a small example and say where its report is"
	@echo "make test     run the tests that take little time"
	@echo "make test-all run all tests"
	@echo "make test-newest  run a short suite with the newest versions that pyproject.toml allows"
	@echo "make coverage run them more thoroughly, and say which lines they do not reach"
	@echo "make soak     read 10,000 damaged files per reader (COUNT=N, SEED=S, TARGETS=…); takes long"
	@echo "make lint     ruff, mypy, vulture and zizmor"
	@echo "make lock     renew requirements/: the newest versions (UPGRADE= keeps those that fit)"
	@echo "make bench    measure ingest against DuckDB on the same file"
	@echo "make measure  measure everything and write docs/performance.md; takes long"
	@echo "make schemas  write schemas/ from the models"
	@echo "make docs     write docs/cli.md from the program"
	@echo "make site     build the documents as pages, into site/; a warning is an error"
	@echo "make changelog-draft  print what the fragments of the changelog come to"
	@echo "make changelog        move them into CHANGELOG.md, for a release"
	@echo "make hooks    check each commit with .pre-commit-config.yaml"
	@echo "make clean    remove the environment and what tools left behind"

demo: $(VENV)/run.stamp
	@$(BIN)/prov demo

test: $(VENV)/test.stamp
	@$(BIN)/python -m pytest -m "not slow" -n $(JOBS) --dist=worksteal

test-all: $(VENV)/test.stamp
	@$(BIN)/python -m pytest -n $(JOBS) --dist=worksteal

# The versions are printed that differ from the lock: one of them is behind what fails here.
test-newest: | $(NEWEST)/bin/python
	@echo "installing the newest versions in $(NEWEST)"
	@$(NEWEST)/bin/python $(INSTALL) --upgrade --upgrade-strategy eager --editable '.[test]'
	@echo "versions that are not those of requirements/test.txt:"
	@$(NEWEST)/bin/python .ci/differing.py requirements/test.txt
	@$(NEWEST)/bin/python -m pytest -m newest -n $(JOBS) --dist=worksteal

coverage: $(VENV)/test.stamp
	@PROV_EXAMPLES=100 $(BIN)/python -m pytest -n $(JOBS) --dist=worksteal \
		--cov --cov-report=term:skip-covered --cov-fail-under=95

soak: $(VENV)/test.stamp
	@$(BIN)/python tests/fuzz/soak.py --count $(COUNT) $(if $(SEED),--seed $(SEED)) $(TARGETS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/vulture
	$(BIN)/zizmor --offline --quiet .

# dev.txt is resolved first and holds everything; the others are parts of it, in the same versions.
lock: | $(BIN)/python
	@$(BIN)/python $(INSTALL) --upgrade uv
	@$(COMPILE) $(UPGRADE) pyproject.toml --all-extras --group build -o requirements/dev.txt
	@$(COMPILE) $(PART) pyproject.toml --extra test -o requirements/test.txt
	@$(COMPILE) $(PART) pyproject.toml -o requirements/run.txt
	@$(COMPILE) $(PART) --group build -o requirements/build.txt
	@echo "wrote requirements/"

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

site: $(VENV)/dev.stamp
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "wrote site/index.html"

changelog-draft: $(VENV)/test.stamp
	@$(BIN)/towncrier build --draft 2>/dev/null

changelog: $(VENV)/test.stamp
	@$(BIN)/towncrier build --yes

hooks: $(VENV)/dev.stamp
	@$(BIN)/pre-commit install

clean:
	rm -rf $(VENV) $(NEWEST) site .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* bench/out

# One environment. Each stamp says which file of requirements/ is in it, and nothing else comes from
# the package index: requirements/build.txt holds what builds this checkout and the packages that
# have no wheel. The checkout is installed in place, so only a change of what is built or required
# asks for another installation.

%/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "prov needs Python 3.11 or newer; say which: make PYTHON=python3.12 …"; exit 1; }
	@echo "making an environment in $*"
	@$(PYTHON) -m venv $*

$(VENV)/build.stamp: requirements/build.txt | $(BIN)/python
	@$(LOCKED) $<
	@touch $@

$(VENV)/%.stamp: requirements/%.txt $(VENV)/build.stamp pyproject.toml hatch_build.py provenance/content/fold.c
	@echo "installing $<"
	@$(LOCKED) $<
	@$(BIN)/python $(INSTALL) --no-build-isolation --no-deps --editable .
	@touch $@
