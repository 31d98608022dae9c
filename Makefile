# Two commands matter: `make demo` watches a campaign happen, `make test` proves that everything works.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
# Of the builds of that Python on the machine, the quickest makes .venv; one that is named is kept.
SETUP := $(PYTHON) tools/setup.py $(if $(filter file,$(origin PYTHON)),,--keep-python)
SOFY := .venv/bin/sofy
# One more than the cores of a small machine: tests of processes wait a good part of their time.
JOBS ?= 3

.PHONY: help setup demo test soak up bench check clean
.DEFAULT_GOAL := help
# Compiled files are kept whatever the machine's taste: collecting the tests is ten times quicker with them.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make demo [CONTACTS=file]  set up, import a contact file, send a campaign to a simulated operator, report"
	@echo "make test                  set up and run every test, the browser's included (SOFY_NO_BROWSER=1 leaves it out)"
	@echo "make soak [MINUTES=10]     break everything at random for so long, then compare the books (SEED=n: as before)"
	@echo "make up                    start everything and print where to log in"
	@echo "make bench                 measure speed and memory"
	@echo "make check                 format, lint, types, imports, migrations, translations"
	@echo "make clean                 stop the embedded server and remove what can be made again"

setup:
	@$(SETUP)

demo: setup
	@$(SOFY) demo $(if $(CONTACTS),--contacts "$(CONTACTS)")

test:
	@$(SETUP) --tests
	@.venv/bin/pytest -n $(JOBS) -q $(TESTS)

soak:
	@$(SETUP) --tests
	@.venv/bin/python -m tests.faults.soak --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

up: setup
	@$(SOFY) up

bench: setup
	@$(SOFY) bench all

check: setup
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/python -m tools.lint.house_rules
	@$(SOFY) django makemigrations --check --dry-run
	@.venv/bin/python tools/i18n.py --check

clean:
	@if [ -x $(SOFY) ]; then $(SOFY) db stop || true; fi
	@rm -rf node_modules .browser src/sofy/ui/static/vendor .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
	@rm -rf .venv var/setup
