# `make` prints the targets. Needs python >= 3.11, cargo and make; everything else is installed into .venv
# from requirements.lock, whose hashes pip checks.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := bash
MAKEFLAGS += --no-print-directory

PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell $(p) -c \
    'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
VENV := .venv
BIN := $(VENV)/bin
MINUTES ?= 30
CONFIG ?= docs/tutorial/demo.toml
DATA ?= $(wildcard ../shared/data/nautilus/btc-perp-20211231-20220201_1m.csv)
CATALOG := $(if $(wildcard $(DATA)/instruments.json),$(DATA),runs/demo/catalog)
NATIVE_SOURCES := $(shell find rust_ext -name '*.rs') rust_ext/Cargo.toml Cargo.toml Cargo.lock
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help setup demo test soak torture check fmt bench build lock clean

help: ## print this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

setup: $(VENV)/.native ## make .venv: locked dependencies and this checkout, editable

demo: setup ## replay, trade on paper, kill -9, come back, prove it (DATA=catalog or CSV of one-minute bars)
ifeq ($(DATA),)
	@echo "inventing a market -> $(CATALOG)"
	@rm -rf $(CATALOG) && $(BIN)/outcry data synth $(CATALOG) --days 30 --instrument BTCUSDT.SIM
else ifneq ($(DATA),$(CATALOG))
	@echo "importing $(DATA) -> $(CATALOG)"
	@rm -rf $(CATALOG) && $(BIN)/outcry data import $(DATA) --out $(CATALOG) --format csv --kind bar \
	    --bar 1m-last --instrument BTCUSDT.SIM --asset spot --base BTC --quote USDT
endif
	@mkdir -p runs/demo && OUTCRY=$(BIN)/outcry docs/tutorial/demo.sh $(CONFIG) $(CATALOG) runs/demo

# What setup makes. The stamps live inside .venv, so that they vanish with it.
$(VENV)/.locked: requirements.lock
	@test -n "$(PYTHON)" || { echo "openoutcry needs Python 3.11 or newer: install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "installing the locked dependencies (about a minute the first time)"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/.native: $(VENV)/.locked pyproject.toml $(NATIVE_SOURCES)
	@command -v cargo >/dev/null || { echo "openoutcry needs cargo 1.85 or newer to build its engine: install Rust with rustup or your distribution" >&2; exit 1; }
	@echo "building the engine (about a minute the first time)"
	@rm -f src/openoutcry/_native.*.so
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

test: setup ## run the test suite
	@$(BIN)/pytest -m "not packaging"

soak: setup ## 4,000 random markets with skipping, then the daemon at 50x (MINUTES=30; goes on in runs/soak)
	@OPENOUTCRY_EXAMPLES=4000 $(BIN)/pytest tests/properties/test_skipping.py
	@$(BIN)/python -m tests.benchmarks.soak runs/soak $(MINUTES)

torture: setup ## kill the daemon 1,000 times, the journal 200 times, flip 10,000 bits; goes on after an interruption
	@$(BIN)/python -m tests.crash.torture runs/torture
	@$(BIN)/python -m tests.crash.journal_torture runs/torture-journal

check: setup ## lint, types, format and the Rust tests
	@echo "ruff";   $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@echo "mypy";   $(BIN)/mypy --no-error-summary src tests
	@echo "the stub of the engine"
	@MYPYPATH=src $(BIN)/stubtest openoutcry._native --concise --allowlist <(echo 'openoutcry._native.__all__')
	@echo "cargo fmt, clippy, test"
	@cargo fmt --check
	@cargo clippy --quiet --locked --all-targets -- -D warnings
	@cargo test --quiet --locked --no-default-features

fmt: setup ## format Python and Rust
	@$(BIN)/ruff check --quiet --fix-only . ; $(BIN)/ruff format --quiet . ; cargo fmt

bench: setup ## speed beside seven peers, same rows, same run (ARGS=--quick leaves NautilusTrader out)
	@$(BIN)/python -m tests.benchmarks.exact_money
	@$(BIN)/python -m tests.benchmarks.latency_case
	@$(BIN)/python -m tests.benchmarks.replay_bench $(ARGS)

build: setup ## build the wheel into dist/ and prove that it installs
	@rm -rf dist && $(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist . && ls dist
	@$(BIN)/pytest tests/test_packaging.py

lock: ## resolve requirements.lock anew from pyproject.toml
	@$(PYTHON) -m venv .venvs/uv && .venvs/uv/bin/pip install --quiet uv==0.13.8
	@.venvs/uv/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-header --upgrade --quiet --output-file requirements.lock

clean: ## delete what was built (runs/ stays)
	@rm -rf $(VENV) .venvs build dist target src/*.egg-info src/openoutcry/*.so
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
