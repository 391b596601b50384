# `make help` lists what there is. Needs Python 3.11 or newer and make; everything else comes into .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
CORES ?= all
BIN := .venv/bin
SNAKEMAKE := $(BIN)/snakemake

.DEFAULT_GOAL := help
.PHONY: help venv run test test-all test-slurm lint audit format benchmark compile-times peers docs diagrams lock

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

venv: .venv/.installed  ## .venv with the locked packages and il6infer itself

# Stamps: made again when the lock file, or what is installed of il6infer, changes.
.venv/.locked: requirements.lock
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"Python 3.11 or newer is needed, $(PYTHON) is {v.major}.{v.minor}: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m compileall -qq -j 0 -x '/tests/' .venv/lib || true  # on all cores; some packages hold files for Python 2
	touch $@

.venv/.installed: .venv/.locked pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -qq -j 0 il6infer
	touch $@

run: venv  ## the bundled analysis, end to end (CORES=all)
	$(SNAKEMAKE) --cores $(CORES)
	@echo "The report: $(CURDIR)/results/report/index.html"

test: venv  ## the tests that take seconds
	$(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile --no-loadscope-reorder

test-slurm: venv  ## the workflow on a real SLURM of this machine (root and apt; says why where there is none)
	$(BIN)/python -m tests.faults.slurm

test-all: venv  ## all tests, with coverage
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --cov=il6infer --cov-report=term

lint: venv  ## ruff, snakefmt, snakemake --lint, pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(SNAKEMAKE) --lint
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright  # without that, it asks the network for a newer one

audit:  ## known vulnerabilities of the locked packages, by pip-audit in .venv-audit (needs the network)
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.venv-audit/bin/pip-audit --disable-pip --require-hashes --requirement requirements.lock

format: venv  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

benchmark: venv  ## speed and accuracy beside other tools
	$(BIN)/python -m benchmarks

compile-times: venv  ## how long models of 5 to 1,000 states and those of the library take to compile
	$(BIN)/python -m benchmarks compilation

peers:  ## .venv-peers with AMICI, pyPESTO, COPASI, CasADi and diffrax, to check and time against (needs a C++ compiler and a BLAS)
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check $$(grep -E '^(cmake|swig)' benchmarks/peers.in)
	PATH="$(CURDIR)/.venv-peers/bin:$$PATH" .venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers.in

docs: venv  ## build/site, warnings as errors; build/docs: help of each command; text and diagram of each model; JSON schemas of the stage files
	mkdir -p build/docs/models
	$(BIN)/python -c 'from pathlib import Path; from il6infer.stages.files import write_schemas; write_schemas(Path("build/docs/schemas"))'
	for command in $$($(BIN)/python -c 'from il6infer.cli.main import COMMANDS; print(*COMMANDS)'); do \
	  COLUMNS=100 $(BIN)/il6infer $$command --help > build/docs/$$command.txt || exit 1; done
	for model in $$($(BIN)/python -c 'from il6infer.library.names import base_names; print(*base_names())'); do \
	  COLUMNS=200 $(BIN)/il6infer models show $$model > build/docs/models/$$model.txt || exit 1; \
	  $(BIN)/il6infer models diagram $$model --output build/docs/models/$$model.svg || exit 1; done
	$(BIN)/python docs/build_site.py build/site
	@echo "Written to $(CURDIR)/build/docs and $(CURDIR)/build/site"

diagrams: venv  ## docs/models: a diagram for each receptor, feedback, option and cell
	for model in $$($(BIN)/python -c 'from il6infer.library.compose import gallery; print(*gallery())'); do \
	  $(BIN)/il6infer models diagram $$model --output docs/models/$$(echo $$model | tr '+@' '__').svg || exit 1; done

lock:  ## renew requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --upgrade requirements.in --output-file requirements.lock
