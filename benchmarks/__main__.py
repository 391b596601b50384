"""Time the engine, its peers and whole posteriors.

Usage: python -m benchmarks [reference] [public] [growth] [compilation] [startup] [posteriors]
       [samplers] [flagship] [gels] [threads] [--peers diffsol casadi diffrax amici]
Writes to benchmarks/results/ (git-ignored); benchmarks/README.md says what each shows.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

# One core: set before numpy loads its libraries.
os.environ.setdefault("OMP_NUM_THREADS", "1")

RESULTS = Path(__file__).parent / "results"
NAMED = ("samplers", "flagship", "gels", "threads")
"""What runs when it is named: an hour of sampling beside a peer, problems that are written, and what needs a machine
on which nothing else runs."""

PARTS = ("reference", "public", "growth", "compilation", "startup", "posteriors")


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, *NAMED, []], help="all that are timed, where none is named"
    )
    parser.add_argument(
        "--peers", nargs="*", choices=["diffsol", "casadi", "diffrax", "amici"],
        help="engines of ../shared/bench/peers.py (default: diffsol, and those of `make peers` where it was run)",
    )  # fmt: skip
    parser.add_argument(
        "--collection", type=Path, metavar="FOLDER",
        help="for `public`: a folder laid out as Benchmark-Models-PEtab, each of whose problems is timed",
    )  # fmt: skip
    arguments = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    wanted = arguments.parts or PARTS
    if "reference" in wanted:
        from benchmarks import reference

        reference.run(RESULTS, arguments.peers)
    if "public" in wanted:
        from benchmarks import public

        public.run(RESULTS, arguments.collection)
    if "growth" in wanted:
        from benchmarks import growth

        growth.run(RESULTS)
    if "threads" in wanted:
        from benchmarks import threads

        threads.run(RESULTS)
    if "compilation" in wanted:
        from benchmarks import compilation

        compilation.run(RESULTS)
    if "startup" in wanted:
        from benchmarks import startup

        startup.run(RESULTS)
    if "posteriors" in wanted:
        from benchmarks import posteriors

        posteriors.run(RESULTS)
    if "samplers" in wanted:
        from benchmarks import samplers

        samplers.run(RESULTS)
    if "flagship" in wanted:
        from benchmarks import flagship

        flagship.run(RESULTS)
    if "gels" in wanted:
        from benchmarks import gels

        gels.run(RESULTS)


if __name__ == "__main__":
    main()
