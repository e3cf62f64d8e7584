# `make help` explains the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help env up test e2e lint down clean

PYTHON ?= python3
RUN := .venv/bin/python -m
STAMP := .venv/stamp
CACHE := $(or $(ARGO_ARTIFACTS_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/argo-artifacts)

help: ## Explain the targets
	@echo "usage: make <target>"; echo
	@sed -nE 's/^([a-z0-9]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 10
	@echo; echo "Programs that are not on PATH are built once with Go 1.26 (about half an hour on"
	@echo "2 cores) and kept in $(CACHE);"
	@echo "python -m tools.programs says which. Everything else of a run lies in .local/."

env: $(STAMP) ## Make the locked Python environment .venv with the command argo-artifacts

up: $(STAMP) ## Start the local platform, run pulumi up of the stack local, check every identity
	@$(RUN) tools.local_platform up

test: $(STAMP) ## Run everything that CI runs: linters, then all layers of tests
	@$(RUN) tools.run_tests

e2e: $(STAMP) ## Run real workflows on real pods, as root on Linux; exit code 77: nothing was checked
	@$(RUN) tools.e2e || exit $$?

lint: $(STAMP) ## Run the linters and the type checker alone
	@$(RUN) tools.lint

down: $(STAMP) ## End the local platform and remove its cluster, data and state
	@$(RUN) tools.local_platform down

clean: ## Also remove .venv, .local and the cache of built programs
	@if [ -x .venv/bin/python ] && [ -d .local ]; then $(RUN) tools.local_platform down; fi
	@rm -rf .venv .local .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@rm -rf $(foreach part,programs npm go-build logs uv timings.json,"$(CACHE)/$(part)")
	@rmdir "$(CACHE)" 2>/dev/null || true

$(STAMP): requirements/development.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else \
	  f"{sys.executable}: Python {v[0]}.{v[1]}, 3.11 or newer is accepted; make PYTHON=<path>")'
	@uv=$$(command -v uv || true); \
	if [ -z "$$uv" ]; then \
	  uv="$(CACHE)/uv/bin/uv"; \
	  if [ ! -x "$$uv" ]; then \
	    echo "uv is not on PATH, installing it into $(CACHE)/uv"; \
	    $(PYTHON) -m venv --clear "$(CACHE)/uv"; \
	    "$(CACHE)/uv/bin/python" -m pip install --quiet --disable-pip-version-check uv; \
	  fi; \
	fi; \
	if ! .venv/bin/python -c '' 2>/dev/null; then \
	  "$$uv" venv --quiet --clear --seed --python "$$(command -v $(PYTHON))" .venv; \
	fi; \
	export VIRTUAL_ENV="$$PWD/.venv"; \
	"$$uv" pip sync --quiet --compile-bytecode --require-hashes requirements/development.txt; \
	"$$uv" pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
