"""An exported analysis: what is in it, that it describes itself, and what is refused."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer._yaml import read_yaml
from il6infer.archive import crate, export, reproduce
from il6infer.archive.packing import ABOUT
from il6infer.cli.main import main
from il6infer.provenance import chain, verify
from il6infer.stages import read
from il6infer.stages.export import Export
from tests.archive.conftest import MODEL, analyse


def names(archive: Path) -> set[str]:
    with zipfile.ZipFile(archive) as packed:
        return set(packed.namelist())


def described(archive: Path) -> dict[str, dict]:
    """Entities of the crate by name."""
    with zipfile.ZipFile(archive) as packed:
        return {entity["@id"]: entity for entity in json.loads(packed.read(crate.FILE))["@graph"]}


def many(value: object) -> list:
    return value if isinstance(value, list) else [value]


def test_it_holds_the_analysis_and_nothing_else(analysis):
    export(Path("results"), Path("out.zip"))
    found = names(Path("out.zip"))
    raw = {f"analysis/raw/{p.name}" for p in (analysis / "raw").iterdir() if "branches" not in p.name}

    assert {"analysis/about.yaml", "configuration.yaml", "environment.txt", "code/Snakefile"} <= found
    assert {name for name in found if name.startswith("analysis/raw/")} <= raw
    assert "analysis/raw/truth_parameters.csv" in found
    assert f"analysis/results/mine/{MODEL}/problem/problem.yaml" in found
    assert {"code/requirements.lock", "code/il6infer/cli/main.py", "code/workflow/rules/fit.smk"} <= found
    assert not [n for n in found if any(w in n for w in ("older_model", "logs/", ".partial", ".lock", "claims.json"))
                and not n.startswith("code/")]  # fmt: skip
    assert not [n for n in found if "__pycache__" in n or n.endswith(".pyc")]


def test_the_same_results_give_the_same_bytes(analysis, monkeypatch):
    export(Path("results"), Path("one.zip"))
    monkeypatch.chdir(analysis.parent)
    export(Path("analysis/results"), Path("two.zip"))

    assert Path("two.zip").read_bytes() == (analysis / "one.zip").read_bytes()


def test_the_unpacked_analysis_is_verified_and_told_down_to_its_raw_files(analysis, monkeypatch):
    export(Path("results"), Path("out.zip"))
    reproduce(Path("out.zip"), Path("there"), 1, run=False)
    shutil.rmtree("raw")
    monkeypatch.chdir("there/analysis")
    _, findings = verify(Path("results"))
    told = "\n".join(chain(Path(f"results/mine/{MODEL}/problem")))

    assert findings == []
    assert "raw/western_blot_gel1.csv  sha256" in told
    assert "NOT as it was" not in told


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("results/mine/measurements.csv", "measurements.csv: was altered after `il6infer ingest` wrote it."),
        ("raw/western_blot_gel1.csv", "gel1.csv: is not the file that ingest.json and 2 more was made from"),
        ("results/report/index.html", "index.html: was altered after `il6infer report` wrote it."),
    ],
)
def test_what_could_not_be_made_again_is_refused(analysis, file, message):
    with Path(file).open("a") as text:
        text.write("x\n")
    with pytest.raises(UserError) as error:
        export(Path("results"), Path("out.zip"))

    assert str(error.value).startswith("results cannot be exported: ")
    assert message in str(error.value)
    assert str(error.value).endswith("Run `snakemake` again, then export.")
    assert not Path("out.zip").exists()


def test_results_of_other_code_are_named(analysis, capsys):
    """Those of the commands that do not stand in their record as they were, as after an edit."""
    assert main(["export", "results", "-o", "out.zip"]) == 0
    error = capsys.readouterr().err

    assert "made by other code than the archive holds: mine/comparison.json, report/index.html; `snakemake`" in error


def test_a_folder_without_an_analysis_is_refused(tmp_path, capsys):
    code = main(["export", str(tmp_path), "--output", str(tmp_path / "out.zip")])

    assert code == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path}: holds no settings/report.json: the folder of a finished analysis was expected; "
        "`snakemake` makes one.\n"
    )


def test_files_outside_of_the_run_directory_come_in_and_the_configuration_says_so(root, tmp_path, monkeypatch):
    elsewhere, here = tmp_path / "else where", tmp_path / "here"
    here.mkdir()
    shutil.copytree(root / "resources" / "example", elsewhere)
    shutil.copy(root / "config" / "datasets" / "example.yaml", elsewhere / "about.yaml")
    monkeypatch.chdir(here)
    analyse(here, str(elsewhere / "about.yaml"), "../else where")
    about = export(Path("results"), Path("out.zip"))
    reproduce(Path("out.zip"), Path("there"), 1, run=False)
    config = read_yaml(Path("there/configuration.yaml"))["datasets"]["mine"]

    assert about.moved == {
        str(elsewhere / "about.yaml"): "outside/1_about.yaml", "../else where": "outside/2_else where",
    }  # fmt: skip
    assert (config["description"], config["folder"]) == ("outside/1_about.yaml", "outside/2_else where")
    assert Path("there/analysis/outside/2_else where/western_blot_gel1.csv").is_file()
    assert verify(Path("there/analysis/results"))[1] == []


def test_licences_of_published_files_are_said_everywhere(analysis, monkeypatch):
    gel = next(f.sha256 for f in export(Path("results"), Path("out.zip")).inputs if f.path.endswith("gel1.csv"))
    said = "none stated: ask the authors (A. Author 2026)"
    monkeypatch.setattr("il6infer.archive.packing.licence_of", lambda sha256: said if sha256 == gel else "")
    about = export(Path("results"), Path("out.zip"))
    found = described(Path("out.zip"))
    file = found["analysis/raw/western_blot_gel1.csv"]
    with zipfile.ZipFile("out.zip") as packed:
        text = packed.read("README.md").decode()

    assert about.licences == {"raw/western_blot_gel1.csv": said}
    assert found[file["license"]["@id"]]["description"] == said
    assert f"- `analysis/raw/western_blot_gel1.csv`: {said}" in text


def test_what_it_says_of_itself_is_read_back(analysis):
    about = export(Path("results"), Path("out.zip"))
    with zipfile.ZipFile("out.zip") as packed:
        Path(ABOUT).write_bytes(packed.read(ABOUT))

    assert read(Path(ABOUT), Export) == about
    assert about.title == "Ä small one"


def test_the_crate_has_what_the_specification_asks_for(analysis):
    """What RO-Crate 1.1 and Workflow Run Crate 0.5 demand (MUST)."""
    export(Path("results"), Path("out.zip"), "CC-BY-4.0", "A. Author")
    with zipfile.ZipFile("out.zip") as packed:
        whole = json.loads(packed.read(crate.FILE))
    found = described(Path("out.zip"))
    about, root = found["ro-crate-metadata.json"], found["./"]

    assert whole["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    assert len(found) == len(whole["@graph"])
    assert (about["@type"], about["about"]) == ("CreativeWork", {"@id": "./"})
    assert {"@id": "https://w3id.org/ro/crate/1.1"} in about["conformsTo"]
    assert root["@type"] == "Dataset"
    assert root["datePublished"][:2] == "20"
    assert root["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    assert root["name"]
    assert root["description"]
    assert {part["@id"] for part in root["hasPart"]} == {
        name for name in found if "File" in many(found[name]["@type"])
    }  # fmt: skip
    workflow = found[root["mainEntity"]["@id"]]
    assert set(workflow["@type"]) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    assert found[workflow["programmingLanguage"]["@id"]]["name"] == "Snakemake"
    run = found["#run"]
    assert (run["@type"], run["instrument"]) == ("CreateAction", {"@id": "code/Snakefile"})
    assert {"@id": "analysis/results/report/index.html"} in run["result"]
    assert {"@id": "analysis/raw/western_blot_gel1.csv"} in run["object"]
    assert {"@id": "#run"} in root["mentions"]


def test_every_reference_of_the_crate_leads_somewhere_and_every_file_is_described(analysis):
    export(Path("results"), Path("out.zip"))
    found = described(Path("out.zip"))

    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            return [value["@id"]] if set(value) == {"@id"} else [r for item in value.values() for r in references(item)]
        return [r for item in value for r in references(item)] if isinstance(value, list) else []

    dangling = {r for entity in found.values() for key, value in entity.items() for r in references(value)
                if key not in ("conformsTo", "url", "identifier") and r not in found}  # fmt: skip
    assert dangling == set()
    assert {name for name in found if "File" in many(found[name]["@type"])} == names(Path("out.zip")) - {crate.FILE}
