"""How far numbers are apart on other types of processor: `python -m tests.faults.processors PROBLEM.yaml`.

The kernel is compiled for this processor, and as for lesser ones, whose code this one can run, too. Prints, for each,
how far the log-likelihood and its gradient are from those of this processor at ten points around the nominal one. The
numbers stand in docs/reproduce.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

LESSER = ("avx512", "avx512,avx2,fma")
"""Features that a lesser processor lacks, by how their names begin."""

POINTS = 10


def patch(without: tuple[str, ...]) -> None:
    """Let llvmlite and numba take this processor for a lesser one, before anything is compiled."""
    from llvmlite import binding
    from llvmlite.binding.targets import FeatureMap

    found = binding.get_host_cpu_features()
    features = FeatureMap({name: on and not name.startswith(without) for name, on in found.items()})
    os.environ["NUMBA_CPU_NAME"], os.environ["NUMBA_CPU_FEATURES"] = "x86-64", features.flatten()
    binding.get_host_cpu_name, binding.get_host_cpu_features = lambda: "x86-64", lambda: features


def values_at(path: Path) -> list[list[float]]:
    """Log-likelihood and its gradient at each point."""
    from il6infer.engine.evaluate import evaluate

    nominal = dict(evaluate(path, rtol=1e-6, atol=1e-8).parameters)
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(POINTS):
        point = {name: value * float(np.exp(0.2 * rng.normal())) for name, value in nominal.items()}
        found = evaluate(path, point, gradient=True, rtol=1e-6, atol=1e-8)
        rows.append([float(found.llh or np.nan), *(float(g or 0) for g in (found.gradient or {}).values())])
    return rows


def elsewhere(path: Path, without: str) -> np.ndarray:
    """`values_at` in a process of its own."""
    command = [sys.executable, "-m", "tests.faults.processors", str(path), "--without", without]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return np.array(json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    """Compare, or be the process that is compared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problem", type=Path)
    parser.add_argument("--without", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.without is not None:
        if args.without:
            patch(tuple(args.without.split(",")))
        sys.stdout.write(json.dumps(values_at(args.problem)) + "\n")
        return 0
    here = elsewhere(args.problem, "")
    size = np.abs(here[:, 1:]).max(axis=1)
    for without in LESSER:
        there = elsewhere(args.problem, without)
        llh = np.abs(there[:, 0] - here[:, 0]).max()
        gradient = (np.abs(there[:, 1:] - here[:, 1:]).max(axis=1) / size).max()
        same = int((there == here).all(axis=1).sum())
        sys.stdout.write(
            f"without {without}: log-likelihood (about {np.median(here[:, 0]):.0f}) by {llh:.1e}, gradient by "
            f"{gradient:.1e} of its largest part; {same} of {POINTS} points the same to the bit\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
