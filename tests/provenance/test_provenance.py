"""Each result says where it came from, and what was altered is named."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.cli import report
from il6infer.cli.main import main
from il6infer.provenance import chain, record, verify
from il6infer.provenance.record import FOLDER, records
from il6infer.provenance.verify import changed_inputs
from il6infer.stages import read
from il6infer.stages.provenance import Provenance


@pytest.fixture(scope="module")
def made(root, tmp_path_factory) -> Path:
    """A folder with raw files, and the tables and the problem made of them."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(root / "resources" / "example", folder / "raw")
    shutil.copy(root / "config" / "datasets" / "example.yaml", folder / "about.yaml")
    results = folder / "results"
    words = ["ingest", str(folder / "about.yaml"), "--name", "example", "--folder", str(folder / "raw")]
    assert main([*words, "--output", str(results)]) == 0
    words = ["problem", str(results / "measurements.csv"), str(results / "protocol.csv"), "--model", "classic_none"]
    assert main([*words, "--output", str(results / "problem")]) == 0
    return folder


@pytest.fixture
def copy(made, tmp_path) -> Path:
    """The same elsewhere, to be altered."""
    return shutil.copytree(made, tmp_path / "copy")


def test_record_has_what_was_written_and_what_it_was_made_from(made):
    record = read(made / "results" / FOLDER / "ingest.json", Provenance)

    assert [file.path for file in record.results] == ["ingest.json", "measurements.csv", "protocol.csv"]
    raw = ["luciferase_plate1", "protocol", "socs3_qpcr", *(f"western_blot_gel{n}" for n in (1, 2, 3))]
    assert [file.path for file in record.inputs] == ["../about.yaml", *(f"../raw/{name}.csv" for name in raw)]
    assert record.command[:2] == ("il6infer", "ingest")
    assert len(record.source_digest) == len(record.lock_digest) == 64
    assert record.versions["numpy"].count(".") == 2


def test_chain_ends_at_raw_files_and_their_rows(made):
    told = "\n".join(chain(made / "results" / "problem"))

    for name in ("western_blot_gel1.csv", "luciferase_plate1.csv"):
        assert f"{name}  sha256" in told
    assert ", rows 2-71" in told
    assert "by `il6infer ingest" in told
    assert told.index("il6infer problem") < told.index("il6infer ingest") < told.index("western_blot_gel1.csv")


def test_results_that_nobody_touched_are_verified(copy):
    count, findings = verify(copy / "results")

    assert findings == []
    assert count == 3 + len(list((copy / "results" / "problem").glob("[!.]*")))


@pytest.mark.parametrize(
    ("file", "findings"),
    [
        ("results/problem/parameters.tsv", {"was altered after `il6infer problem` wrote it."}),
        (
            "results/measurements.csv",
            {
                "was altered after `il6infer ingest` wrote it.",
                "is not the file that conditions.tsv and 6 more was made from: run `il6infer problem` again.",
            },
        ),
        (
            "raw/luciferase_plate1.csv",
            {"is not the file that ingest.json and 2 more was made from: run `il6infer ingest` again."},
        ),
    ],
)
def test_one_altered_byte_is_named(copy, capsys, file, findings):
    path = copy / file
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)

    with pytest.raises(SystemExit) as stopped:
        main(["verify", str(copy / "results")])

    assert stopped.value.code == 1
    assert set(capsys.readouterr().out.splitlines()) == {f"{path}: {what}" for what in findings}


def test_what_a_result_was_made_from_is_told_by_digests_and_not_by_times(copy):
    result = copy / "results" / "measurements.csv"
    assert changed_inputs(result) is None
    shutil.copy(result.parent / FOLDER / "ingest.json", result.parent / FOLDER / "measurements.csv.json")
    (copy / "about.yaml").touch()
    assert changed_inputs(result) == []
    gel = copy / "raw" / "western_blot_gel1.csv"
    gel.write_text(gel.read_text("utf-8") + "\n", "utf-8")
    assert changed_inputs(result) == [gel]
    gel.unlink()
    assert changed_inputs(result) == []


