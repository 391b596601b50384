"""Where no SLURM can be started for a test, the reason is said and nothing is touched."""

from __future__ import annotations

import os
import sys

import pytest

from tests.faults import cluster, slurm


@pytest.fixture
def able(monkeypatch, tmp_path):
    """A machine where one can be started, and where nothing is installed by a test."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cluster, "memory", lambda: 8_000)
    monkeypatch.setattr(cluster, "PLACE", tmp_path / "slurm.conf")
    monkeypatch.setattr(cluster, "_installed", lambda: True)


def test_a_machine_that_has_all_of_it(able):
    assert cluster.why_not() == ""


def test_each_thing_that_is_missing_is_said(able, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 1000)
        assert cluster.why_not() == "its daemons need root"
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "memory", lambda: 2_000)
        assert cluster.why_not() == "a fit asks for 4 GB, this machine has 2.0"
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "_installed", lambda: False)
        patch.setattr(cluster.shutil, "which", lambda name: None)
        assert cluster.why_not().endswith("are missing, and there is no apt-get to install them")
    (tmp_path / "slurm.conf").write_text("ClusterName=real\n")
    assert cluster.why_not() == f"a SLURM is set up here ({tmp_path}/slurm.conf), and is left alone"


def test_the_command_says_why_and_is_no_failure(able, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", ["slurm"])

    assert slurm.main() == 0
    assert capsys.readouterr().out == "skipped: its daemons need root\n"
