"""Outputs that cannot be written are named before the work begins: the inputs here do not even exist."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer._outputs import atomic_files, say
from il6infer.cli import main as cli

COMMANDS = {
    "simulate": ("simulate", "none.yaml"),
    "ingest": ("ingest", "none.yaml", "--name", "a", "--folder", "none"),
    "problem": ("problem", "none.csv", "none.csv", "--model", "both_none"),
    "fit": ("fit", "none.yaml"),
    "diagnose": ("diagnose", "none.nc"),
    "sbc run": ("sbc", "run", "none.yaml", "--batch", "0"),
    "sbc gather": ("sbc", "gather", "none.json"),
    "sbc table": ("sbc", "table", "none.json"),
    "sbc restart": ("sbc", "restart", "none.yaml", "none.nc"),
    "identify run": ("identify", "run", "none.yaml", "none.nc"),
    "identify profile": ("identify", "profile", "none.yaml", "none.nc", "--from", "none.json"),
    "identify gather": ("identify", "gather", "none.json"),
    "compare": ("compare", "--fit", "a", "none.nc", "none.json", "--dataset", "a"),
    "freed": (
        "freed",
        "--fit",
        "a",
        "none.nc",
        "none.json",
        "--freed",
        "a",
        "k",
        "none.nc",
        "none.json",
        "--dataset",
        "a",
    ),
    "claims ask": ("claims", "ask", "none.yaml", "--claims", "none.yaml"),
    "claims prior": ("claims", "prior", "none.yaml"),
    "claims weigh": ("claims", "weigh", "none.json", "--answers", "a", "none.json"),
    "predict ask": ("predict", "ask", "none.yaml", "none.nc", "--predictions", "none.yaml"),
    "predict weigh": ("predict", "weigh", "none.json", "--predictions", "a", "none.json"),
    "holdout": ("holdout", "none.yaml", "none.nc"),
    "leaveout": ("leaveout", "none.yaml", "none.nc", "--by", "batch"),
    "evidence": ("evidence", "none.yaml", "none.nc"),
    "join": ("join", "--name", "j", "--member", "a", "none.a", "--member", "b", "none.b"),
    "report": ("report", "none.yaml", "--results", "none"),
    "models diagram": ("models", "diagram", "both_none"),
    "models compose": ("models", "compose", "both_none"),
    "export": ("export", "none.results"),
    "reproduce": ("reproduce", "none.zip"),
    "data fetch": ("data", "fetch", "sobotta2017", "--from", "none.folder"),
    "petab evaluate": ("petab", "evaluate", "none.yaml"),
    "petab fit": ("petab", "fit", "none.yaml"),
    "petab space": ("petab", "space", "--problem", "a", "none.yaml"),
    "petab select": ("petab", "select", "none.yaml"),
    "petab adopt": ("petab", "adopt", "none.yaml", "--name", "a"),
    "petab diagram": ("petab", "diagram", "none.yaml"),
}
"""Every command that writes, without its output."""

FOLDERS = {
    "simulate",
    "ingest",
    "join",
    "problem",
    "reproduce",
    "data fetch",
    "petab evaluate",
    "petab fit",
    "petab space",
    "petab select",
    "petab adopt",
}


def _parsers(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not groups:
        yield name, parser
    for group in groups:
        for word, inner in group.choices.items():
            yield from _parsers(inner, f"{name} {word}".strip())


def _refused(command: str, output: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main([*COMMANDS[command], "--output", str(output)]) == 2
    return capsys.readouterr().err


def test_every_command_that_writes_is_walked_here():
    writing = {name for name, parser in _parsers(cli.parser()) if any(a.dest == "output" for a in parser._actions)}
    assert writing == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_output_below_a_file(command, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    output = tmp_path / "file" / "deep" / "out"
    assert _refused(command, output, capsys) == (
        f"error: {output}: cannot be written: {tmp_path / 'file'}: Not a directory. A part of the path is a file: "
        "choose another path.\n"
    )
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - FOLDERS))
def test_a_file_whose_name_is_a_folder_s_or_a_device_s(command, tmp_path, capsys):
    expected = f"error: {tmp_path}: is a folder, the name of a file to write was expected.\n"
    assert _refused(command, tmp_path, capsys) == expected
    expected = "error: /dev/full: is a pipe or a device, the name of a file to write was expected.\n"
    assert _refused(command, Path("/dev/full"), capsys) == expected


@pytest.mark.parametrize("command", sorted(FOLDERS))
def test_a_folder_whose_name_is_a_file_s(command, tmp_path, capsys):
    (tmp_path / "out").write_text("kept")
    expected = f"error: {tmp_path / 'out'}: is a file, a folder to write into was expected.\n"
    assert _refused(command, tmp_path / "out", capsys) == expected
    assert (tmp_path / "out").read_text() == "kept"


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("models")])
def test_an_output_that_can_be_written_is_not_made_before_its_time(command, tmp_path, capsys):
    """Those that read a file read one that is not there; a command on models reads none."""
    assert "none." in _refused(command, tmp_path / "new" / "out", capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB, full, which only root can mount."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mounted, capture_output=True, check=False).returncode != 0:
        pytest.skip("a disk of this size cannot be mounted here: that takes root, and the right to mount")
    (place / "full").write_bytes(bytes(1 << 16))
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk(command, disk, capsys):
    output = disk / "out"
    said = _refused(command, output, capsys)
    assert said.startswith(f"error: {output}: cannot be written: ")
    assert said.endswith("No space left on device. Free some space, or choose another disk.\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_disk_that_can_only_be_read(command, disk, capsys):
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    said = _refused(command, disk / "deep" / "out", capsys)
    assert said.startswith(f"error: {disk / 'deep' / 'out'}: cannot be written: ")
    assert said.endswith("Read-only file system. Choose another folder: this disk can only be read.\n")


@pytest.fixture
def forbidden() -> Iterator[Path]:
    """A folder that nobody may write to; root, who may, is nobody for the test."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        if root:
            os.seteuid(65534)
        yield Path(folder)
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_without_the_right_to_write(command, forbidden, capsys):
    said = _refused(command, forbidden / "out", capsys)
    assert said.endswith("Permission denied. Choose another folder, or ask for the right to write there.\n")


