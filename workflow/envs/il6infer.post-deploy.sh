#!/usr/bin/env bash
# Snakemake runs this once in the new environment, from the folder where snakemake was called.
set -euo pipefail
if [ ! -f requirements.lock ] || [ ! -f pyproject.toml ]; then
  echo "$PWD holds no requirements.lock: call snakemake --sdm conda in the clone of il6infer." >&2
  exit 1
fi
python -m pip install --only-binary :all: --no-binary connection-pool,petab,petab-select --no-deps --require-hashes --requirement requirements.lock
python -m pip install --no-deps --no-build-isolation --editable .
