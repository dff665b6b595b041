# make demo   sets everything up and runs the whole study on the embedded default
# make test   sets everything up and passes the tests
# make lint   checks formatting and style
# make clean  removes results, logs and the environment

CORES ?= $(shell getconf _NPROCESSORS_ONLN)
BIN := .venv/bin
export PYTHON TORCH_INDEX

.PHONY: demo test lint format setup lock docs imports clean

demo: setup
	$(BIN)/snakemake --cores $(CORES)
	@echo
	@cat results/tables/uar.md
	@echo "Tables: results/tables  Figures: results/figures  Provenance: results/provenance.json"

# Tests of a cluster mostly wait: three at a time keep two cores busy.
test: setup
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --cov --cov-report term

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

# Write what is generated from the code: the JSON schema and the reference in config/README.md.
docs: setup
	PYTHONPATH=src $(BIN)/python -m cuealign.config.documentation

# Print which part of the library imports which.
imports: setup
	PYTHONPATH=src:. $(BIN)/python -m tests.support.imports

clean:
	rm -rf results logs .snakemake .venv .pytest_cache .ruff_cache .hypothesis .coverage
