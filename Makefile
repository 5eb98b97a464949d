# `make` lists what can be asked for. What a target needs it installs first, into .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
# The first on the PATH that is of a right version and can make a virtual environment (Debian's needs python3-venv for that).
SUITS := import ensurepip, sys; sys.exit(sys.version_info[:2] not in {(3, 11), (3, 12)})
PYTHON = $(firstword $(foreach name,python3.12 python3.11 python3,$(if $(shell $(name) -c '$(SUITS)' 2>&1 || echo no),,$(name))))
PIP_INSTALL := $(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement
# What Django reads of each language, made of what people write.
TRANSLATIONS := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/django.po))
# Told to keep no bytecode, each of the many processes of a test or an installation would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
# More for pytest, as in: make test ARGS="tests/orders -x"; for chaos: make chaos ARGS="--database sqlite"
ARGS ?=
# How many faults, on both databases together, and which of all their courses.
FAULTS ?= 100
SEED ?= 1

# $(call stage,name,command) prints one line with the seconds taken; what the command says is shown only if it fails.
define stage
	@SECONDS=0; \
	said=$$({ $(2); } 2>&1) || { printf '%s\n' "$$said" "Failed: $(1)" >&2; exit 1; }; \
	printf '%-32s %4d s\n' "$(1)" $$SECONDS
endef

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/dev.stamp $(TRANSLATIONS) ## make .venv and install what development needs
	@:

.PHONY: run
run: $(VENV)/run.stamp $(TRANSLATIONS) ## everything on this machine, with a demo shop: PORT, DATABASE_URL, REDIS_URL, DEMO=0
	@exec $(VENV)/bin/python -m orderstatus_project.run

.PHONY: test
test: setup ## all tests but the long proofs, on DATABASE_URL and REDIS_URL or on SQLite and a Redis of their own
	@exec $(VENV)/bin/pytest --numprocesses auto --dist loadgroup $(ARGS)

.PHONY: proof
proof: setup ## the long proofs
	@exec $(VENV)/bin/pytest -m proof $(ARGS)

.PHONY: bench
bench: setup ## what speed costs, as ratios, on a PostgreSQL database of its own: ARGS="--quick", "--only saves", "--json FILE"
	@exec $(VENV)/bin/python -m benchmarks $(ARGS)

.PHONY: chaos
chaos: setup ## the whole of it killed and starved while shops speak, against providers that keep a record: FAULTS, SEED
	@exec $(VENV)/bin/python -m tests.chaos --faults $(FAULTS) --seed $(SEED) $(ARGS)

.PHONY: log
log: setup ## a whole real log told over HTTP to what `make run` starts, on a PostgreSQL database of its own: LOG=FOLDER
	@exec $(VENV)/bin/python -m tests.real_log $(LOG)

.PHONY: lint
lint: setup ## style, import rules, types, migrations in step with the models, translations with the texts
	$(call stage,ruff check,$(VENV)/bin/ruff check --output-format concise)
	$(call stage,ruff format,$(VENV)/bin/ruff format --check)
	$(call stage,import rules,$(VENV)/bin/lint-imports)
	$(call stage,types,$(VENV)/bin/mypy)
	$(call stage,migrations,$(MISSING_MIGRATIONS))
	$(call stage,translations,$(VENV)/bin/python -m orderstatus_project.catalogue check)

.PHONY: migrations
migrations: setup ## say which migrations the models still lack
	@$(MISSING_MIGRATIONS)

MISSING_MIGRATIONS := $(VENV)/bin/python manage.py makemigrations --check --dry-run

.PHONY: schema
schema: setup ## write docs/openapi.yaml, docs/kinds.md and docs/fields.md as the API, kinds and fields now are
	@$(VENV)/bin/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml
	@$(VENV)/bin/python manage.py campaign kinds > docs/kinds.md
	@$(VENV)/bin/python manage.py rule_fields > docs/fields.md

.PHONY: messages
messages: setup ## bring the texts of the code into locale/*/LC_MESSAGES/django.po, to be translated there
	@$(VENV)/bin/python -m orderstatus_project.catalogue update

.PHONY: clean
clean: ## remove .venv and what the tools keep; the data under var/ stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results
	@find . -name __pycache__ -prune -exec rm -rf {} +

locale/%.mo: locale/%.po | $(VENV)/run.stamp
	$(call stage,compiled $<,$(VENV)/bin/python -m orderstatus_project.catalogue compile)

# A stamp stands for a step that was finished, so one that was interrupted is done again.
$(VENV)/made.stamp:
	$(if $(PYTHON),,$(error No Python 3.11 or 3.12 with venv is on the PATH. On Debian or Ubuntu: apt-get install python3 python3-venv))
	$(call stage,made $(VENV) with $(PYTHON),$(PYTHON) -m venv --clear $(VENV))
	@touch $@

$(VENV)/run.stamp: $(VENV)/made.stamp requirements.txt
	$(call stage,installed the product,$(PIP_INSTALL) requirements.txt && $(VENV)/bin/pip check)
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.txt
	$(call stage,installed the tests and checks,$(PIP_INSTALL) requirements-dev.txt && $(VENV)/bin/pip check)
	@touch $@
