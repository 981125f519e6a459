# make run                      installs what is missing, then starts the site on http://localhost:8000
# make run ARGS="--port 9000"   the same on another port; --host and --no-worker work the same way
# make test                     installs what tests need as well, then runs them; ARGS="-n 0" in one process
# make test-faults              kills, fills, locks and corrupts, and looks at what comes of it (see .ci/run for PostgreSQL)
# make check                    lint, format, types and import rules
# make bench                    measures this machine for half an hour, ARGS=--quick for ten minutes; see bench/README.md
# make docs                     writes the pages that are generated from code
# make messages                 collects and compiles the translations
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin

.PHONY: setup setup-dev run test test-faults check bench docs messages

setup:
	@$(PYTHON) platform/config/bootstrap.py

setup-dev:
	@$(PYTHON) platform/config/bootstrap.py --extras test lint --browser

run: setup
	@$(BIN)/python manage.py up $(ARGS)

# A process a core, four at most, each with one thread: more of both would only wait for one another.
test: setup-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -n logical --maxprocesses 4 --ignore tests/faults $(ARGS)

test-faults:
	@$(PYTHON) platform/config/bootstrap.py --extras test lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 3 --dist worksteal -m faults tests/faults $(ARGS)

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy platform/config platform/accounts platform/billing platform/notify platform/web projects training bench
	PYTHONPATH=.:platform $(BIN)/lint-imports

bench: setup
	$(BIN)/python -m bench data
	$(BIN)/python -m bench training $(ARGS)

docs: setup
	$(BIN)/python manage.py write_docs

messages: setup
	$(BIN)/python manage.py makemessages --locale zh_Hans --no-location --ignore .venv --ignore var --ignore tests --ignore build --ignore dist
	$(BIN)/python manage.py compilemessages --ignore .venv --ignore var
