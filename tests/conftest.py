"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from il6infer.kernel.link import prepare

# The same examples each time, on a machine however slow.
settings.register_profile("il6infer", derandomize=True, database=None, deadline=None)
settings.load_profile("il6infer")

# `nohup` and `&` in a script start the tests with these ignored, and what they start would inherit that.
for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, default)

MANY = 1000
"""Tests of a run that certainly needs all of the integrator."""

ROOT = Path(__file__).resolve().parents[1]

# Files of half a minute and more: they begin first, so that no processor waits for one of them at the end.
LONG = (
    "interface/test_notebook.py",
    "kernel/test_lanes.py",
    "building/test_genotypes.py",
    "engine/test_turns.py",
    "prediction/test_leaning.py",
    "engine/test_kinks.py",
    "engine/test_switches.py",
    "engine/test_functions.py",
)


# What each of the first workers compiles before its first test: all need it, and would wait for one another.
SHARES = {"gw0": ("simulate",), "gw1": ("pullback", "jacobian")}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compile the integrator where the machine does not have it, each worker its share."""
    if len(session.items) > MANY:
        prepare(*SHARES.get(os.environ.get("PYTEST_XDIST_WORKER", ""), ()))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first (workers take whole files in this order: `--no-loadscope-reorder`)."""
    order = {ROOT / "tests" / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path, len(LONG)))


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder ../shared: published data, benchmark problems, the PEtab test suite."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"no {folder}: it holds published files that are not part of the repository")
    return folder