@pytest.mark.parametrize("command", ["fit", "petab adopt"])
def test_as_a_process_it_is_a_message_and_exit_2(command, tmp_path):
    (tmp_path / "out").write_text("")
    words = [*COMMANDS[command], "--output", str(tmp_path / "out" / "deep")]
    run = [sys.executable, "-m", "il6infer", *words]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith(f"error: {tmp_path / 'out' / 'deep'}: cannot be written: ")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(28, "No space left on device", "posterior.nc"),
            "posterior.nc: No space left on device. Free some space, or choose another disk.",
        ),
        *(
            (error, cli.NO_MEMORY)
            for error in (
                MemoryError(),
                OSError(12, "Cannot allocate memory"),
                RuntimeError("can't start new thread"),
                ValueError("Error tokenizing data. C error: out of memory"),
            )
        ),
    ],
)
def test_what_the_operating_system_refuses_later_is_a_message_too(error, said, monkeypatch, capsys):
    def run(args):
        raise error

    parser = argparse.ArgumentParser()
    parser.add_argument("--verbose", default=False)
    parser.set_defaults(run=run)
    monkeypatch.setattr(cli, "parser", lambda: parser)
    assert cli.main([]) == 2
    assert capsys.readouterr().err == f"error: {said}\n"


def test_what_is_no_lack_of_memory_stays_a_traceback(monkeypatch):
    def run(args):
        raise ValueError("memory of an elephant")

    parser = argparse.ArgumentParser()
    parser.add_argument("--verbose", default=False)
    parser.set_defaults(run=run)
    monkeypatch.setattr(cli, "parser", lambda: parser)
    with pytest.raises(ValueError, match="elephant"):
        cli.main([])


