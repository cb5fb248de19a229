# Needs Python >= 3.10 and make; everything else is set up here. `make help` lists what there is.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
INPUTS := pyproject.toml uv.lock scripts/bootstrap scripts/find_uv.py
# A stamp is as new as the environment; `dev` contains `run`.
RUN := .venv/.ready-run
DEV := .venv/.ready-dev

# Two workers for two cores, each file in one of them, since tests of one Dagster follow each other; PYTEST="-x -n0
# tests/keyset" narrows a run.
PYTEST ?= -n 2 --dist loadfile --no-loadscope-reorder
# Where the UI is served. The demo takes another port by itself where 3000 is taken and none is asked for.
PORT ?=
UI_PORT = $(or $(PORT),$(DAGSTER_CLI_DEV_PORT),3000)
# What the demo's database needs beyond Python; nothing for SQLite.
DEMO_NEEDS_mariadb := mariadb-server
DEMO_NEEDS_postgres := postgresql

# The tests in which a MariaDB has a part, without those of the UI, the demo and the images.
MYSQL_TESTS ?= tests/binding tests/capture tests/check tests/cli tests/dialects tests/drift tests/keyset tests/ledger \
  tests/migrations tests/planning tests/races tests/servers tests/transfer tests/types

.PHONY: help demo ui test test-long test-mysql pictures check bench lock clean servers

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(RUN) ## migrate the sample databases while you watch (DB=sqlite|mariadb|postgres, SCALE=n, PORT=3000, CI=true; LIVE=1, RATE=n: while the old applications write)
	@scripts/system_packages $(DEMO_NEEDS_$(DB))
	@PORT="$(PORT)" $(BIN)/python -m demo

# Dagster's warning that dagster.yaml in this folder isn't used is about the file that is linked, and thereby used.
ui: $(RUN) ## Dagster and its UI on http://127.0.0.1:3000, with the databases that .env names (PORT=3001)
	@$(BIN)/python scripts/port_is_free.py "make ui" "$(UI_PORT)"
	@mkdir -p .dagster_home && ln -sf ../dagster.yaml .dagster_home/dagster.yaml
	DAGSTER_HOME="$(CURDIR)/.dagster_home" $(BIN)/dagster dev --port $(UI_PORT)

test: $(DEV) servers ## the tests, on real private servers
	$(BIN)/pytest -m "not long" $(PYTEST)

test-long: $(DEV) servers ## the tests that take minutes each
	@scripts/system_packages nginx-light rclone
	$(BIN)/pytest -m long $(PYTEST)

test-mysql: $(DEV) servers ## the engine's tests with MySQL in MariaDB's place (downloaded into .tools; x86-64 and ARM Linux with dpkg)
	folder=$$($(BIN)/python scripts/fetch_mysql.py) && MYSQL_FOLDER="$$folder" $(BIN)/pytest -m "not long" $(PYTEST) $(MYSQL_TESTS)

pictures: $(DEV) servers ## the pictures of the UI in docs/images
	PICTURES="$(CURDIR)/docs/images" $(BIN)/pytest -q tests/ui/test_pictures.py

check: $(DEV) ## lint, format, types, import contract, docs, lock file
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache
	@if [ -x docs/check ]; then echo docs/check; docs/check; fi
	UV=$$($(BIN)/python scripts/find_uv.py) && $$UV lock --check --offline --quiet

bench: $(RUN) ## measurements, as ratios of one run
	@scripts/system_packages mariadb-server postgresql nginx-light rclone
	$(BIN)/python -m bench

lock: $(DEV) ## move the locked dependencies to the newest that pyproject.toml allows
	UV=$$($(BIN)/python scripts/find_uv.py) && $$UV lock --upgrade

clean: ## remove the environment and everything that was built
	rm -rf .venv .tools .pytest_cache .ruff_cache .hypothesis .dagster_home .demo build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

servers:
	@scripts/system_packages mariadb-server postgresql chromium

$(RUN): $(INPUTS)
	@if [ -e $(DEV) ]; then scripts/bootstrap dev && touch $(DEV); else scripts/bootstrap run; fi
	@touch $@

$(DEV): $(INPUTS)
	@scripts/bootstrap dev
	@touch $(RUN) $@