def test_what_is_gone_is_named(copy):
    (copy / "raw" / "luciferase_plate1.csv").unlink()
    (copy / "results" / "ingest.json").unlink()

    found = {finding.path.name: finding.what for finding in verify(copy / "results")[1]}

    assert found == {
        "ingest.json": "is gone; `il6infer ingest` wrote it.",
        "luciferase_plate1.csv": "is gone; ingest.json and 2 more was made from it.",
    }


def test_an_altered_result_is_marked_in_the_chain(copy):
    (copy / "raw" / "luciferase_plate1.csv").write_text("x")
    (copy / "results" / "measurements.csv").write_text("source_file,source_row\n")

    told = chain(copy / "results" / "problem")

    assert any("measurements.csv" in line and "ALTERED since" in line for line in told)
    assert any("luciferase_plate1.csv" in line and "NOT as it was" in line for line in told)


def test_a_file_without_a_record_says_so(made, tmp_path):
    (tmp_path / "mine.csv").write_text("a\n")

    with pytest.raises(UserError, match="nothing says where it came from: no command of il6infer wrote it"):
        chain(tmp_path / "mine.csv")
    with pytest.raises(UserError, match="no command of il6infer wrote into it"):
        verify(tmp_path)


def test_a_damaged_record_is_an_error_with_its_place(copy):
    record = copy / "results" / FOLDER / "ingest.json"
    record.write_text(json.dumps({"command": 1}))

    with pytest.raises(UserError, match=r"\.provenance/ingest\.json"):
        verify(copy / "results")


def test_a_table_that_was_cut_at_the_end_of_a_row_is_not_read_without_a_word(copy, capsys):
    table = copy / "results" / "measurements.csv"
    words = ["problem", str(table), str(copy / "results" / "protocol.csv"), "--model", "classic_none"]
    assert main([*words, "--output", str(copy / "one")]) == 0
    assert "altered" not in capsys.readouterr().err
    table.write_text("".join(table.read_text("utf-8").splitlines(keepends=True)[:-5]), "utf-8")
    assert main([*words, "--output", str(copy / "other")]) == 0

    assert f"WARNING {table}: was altered after `il6infer ingest` wrote it, and is read as it is now.\n" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("change", [{"command": []}, {"results": []}, {"host": {}}])
@pytest.mark.parametrize("ask", ["verify", "provenance"])
def test_a_record_that_no_command_wrote_is_refused(copy, change, ask, capsys):
    path = next((copy / "results").rglob(".provenance/*.json"))
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change))
    result = next(file for file in path.parents[1].iterdir() if file.is_file())

    assert main([ask, str(copy / "results") if ask == "verify" else str(result)]) == 2
    assert "tells of no command, result or machine: il6infer did not write it. Remove it." in capsys.readouterr().err


def test_a_command_that_fails_leaves_no_record(tmp_path):
    assert main(["diagnose", str(tmp_path / "none.nc"), "--output", str(tmp_path / "verdict.json")]) == 2
    assert list(records(tmp_path)) == []


def test_a_text_of_a_configuration_that_is_too_long_for_a_file_is_no_file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(f"question: {'how ' * 100}\ntable: here.csv\n", "utf-8")
    (tmp_path / "here.csv").write_text("a\n", "utf-8")

    assert list(record._named_in(path, [tmp_path])) == [tmp_path / "here.csv"]


def test_figures_beside_the_page_say_where_they_came_from(tmp_path):
    """The command of the page writes them, and its record lies with the page."""
    page, figure = tmp_path / "report" / "index.html", tmp_path / "figures" / "fit.svg"
    for path in (page, figure):
        path.parent.mkdir()
        path.write_text("x")
    args = argparse.Namespace(command="report", output=page, run=report.run)
    record.note(args, ["report", "--output", str(page)], [page, figure])

    for path in (figure, figure.parent):
        assert any("by `il6infer report" in line for line in chain(path))
    with pytest.raises(UserError, match="nothing says where it came from"):
        chain(tmp_path / "figures" / "other.svg")
