"""Names in files of claims and predictions: one that no model has is misspelt, and is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from il6infer._errors import UserError
from il6infer.cli.main import main
from il6infer.library.catalogue import read_library, shipped
from il6infer.prediction.claims import read_claims
from il6infer.prediction.interventions import read_interventions
from il6infer.prediction.names import check_files, check_names, known_words
from tests.zoo import decay_v2

DOSE = {"time_min": 0, "action": "add", "species": "IL6", "dose": 1, "unit": "nM"}
EXPERIMENTS = {
    "il6": {"steps": [DOSE]},
    "few": {"steps": [DOSE], "scale": {"IL6R_O": 0.1}, "set": {"K_SOC3": 1}, "knock_out": ["SOC3"],
            "requires": [["C_classic", "C_clustr"]]},
    "doses": {"steps": [], "doses": {"species": "IL6", "low": 1, "high": 2, "unit": "nM", "follow": {"sIL6": 1}}},
}  # fmt: skip
PREDICTIONS = {
    "experiments": EXPERIMENTS,
    "predictions": [
        {"id": "courses", "title": "t", "readout": "pSTAT33", "courses": ["il6"]},
        {
            "id": "share",
            "title": "t",
            "share": {"experiments": ["il6"], "parts": {"a": ["C_clasic"], "b": ["C_trans"]}},
        },
    ],
    "next": {"readouts": ["pSTAT3_nuclear"], "experiments": ["il6"], "times": [5], "parameters": ["Kd_IL6_ILR"]},
}
CLAIM, ABOVE = {"statement": "s", "source": "me"}, {"above": 1}
CLAIMS = {
    "experiments": {"il6": {"steps": [DOSE]}},
    "claims": [
        {"id": "peak", **CLAIM, "that": [{"quantity": {"peak": {"readout": "pSTAT", "experiment": "il6"}}, **ABOVE}]},
        {"id": "known", **CLAIM, "that": [{"quantity": {"parameter": name}, **ABOVE} for name in
                                          ("K_SOCS3", "K_SOCS3_mouse", "scale_pSTAT3_gel1", "K_SOCS")]},
    ],
}  # fmt: skip


def written(path: Path, content) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def refused(folder, **files) -> list[str]:
    with pytest.raises(UserError) as caught:
        check_files(*(str(files[k]) if k in files else None for k in ("claims", "predictions")), shipped(), list)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_names_of_predictions_that_no_model_has_are_refused_where_they_stand(tmp_path):
    path = written(tmp_path / "p.yaml", PREDICTIONS)

    assert refused(tmp_path, predictions=path) == [
        "p.yaml: 9 faults",
        *(f"  - p.yaml, {where}: no model has the {kind} '{name}'. Did you mean '{near}'?"
          for where, kind, name, near in (
            ("experiment 'few', requires", "species or parameter", "C_clustr", "C_cluster"),
            ("experiment 'few', set", "parameter", "K_SOC3", "K_SOCS3"),
            ("experiment 'few', scale", "parameter", "IL6R_O", "IL6R_0"),
            ("experiment 'few', knock_out", "gene or parameter", "SOC3", "SOCS3"),
            ("experiment 'doses', doses", "species", "sIL6", "sIL6R"),
            ("prediction 'courses'", "read-out", "pSTAT33", "pSTAT3"),
            ("prediction 'share', parts", "species", "C_clasic", "C_classic"),
            ("next, readouts", "read-out", "pSTAT3_nuclear", "pSTAT3_nucleus"),
            ("next, parameters", "estimated parameter", "Kd_IL6_ILR", "Kd_IL6_IL6R"),
        )),
    ]  # fmt: skip


def test_so_are_those_of_claims_and_what_a_gel_or_data_set_has_of_its_own_is_none(tmp_path):
    assert refused(tmp_path, claims=written(tmp_path / "c.yaml", CLAIMS)) == [
        "c.yaml: 2 faults",
        "  - c.yaml, claim 'peak': no model has the read-out 'pSTAT'. Did you mean 'pSTAT3'?",
        "  - c.yaml, claim 'known': no model has the estimated parameter 'K_SOCS'. Did you mean 'K_SOCS3'?",
    ]


@pytest.mark.parametrize("name", ["predictions.yaml", "predictions_hepg2_matched.yaml"])
def test_the_files_of_the_project_name_nothing_unknown(name, root):
    found = check_files(str(root / "config/claims.yaml"), str(root / "config" / name), shipped(), list)

    assert found == {"claims": [], "predictions": []}


def test_names_of_modules_of_the_users_own_are_known_and_handed_on(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "probe.ant").write_text(
        '// ---\n// kind: option\n// text: "a probe"\n// readouts: [glow]\n// places: {glow: [8.6, n0]}\n// ---\n'
        "  glow := 2*pSTAT3;\n"
    )
    asked = {**PREDICTIONS, "experiments": {"il6": {"steps": [DOSE]}}, "predictions": [
        {"id": "courses", "title": "t", "readout": "glow", "courses": ["il6"]}]}  # fmt: skip
    del asked["next"]
    path = written(tmp_path / "p.yaml", asked)

    assert refused(tmp_path, predictions=path)[1].startswith("  - p.yaml, prediction 'courses': no model has the")
    assert check_files(None, str(path), read_library(tmp_path / "m"), list) == {"claims": [], "predictions": ["glow"]}


@pytest.mark.parametrize("more", [[], ["--known", "pSTAT33"]])
def test_the_command_refuses_them_but_for_those_of_other_models(more, tmp_path, capsys):
    asked = {**PREDICTIONS, "experiments": {"il6": {"steps": [DOSE]}}, "predictions": PREDICTIONS["predictions"][:1]}
    del asked["next"]
    path = written(tmp_path / "p.yaml", asked)
    problem = decay_v2.write(tmp_path / "problem")
    words = ["predict", "ask", str(problem), str(tmp_path / "none.nc"), "--predictions", str(path), *more]
    code = main([*words, "--output", str(tmp_path / "found.json")])
    said = capsys.readouterr().err

    assert code == 2
    assert ("no model has the read-out 'pSTAT33'. Did you mean 'pSTAT3'?" in said) == (not more)
    assert ("none.nc" in said) == bool(more)


PROBE = """// ---
// kind: option
// text: "a phosphatase"
// genes: {PTPX: [k_PTPX]}
// readouts: [glow]
// places: {glow: [8.6, n0]}
// ---
  k_PTPX = 1.0;
  glow := k_PTPX*pSTAT3;
