# Installs what is missing and runs it. Needs make, Python 3.11 or newer with venv, and a package index for pip.
# Nothing here depends on an exported variable or on HOME.

SHELL := /bin/sh
# What is compiled once is kept, whoever's environment says otherwise: hundreds of processes start in a run of the tests.
export PYTHONDONTWRITEBYTECODE :=
.SHELLFLAGS := -euc
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHONS := python3 python3.13 python3.12 python3.11
VENV := .venv
# Programs of the environment are run as modules: their own scripts name the place where they were installed.
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input install --quiet --root-user-action=ignore
RUNTIME := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
TOOLS := .tools/.installed
LINT_IMPORTS := $(PY) -c 'import sys; from importlinter.cli import lint_imports_command; lint_imports_command()' --no-logo

# Most tests wait for real time to pass: three files at once; what judges milliseconds, or takes every core, runs alone
# afterwards. What fails beside others is named, then judged with nothing beside it: red there is red.
SIDE_BY_SIDE := -n 3 --dist loadfile --no-loadscope-reorder
BY_ITSELF := --last-failed --last-failed-no-failures none
# The policy's own tests cover every branch of it.
POLICY := $(PY) -m pytest -q -n 2 tests/policy --cov --cov-report=term:skip-covered

.PHONY: help run test check call bench goals faults unplug soak screenshots lint

help: ## List these targets.
	@sed -n 's/^\([a-z]*\): .*## /\1 /p' $(MAKEFILE_LIST) | while read -r name text; do printf 'make %-11s %s\n' "$$name" "$$text"; done

run: $(RUNTIME) $(TOOLS) ## Install what is missing and start the hotline in the foreground (Ctrl-C ends it).
	@exec $(VENV)/bin/hotline run

test: $(DEV) $(TOOLS) lint ## Install what is missing; lint, types, layers and every test.
	@$(PY) -m tests.postgres
	@$(PY) -m tests.browser.chromium
	@$(POLICY)
	@$(PY) -m pytest $(SIDE_BY_SIDE) -m 'not alone and not goal' --ignore tests/policy || { \
	  test $$? -eq 1; \
	  echo "What failed beside others, once more with nothing beside it:"; \
	  $(PY) -m pytest $(BY_ITSELF) -m 'not alone and not goal' --ignore tests/policy; \
	}
	@$(PY) -m pytest -m 'alone' || { \
	  test $$? -eq 1; \
	  echo "What judges milliseconds and failed, once more: the machine may have had something else to do"; \
	  $(PY) -m pytest $(BY_ITSELF) -m 'alone'; \
	}

check: $(DEV) lint ## Lint, types, layers and the fast tests, in about a minute.
	@$(PY) -m tests.postgres
	@$(PY) -m tests.browser.chromium
	@$(POLICY)
	@$(PY) -m pytest -q $(SIDE_BY_SIDE) -m 'not real and not slow and not alone and not goal' --ignore tests/policy

call: $(RUNTIME) $(TOOLS) ## Place one real SIP call to the running hotline and tell its story.
	@exec $(VENV)/bin/hotline call

bench: $(DEV) $(TOOLS) ## Measure calls, webhooks and wake times beside their rivals, in about 9 minutes.
	@exec $(PY) -m tests.bench

goals: $(DEV) $(TOOLS) ## Whether the desk and the board keep the milliseconds they aim at, on this machine with nothing beside it.
	@$(PY) -m tests.postgres
	@$(PY) -m tests.browser.chromium
	@exec $(PY) -m pytest -q -s -m goal

faults: $(DEV) $(TOOLS) ## Break every part while callers call: nobody is late, lost or doubled, every promise kept once; half an hour.
	@$(PY) -m tests.faults
	@$(PY) -m tests.kills --promises 2000 --kills 200
	@$(PY) -m tests.kills --promises 400 --kills 80 --doors both
	@$(PY) -m tests.kills --promises 200 --kills 40 --naive

unplug: $(DEV) $(TOOLS) ## Kill SQL, Redis, web, AGI and Asterisk in turn under live calls at both doors; a picture in three minutes.
	@$(PY) -m tests.postgres
	@exec $(PY) -m tests.unplug --png var/unplug.png

soak: $(DEV) ## A million callers' attempts to get an agent, on either database; hours.
	@$(PY) -m tests.postgres
	@exec $(PY) -m tests.soak

screenshots: $(DEV) $(TOOLS) ## Take the pictures of docs/desk.md anew, from a running hotline; two minutes.
	@$(PY) -m tests.browser.chromium
	@exec $(PY) -m tests.browser.screenshots

lint: $(DEV)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(LINT_IMPORTS) & layers=$$!; $(PY) -m mypy && wait $$layers

$(VENV)/bin/hotline: $(RUNTIME)

$(RUNTIME): requirements.txt
	@for python in $(PYTHONS); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "Making the Python environment in $(VENV) ..."; \
	  "$$python" -m venv $(VENV) && exit 0; \
	  echo "Python's venv module is needed (Debian: apt install python3-venv)" >&2; exit 1; \
	done; \
	echo "Python 3.11 or newer is needed; python3 here is: $$(python3 -V 2>&1 || true)" >&2; exit 1
	@echo "Installing the pinned requirements ..."
	@$(PIP) -r requirements.txt
	@# The repository itself, by a path relative to site-packages: the tree can be moved.
	@echo ../../../.. > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/hotline.pth"
	@printf '%s\n' '#!/bin/sh' \
	  '# Written by make: the hotline command with this repository and its Python, from any directory.' \
	  'exec "$$(dirname -- "$$(readlink -f -- "$$0")")/python" -P -m ivr "$$@"' > $(VENV)/bin/hotline
	@chmod +x $(VENV)/bin/hotline
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.txt
	@echo "Installing what checks and tests need ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(TOOLS): $(RUNTIME)
	@$(VENV)/bin/hotline install-tools
	@mkdir -p $(@D)
	@touch $@
