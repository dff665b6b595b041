# make demo   sets everything up and runs the whole study on the embedded default
# make test   sets everything up and passes the tests, except for the long ones
# make test-long   passes the tests that run whole studies or a SLURM cluster
# make test-browser   passes the tests of the results page in the system's Chromium
# make lint   checks formatting and style
# make clean  removes results, logs and the environment

CORES ?= $(shell getconf _NPROCESSORS_ONLN)
BIN := .venv/bin
export PYTHON TORCH_INDEX

.PHONY: demo say-demo test test-long test-browser lint format setup lock docs imports clean

demo: say-demo setup
	$(BIN)/snakemake --cores $(CORES)

# Before anything else, so that whoever waits knows for how long.
say-demo:
	@echo "The demo takes two to three minutes on two free cores, longer on slow or busy ones. The set-up before its first run takes a minute or more, mostly for downloads."

# Both end with a table of the slowest tests. One process runs a whole file, so that what its tests share is made once.
PYTEST := $(BIN)/pytest --dist loadfile --no-loadscope-reorder --durations 20 --durations-min 1

test: setup
	$(PYTEST) --numprocesses $(CORES) -m "not cluster and not long" --cov --cov-report term

# Tests of a cluster mostly wait: four at a time keep two cores busy.
test-long: setup
	$(PYTEST) --numprocesses 4 -m "cluster or long"

# Needs chromium on the PATH, such as Debian's package of that name. What drives it goes into an environment of its own.
test-browser: setup
	@sh envs/browser.sh
	CUEALIGN_BROWSER_REQUIRED=1 .venv-browser/bin/python -m pytest tests/browser

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check workflow Snakefile
	$(BIN)/snakemake --lint

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt workflow Snakefile

# The environment is made anew when the lock changes, and left alone otherwise. PYTHON=… and TORCH_INDEX=… are explained there.
setup:
	@sh envs/setup.sh

# Resolve pyproject.toml anew: writes the lock and the conda file that agrees with it.
lock: setup
	$(BIN)/python envs/resolve.py

# Write what is generated from the code: the JSON schema, the reference in config/README.md, the graph of the rules.
docs: setup
	PYTHONPATH=src $(BIN)/python -m cuealign.config.documentation
	PYTHONPATH=src:. $(BIN)/python -m tests.support.rule_graph

# Print which part of the library imports which.
imports: setup
	PYTHONPATH=src:. $(BIN)/python -m tests.support.imports

clean:
	rm -rf results logs .snakemake .venv .venv-browser .pytest_cache .ruff_cache .hypothesis .coverage
