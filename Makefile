# `make run` and `make test` need Python 3.11 or newer and nothing else: they make .venv from the locks by themselves.

.DEFAULT_GOAL := help
.PHONY: help run test coverage simulate galera lint audit format bench bench-sync lock wheels clean
.DELETE_ON_ERROR:
SHELL := /bin/bash
# Images of Python set it; every process of the tests would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?=
ARGS ?=
# Many tests wait for machines, servers and letters: one more of them at a time than there are processors.
WORKERS ?= $(shell echo $$(($$(nproc) + 2)))

# For `make wheels`: the hub's processor and Python, which need not be this machine's.
MACHINE ?= $(shell uname -m)
HUB_PYTHON ?= 3.11
WHEELS ?= dist/wheels

VENV := .venv
BIN := $(VENV)/bin/python -m
PIP := $(BIN) pip install -qq --disable-pip-version-check
LOCK := $(BIN) uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18
	@echo
	@echo '  ARGS="..."    more arguments for run, test and bench: make test ARGS="-k login -n 0"'
	@echo '  PYTHON=...    the interpreter to make .venv with'

# What the environment sets wins over these; everything else that it sets is passed on as it is.
run: export REX_HOST ?= 127.0.0.1
run: export REX_TLS ?= off
run: export REX_REGISTRATION ?= open
run: $(VENV)/.runtime  ## start a hub on http://127.0.0.1:8000, its letters on the console
	@exec $(BIN) rex_auth_edge serve --development $(ARGS)

test: $(VENV)/.development  ## run every test
	$(BIN) pytest -n $(WORKERS) --dist worksteal $(ARGS)

coverage: $(VENV)/.development  ## run every test and say which lines none of them reached
	$(BIN) coverage erase
	$(BIN) coverage run -m pytest $(ARGS)
	$(BIN) coverage combine --quiet
	$(BIN) coverage report

simulate: $(VENV)/.development  ## hubs and a cloud on bad days, in one process; ARGS="--seeds 1000 --seed 42"
	$(BIN) tests.sync.simulation $(ARGS)

galera: $(VENV)/.development  ## kill or freeze one of three databases under load (apt install galera-4 haproxy rsync)
	REX_GALERA=1 $(BIN) pytest -n 0 tests/cloud/test_galera.py $(ARGS)

lint: $(VENV)/.development  ## style, formatting, types, import contracts, known vulnerabilities
	$(BIN) ruff check
	$(BIN) ruff format --check
	$(BIN) mypy
	$(VENV)/bin/lint-imports --no-logo
	@$(MAKE) --no-print-directory audit

# Without a database to ask this is skipped; a vulnerability that is found fails. To accept one: ARGS="--ignore-vuln ID".
audit: $(VENV)/.development
	@said=$$(timeout 120 $(BIN) pip_audit -r requirements-dev.lock --disable-pip --require-hashes --timeout 5 \
		--vulnerability-service osv --progress-spinner off $(ARGS) 2>&1); status=$$?; \
	if [ $$status -eq 0 ]; then echo "Known vulnerabilities: none in the locked packages."; \
	elif [ $$status -eq 124 ] || grep -qE '(Connection|HTTP|Proxy|SSL|Service)Error|Timeout' <<< "$$said"; then \
		echo "Known vulnerabilities: not looked for, since no database answers from here."; \
	else echo "$$said"; exit 1; fi

format: $(VENV)/.development  ## let ruff fix and format
	$(BIN) ruff check --fix
	$(BIN) ruff format

bench: $(VENV)/.development  ## measure this program beside its ceilings, in one run
	$(BIN) tests.benchmarks $(ARGS)

bench-sync: $(VENV)/.development  ## measure what synchronising 100,000 changes costs, and how soon an end on one side counts on the other
	$(BIN) tests.benchmarks.sync $(ARGS)

lock: $(VENV)/.development  ## resolve the dependencies anew; ARGS="--upgrade" takes newer releases
	$(LOCK) --group build -o requirements.lock $(ARGS)
	$(LOCK) --group dev --all-extras -c requirements.lock -o requirements-dev.lock $(ARGS)

# Newer builds of pip's platforms don't imply older ones, so all that Debian 12 (glibc 2.36) runs are named.
wheels: | $(VENV)/.made  ## fill a folder for `install.sh --wheels`; MACHINE=aarch64 WHEELS=/media/stick
	@echo "Collecting packages for $(MACHINE) into $(WHEELS) ..."
	@$(BIN) pip download --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-deps \
		--implementation cp --python-version $(HUB_PYTHON) --platform manylinux2014_$(MACHINE) \
		$(foreach minor,$(shell seq 17 36),--platform manylinux_2_$(minor)_$(MACHINE)) \
		--requirement requirements.lock --dest $(WHEELS)

clean:  ## remove what the tools made; data/ stays
	rm -rf $(VENV) dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find rex_auth_edge migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- the environment; a stamp for each step, so that it is made once and again only when a lock changes

$(VENV)/.made:
	@found=; for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		found=$$python; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || continue; \
		echo "Making $(VENV) with $$("$$python" --version) ..."; \
		"$$python" -m venv --clear $(VENV) && touch $@ && exit 0; \
		exit 1; \
	done; \
	if [ -n "$$found" ]; then \
		echo "$$found has no venv module. On Debian: apt install python3-venv" >&2; \
	else \
		echo "Python 3.11 or newer is needed and $(or $(PYTHON),python3) is none. On Debian 12: apt install python3 python3-venv." >&2; \
		echo "Is it installed under another name? make PYTHON=/path/to/python3.12" >&2; \
	fi; exit 1

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.made
	@echo "Installing what the hub needs, once ..."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.development: requirements.lock requirements-dev.lock pyproject.toml | $(VENV)/.made
	@echo "Installing what the hub and its tests need, once ..."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $(VENV)/.runtime $@
