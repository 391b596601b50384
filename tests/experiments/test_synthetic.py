"""The generator of simulated experiments: the bundled files, bytes and all."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from il6infer._errors import UserError
from il6infer.experiments.simulated import read_truth, simulate

EXAMPLE = Path(__file__).parents[2] / "resources" / "example"


def test_the_bundled_example_is_what_the_generator_makes(tmp_path: Path) -> None:
    written = simulate(read_truth(EXAMPLE / "truth.yaml"), tmp_path)
    assert {p.name for p in written} | {"truth.yaml"} == {p.name for p in EXAMPLE.iterdir()}
    for path in written:
        assert path.read_bytes() == (EXAMPLE / path.name).read_bytes(), path.name


def test_readme_says_simulated_first() -> None:
    assert (EXAMPLE / "README.md").read_text().startswith("# SIMULATED: ")


def test_every_fault_of_a_truth_is_named(tmp_path: Path) -> None:
    truth = yaml.safe_load((EXAMPLE / "truth.yaml").read_text())
    truth["parameters"] = {"Kd_IL6": 1.0}
    truth["files"][0]["assay"] = "elisa"
    truth["files"][1]["settings"] = {"nois": 0.1}
    (tmp_path / "truth.yaml").write_text(yaml.safe_dump(truth))
    with pytest.raises(UserError) as error:
        read_truth(tmp_path / "truth.yaml")
    lines = str(error.value).splitlines()
    assert lines[0] == "truth: 3 faults"
    assert lines[1].startswith("  - truth.yaml, parameters: unknown parameter 'Kd_IL6'. Did you mean 'Kd_IL6_IL6R'?")
    assert lines[2] == "  - truth.yaml, file 1: unknown assay 'elisa'. Known: luciferase, qpcr, western_blot."
    assert lines[3].startswith(
        "  - truth.yaml, file 2: unknown setting 'nois'. Did you mean 'noise'? Known: background,"
    )


def test_an_unknown_model_is_refused(tmp_path: Path) -> None:
    truth = yaml.safe_load((EXAMPLE / "truth.yaml").read_text())
    truth["model"] = "both_socs"
    (tmp_path / "truth.yaml").write_text(yaml.safe_dump(truth))
    with pytest.raises(UserError) as error:
        read_truth(tmp_path / "truth.yaml")
    assert (
        str(error.value)
        .splitlines()[1]
        .startswith("  - truth.yaml: unknown model 'both_socs'. Did you mean 'both_socs3'?")
    )
