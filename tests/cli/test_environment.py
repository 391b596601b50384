"""An environment that keeps numba from compiling is told in one message: what is set, where, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from llvmlite import binding
from numba.core import config

from il6infer._environment import refuse_hindering
from il6infer._errors import UserError
from il6infer.kernel.told_processor import refuse_told
from tests.zoo import decay_v1

OFF = "the engine is compiled by numba, and cannot run without. Unset it, or set it to 0."
NONE = "numba needs one thread at least. Unset it, or set it to 1 or more."
REMEDY = "Unset NUMBA_CPU_NAME and NUMBA_CPU_FEATURES, or correct them (docs/hpc.md)."


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("NUMBA_DISABLE_JIT", "1", OFF),
        ("NUMBA_DISABLE_JIT", " 2", OFF),
        ("NUMBA_NUM_THREADS", "0", NONE),
        ("NUMBA_NUM_THREADS", "-3", NONE),
    ],
)
def test_a_variable_that_hinders(name: str, value: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError) as error:
        refuse_hindering()
    assert str(error.value) == f"the environment variable {name} is {value}: {why}"


@pytest.mark.parametrize(
    ("name", "value"),
    [("NUMBA_DISABLE_JIT", "0"), ("NUMBA_DISABLE_JIT", "yes"), ("NUMBA_NUM_THREADS", "1"), ("NUMBA_NUM_THREADS", "x")],
)
def test_a_variable_that_numba_bears(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no number numba passes over, with a warning of its own."""
    monkeypatch.setenv(name, value)
    refuse_hindering()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("disable_jit: 1\n", f"disable_jit in .numba_config.yaml of this folder is 1: {OFF}"),
        ("disable_jit: true\n", f"disable_jit in .numba_config.yaml of this folder is 1: {OFF}"),
        ("num_threads: 0\n", f"num_threads in .numba_config.yaml of this folder is 0: {NONE}"),
        ("- 1\n", ".numba_config.yaml of this folder, which numba reads, is no list of names and values. Remove it."),
        ("1: 2\n", ".numba_config.yaml of this folder, which numba reads, is no list of names and values. Remove it."),
    ],
)
def test_a_file_that_hinders(text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".numba_config.yaml").write_text(text)
    with pytest.raises(UserError) as error:
        refuse_hindering()
    assert str(error.value) == said


def test_a_file_that_is_no_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".numba_config.yaml").write_text("{")
    with pytest.raises(UserError, match=r"^\.numba_config\.yaml of this folder, .* cannot be read: .*Remove it\.$"):
        refuse_hindering()


def test_a_variable_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".numba_config.yaml").write_text("disable_jit: 1\n")
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "0")
    refuse_hindering()


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("CPU_NAME", "i9", "NUMBA_CPU_NAME or NUMBA_CPU_FEATURES: 'i9' is not a recognized processor for this target."),
        (
            "CPU_FEATURES",
            "+mmx9",
            "NUMBA_CPU_NAME or NUMBA_CPU_FEATURES: '+mmx9' is not a recognized feature for this target.",
        ),
    ],
)
def test_a_processor_that_is_none(setting: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, setting, value)
    refuse_told.cache_clear()
    with pytest.raises(UserError) as error:
        refuse_told()
    assert str(error.value) == f"{said} {REMEDY}"


def test_a_feature_that_this_processor_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code with it would end the process (SIGILL)."""
    lacking = next(name for name, there in sorted(binding.get_host_cpu_features().items()) if not there)
    monkeypatch.setattr(config, "CPU_FEATURES", f"+{lacking}")
    refuse_told.cache_clear()
    with pytest.raises(UserError) as error:
        refuse_told()
    assert str(error.value) == f"NUMBA_CPU_FEATURES asks for {lacking}, which this processor lacks. {REMEDY}"


@pytest.mark.parametrize(("name", "features"), [(None, None), ("generic", ""), (binding.get_host_cpu_name(), None)])
def test_a_processor_that_llvm_knows(name: str | None, features: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "CPU_NAME", name)
    monkeypatch.setattr(config, "CPU_FEATURES", features)
    refuse_told.cache_clear()
    refuse_told()


@pytest.mark.parametrize("words", [("petab", "evaluate"), pytest.param(("petab", "fit"), marks=pytest.mark.slow)])
@pytest.mark.parametrize(("name", "value", "why"), [("NUMBA_DISABLE_JIT", "1", OFF), ("NUMBA_NUM_THREADS", "0", NONE)])
def test_a_command_says_it(words: tuple[str, ...], name: str, value: str, why: str, tmp_path: Path) -> None:
    problem = decay_v1.write(tmp_path / "decay")
    command = [sys.executable, "-m", "il6infer", *words, str(problem), "--output", str(tmp_path / "out")]
    done = subprocess.run(command, env=os.environ | {name: value}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"error: the environment variable {name} is {value}: {why}\n")
