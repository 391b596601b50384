"""Nothing that a command reads, and nothing of somebody else's, is overwritten by what it writes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from il6infer.cli import main as cli

MINE = "time_min,value\n0,1\n"

# I is an input, and where to write.
COMMANDS = (
    "diagnose I --output I",
    "diagnose a.nc --config I --output I",
    "fit I --output I",
    "evidence I a.nc --output I",
    "evidence a.yaml I --output I",
    "identify run a.yaml I --output I",
    "identify gather a.json I --output a.out --figure I",
    "sbc gather I --output I",
    "sbc table I --output I",
    "sbc table a.json I --output a.out --figure I",
    "compare --fit a I a.json --dataset a --output I",
    "freed --fit a a.nc I --freed a k a.nc a.json --dataset a --output I",
    "claims ask a.yaml --claims I --output I",
    "claims weigh I --answers a a.json --output I",
    "predict ask a.yaml a.nc --predictions a.yaml --verdict I --output I",
    "holdout a.yaml I --output I",
    "leaveout I a.nc --by batch --output I",
    "report I --results . --output I",
)


@pytest.mark.parametrize("words", COMMANDS)
def test_an_output_that_is_an_input_is_refused_before_anything_runs(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mine").write_text(MINE)
    Path("link").symlink_to("mine")
    for name in ("mine", "link"):
        one = words.replace(" I", " mine", 1) if "figure" not in words else words.replace(" I ", " mine ", 1)
        assert cli.main(one.replace(" I", f" {name}").split()) == 2
        told = f"error: {name}: is read here, and would be overwritten. Give another place to write to.\n"
        assert capsys.readouterr().err == told
    assert Path("mine").read_text() == MINE


def test_a_raw_file_is_not_replaced_by_the_table_made_of_it(root, tmp_path, monkeypatch, capsys):
    """The table is called measurements.csv, and so may a raw file be."""
    shutil.copytree(root / "resources/example", tmp_path / "raw")
    text = (root / "config/datasets/example.yaml").read_text("utf-8")
    [raw] = [path for path in sorted((tmp_path / "raw").rglob("*.csv")) if path.name in text][:1]
    (raw.parent / "measurements.csv").write_bytes(before := raw.read_bytes())
    monkeypatch.chdir(tmp_path)
    Path("example.yaml").write_text(text.replace(raw.name, "measurements.csv"), "utf-8")

    done = cli.main(["ingest", "example.yaml", "--name", "a", "--folder", "raw", "--output", "raw"])

    assert done == 2
    assert "raw/measurements.csv: is read here, and would be overwritten." in capsys.readouterr().err
    assert (raw.parent / "measurements.csv").read_bytes() == before


def test_a_problem_replaces_a_problem_and_no_other_folder(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    raw = ["--name", "example", "--folder", str(root / "resources/example"), "--output", "tables"]
    assert cli.main(["ingest", str(root / "config/datasets/example.yaml"), *raw]) == 0
    words = ["problem", "tables/measurements.csv", "tables/protocol.csv", "--model", "both_none", "--output"]
    for _ in range(2):
        assert cli.main([*words, "problem"]) == 0

    Path("problem/posterior.nc").write_text("a day of sampling")
    for name in ("problem", "tables"):
        held = sorted(path.name for path in Path(name).iterdir())
        capsys.readouterr()
        assert cli.main([*words, name]) == 2
        told = capsys.readouterr().err
        assert told.startswith(f"error: {name}: holds ")
        assert told.endswith("and a problem replaces its whole folder. Give a folder that is not there yet.\n")
        assert sorted(path.name for path in Path(name).iterdir()) == held
