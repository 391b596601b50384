"""Machines with different processors share one cache: each has entries of its own, and meets no foreign instruction."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from llvmlite import binding
from numba.core import codegen, config

from il6infer._digests import ROOT
from il6infer.kernel import cache, link, processor, vector_math
from tests.kernel.test_cache import SCRIPT

X86 = binding.get_process_triple().startswith("x86_64")
OLD = {"NUMBA_CPU_NAME": "x86-64-v2", "NUMBA_CPU_FEATURES": ""}
"""A processor without AVX; every x86-64 of the last fifteen years runs its code."""


class _Features(dict):
    def flatten(self) -> str:
        return "+none"


OTHERS = {
    "another name": (processor.binding, "get_host_cpu_name", lambda: "other"),
    "other features": (codegen.ll, "get_host_cpu_features", _Features),
    "a name by NUMBA_CPU_NAME": (config, "CPU_NAME", "generic"),
    "features by NUMBA_CPU_FEATURES": (config, "CPU_FEATURES", "+sse2"),
}


@pytest.mark.parametrize("change", OTHERS)
def test_another_processor_has_entries_of_its_own(change, monkeypatch):
    own = cache.digest_of(link.INTEGRATOR)
    monkeypatch.setattr(*OTHERS[change])

    assert cache.digest_of.__wrapped__(link.INTEGRATOR) != own


def test_the_generator_of_code_is_told_what_numba_is_told(monkeypatch):
    monkeypatch.setattr(config, "CPU_NAME", "x86-64-v2")
    monkeypatch.setattr(config, "CPU_FEATURES", "-avx")

    assert processor.processor() == ("x86-64-v2", "-avx")


@pytest.mark.skipif(not X86, reason="libmvec is of x86-64")
@pytest.mark.parametrize(("features", "used"), [("", False), ("+avx", False), ("+avx,-avx2", False), (None, None)])
def test_code_without_avx2_calls_no_function_that_takes_vectors_of_avx2(features, used, monkeypatch):
    host = bool(vector_math.library.__wrapped__())
    monkeypatch.setattr(config, "CPU_FEATURES", features)

    assert bool(vector_math.library.__wrapped__()) is (host if used is None else used)


@pytest.mark.slow
@pytest.mark.skipif(not X86, reason="the other processor is an older x86-64")
def test_two_processors_on_one_shared_cache(tmp_path, monkeypatch):
    """Two machines in turn, the second without AVX: each compiles once, and finds the same numbers to rounding."""

    def run(machine: dict[str, str]) -> np.ndarray:
        environment = os.environ | {"IL6INFER_CACHE": str(tmp_path), "PYTHONPATH": str(ROOT.parent)} | machine
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT.parent,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return np.array([float(number) for number in re.findall(r"-?\d[\d.e-]*", done.stdout)])

    def entries() -> set[str]:
        # What modules import (`il6infer._parsed`) is the same on every processor.
        return {path.name for path in tmp_path.iterdir() if path.suffix != ".lock" and path.stem != "imports"}

    new = run({})
    of_new = entries()
    old = run(OLD)
    of_old = entries() - of_new

    assert len(of_old) == len(of_new)
    assert new == pytest.approx(old, rel=1e-12)
    assert run({}).tolist() == new.tolist()
    assert run(OLD).tolist() == old.tolist()
    assert entries() == of_new | of_old
    monkeypatch.setenv("IL6INFER_CACHE", str(tmp_path))
    machine_code = {name: _wide_registers(cache.read(name), tmp_path) for name in of_old if name.endswith(".o")}
    assert machine_code == dict.fromkeys(machine_code, 0)


def _wide_registers(code: bytes | None, folder: Path) -> int:
    """Count instructions that an x86-64 without AVX would die of; 0 where there is no disassembler to tell."""
    if shutil.which("objdump") is None:
        return 0
    path = folder / "code.lock"
    path.write_bytes(code or b"")
    done = subprocess.run(["objdump", "--disassemble", str(path)], capture_output=True, text=True, check=True)
    assert "%xmm" in done.stdout
    return len(re.findall(r"%[yz]mm", done.stdout))
