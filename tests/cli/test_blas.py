"""BLAS has one thread in every command and in every fit, whatever it is told: how many share a sum changes draws."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from il6infer.inference.run import fit_problem, sample_problem
from il6infer.inference.sampler import Stated
from il6infer.stages.settings import FitSettings
from tests.zoo import toy

TOLD = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
# Numpy's and scipy's own, as they are when a command has begun; without the two lines of il6infer it prints {2}.
SCRIPT = """
from il6infer.cli.main import main
main(["status", "nowhere"])
import numpy, scipy.linalg
from threadpoolctl import threadpool_info
print({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
"""


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_a_command_gives_blas_one_thread_whatever_the_environment_says():
    told = os.environ | TOLD
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=told, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "{1}"


def test_a_fit_from_python_gives_blas_one_thread_and_then_what_it_had():
    seen = []

    class Enough(Exception):
        pass

    def hold(*_):
        seen.append(threads())
        raise Enough

    with threadpool_limits(2, user_api="blas"):
        before = threads()
        with pytest.raises(Enough):
            fit_problem(toy.line(), FitSettings(starts=1), stated=Stated(hold, {}))
        with pytest.raises(Enough):
            sample_problem(toy.line(), FitSettings(starts=1), begin=hold)
        assert threads() == before

    assert before != {1}
    assert seen == [{1}, {1}]
