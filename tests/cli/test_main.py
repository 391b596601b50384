"""The command `il6infer` itself: help, version, exit codes."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import pytest

from il6infer._errors import UserError
from il6infer.cli import main as cli

COMMANDS = (
    "init",
    "simulate",
    "data",
    "ingest",
    "join",
    "problem",
    "fit",
    "sbc",
    "diagnose",
    "identify",
    "holdout",
    "evidence",
    "leaveout",
    "compare",
    "freed",
    "claims",
    "predict",
    "report",
    "cite",
    "status",
    "models",
    "petab",
    "provenance",
    "verify",
    "export",
    "reproduce",
)


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "il6infer", *words], capture_output=True, text=True, check=False)


def test_commands_stand_in_the_order_of_the_data_flow():
    choices = cli.parser()._subparsers._group_actions[0].choices

    assert tuple(choices) == cli.COMMANDS == COMMANDS


def test_version():
    done = _run("--version")

    assert (done.returncode, done.stdout, done.stderr) == (0, "il6infer 0.1.0\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    text = capsys.readouterr().out

    assert stop.value.code == 0
    assert "example" in text.lower()
    assert f"il6infer {command} " in text.split("xample", 1)[1]


def test_help_is_quick():
    start = time.perf_counter()
    done = _run("--help")

    assert done.returncode == 0
    assert time.perf_counter() - start < 3


def _command(monkeypatch, run):
    parser = argparse.ArgumentParser()
    parser.add_argument("--verbose", default=False)
    parser.set_defaults(run=run)
    monkeypatch.setattr(cli, "parser", lambda: parser)


def test_user_error_is_a_message_and_exit_2(monkeypatch, capsys):
    def run(args):
        raise UserError("gel1.csv: 1 fault\n  - row 7: the value 'x' is not a number.")

    _command(monkeypatch, run)

    assert cli.main([]) == 2
    assert capsys.readouterr().err == "error: gel1.csv: 1 fault\n  - row 7: the value 'x' is not a number.\n"


def test_ctrl_c_is_a_message_and_not_a_traceback(monkeypatch, capsys):
    def run(args):
        raise KeyboardInterrupt

    _command(monkeypatch, run)

    assert cli.main([]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_anything_else_is_not_caught(monkeypatch):
    def run(args):
        raise ZeroDivisionError("a fault of ours")

    _command(monkeypatch, run)
    with pytest.raises(ZeroDivisionError, match="a fault of ours"):
        cli.main([])


def test_missing_file_through_the_real_command(tmp_path):
    done = _run(
        "ingest", f"{tmp_path}/none.yaml", "--name", "a", "--folder", str(tmp_path), "--output", f"{tmp_path}/out"
    )

    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {tmp_path}/none.yaml: no such file.")
    assert "Traceback" not in done.stderr


def test_unknown_command_is_refused():
    done = _run("fitt")

    assert done.returncode == 2
    assert "invalid choice: 'fitt'" in done.stderr


@pytest.mark.parametrize(
    ("closed", "code", "err"),
    [(">&-", 2, "error: the standard output is closed: there is nowhere to print to.\n"), ("2>&- <&-", 0, "")],
)
def test_a_standard_stream_that_is_closed_is_no_traceback(closed, code, err):
    line = f"{sys.executable} -m il6infer models list {closed}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (code, err)
    assert ("both_socs3" in done.stdout) == (code == 0)