def _written(folder: Path, *names: str, then: Exception | None = None) -> None:
    with atomic_files(folder) as place:
        for name in names:
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_text("new")
        if then:
            raise then


def test_files_are_put_in_place_together_or_not_at_all(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(ZeroDivisionError):
        _written(tmp_path, "a", then=ZeroDivisionError())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]
    (tmp_path / "b").mkdir()
    with pytest.raises(UserError, match="b: is a folder, and a file of that name"):
        _written(tmp_path, "a", "b")
    assert (tmp_path / "a").read_text() == "old"
    _written(tmp_path / "deep", "c/d")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["c"]


def test_draws_that_cannot_be_written_are_saved_elsewhere(monkeypatch, tmp_path):
    import xarray as xr

    import il6infer.inference
    from il6infer._files import MAX_BYTES
    from il6infer.cli import fit

    az = pytest.importorskip("arviz")
    idata = az.InferenceData(posterior=xr.Dataset({"k": (("chain", "draw"), [[1.0, 2.0]])}))
    monkeypatch.setattr(il6infer.inference, "fit", lambda *_: idata)
    monkeypatch.setattr(fit, "_SPARE", float(MAX_BYTES) ** 4)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    saved: list[Path] = []
    write = fit._write

    def once_full(idata, output):
        saved.append(output)
        monkeypatch.setattr(fit, "_SPARE", float(MAX_BYTES) ** 4 if len(saved) == 1 else 0.0)
        write(idata, output)

    monkeypatch.setattr(fit, "_write", once_full)
    with pytest.raises(UserError) as error:
        fit.write_posterior(Path("problem.yaml"), None, tmp_path / "out" / "posterior.nc")
    assert str(error.value) == (
        f"{tmp_path / 'out' / 'posterior.nc'}: cannot be written: No space left on device. Free some space, or choose "
        f"another disk. The draws are saved: move them from {saved[1]}."
    )
    assert saved[1].is_file()


def test_draws_are_kept_until_they_are_judged_and_an_old_verdict_goes_with_its_posterior(monkeypatch, tmp_path):
    import xarray as xr

    import il6infer.inference
    from il6infer.cli import fit

    az = pytest.importorskip("arviz")
    idata = az.InferenceData(posterior=xr.Dataset({"k": (("chain", "draw"), [[1.0, 2.0]])}))
    output, verdict = tmp_path / "posterior.nc", tmp_path / "verdict.json"
    partial = tmp_path / "posterior.nc.partial" / "key.json"

    def made(problem, settings, checkpoint, *_):
        checkpoint.claim({"problem": "line"})
        return idata

    def killed(_):
        assert output.is_file()
        assert not verdict.exists()
        raise ZeroDivisionError

    monkeypatch.setattr(il6infer.inference, "fit", made)
    verdict.write_text("of the posterior before")
    with pytest.raises(ZeroDivisionError):
        fit.write_posterior(Path("problem.yaml"), None, output, None, killed, [verdict])
    assert partial.is_file()
    fit.write_posterior(Path("problem.yaml"), None, output, None, lambda _: verdict.write_text("new"), [verdict])
    assert verdict.read_text() == "new"
    assert not partial.exists()


def test_what_a_command_answers_is_shown_and_commands_no_terminal(root, capsys):
    say("a \x1b[31mred\x1b[0m cell")

    assert capsys.readouterr().out == "a \\x1b[31mred\\x1b[0m cell\n"
    speaking = [
        path.relative_to(root).as_posix()
        for path in (root / "il6infer").rglob("*.py")
        if "stdout.write(" in path.read_text("utf-8")
    ]
    assert speaking == ["il6infer/_outputs.py"]