"""


def test_a_gene_of_a_module_of_the_users_own_is_knocked_out_in_claims_and_predictions(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "ptpx.ant").write_text(PROBE)
    priors = "parameter,description,unit,distribution,median,low,high,cell_type,temperature,source,doi,why\n"
    priors += "k_PTPX,speed of PTPX,1,log-normal,1,0.1,10,any,37 C,made up,,a test\n"
    (tmp_path / "m" / "priors.csv").write_text(priors)
    without = {"il6": {"steps": [DOSE], "knock_out": ["PTPX"]}}
    asked = {"experiments": without, "predictions": [
        {"id": "courses", "title": "t", "readout": "glow", "courses": ["il6"]}]}  # fmt: skip
    quantity = {"peak": {"readout": "glow", "experiment": "il6"}}
    claims = {"experiments": without, "claims": [{"id": "a", **CLAIM, "that": [{"quantity": quantity, **ABOVE}]}]}
    paths = written(tmp_path / "c.yaml", claims), written(tmp_path / "p.yaml", asked)

    found = check_files(*map(str, paths), read_library(tmp_path / "m"), list)
    words = ["glow", "k_PTPX", "PTPX=k_PTPX"]
    assert found == {"claims": words, "predictions": words}
    names, genes = known_words(words)
    for read, path in zip((read_claims, read_interventions), paths, strict=True):
        assert read(path, genes).plans["il6"].knock_out == ("k_PTPX",)
        check_names(read(path, genes), path, names)
    assert any("gene or parameter 'PTPX'" in line for line in refused(tmp_path, claims=paths[0]))
