#!/usr/bin/env bash
# Snakemake runs this once in the new environment, from the folder that holds requirements.lock.
set -euo pipefail
python -m pip install --no-deps --require-hashes -r requirements.lock
python -m pip install --no-deps --no-build-isolation -e .
