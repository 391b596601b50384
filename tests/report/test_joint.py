"""Data sets together and alone: which parameters are compared, and whose distance is a disagreement."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest

from il6infer.configuration.check import check_config
from il6infer.library.catalogue import shipped
from il6infer.library.priors import Z90
from il6infer.report import joint
from il6infer.report.joint import section
from il6infer.stages import write
from il6infer.stages.verdict import ParameterStatistics
from tests.zoo.verdicts import verdict

NOTHING = ParameterStatistics(**dict.fromkeys((f.name for f in fields(ParameterStatistics)), None))
SD = 0.2


def of(median: float) -> ParameterStatistics:
    """A posterior that is log-normal with this median, and 0.2 as the sd of its logarithm."""
    low, high = (median * math.exp(end * Z90 * SD) for end in (-1, 1))
    return replace(NOTHING, median=median, q05=low, q95=high)


@pytest.fixture
def found(tmp_path):
    raw = {"description": "d.yaml", "folder": "f"}
    cells = {"mouse": "hepatocyte", "human": "HepG2", "plates": "HepG2"}
    config = {
        "models": ["classic_socs3"],
        "datasets": {
            **{name: {**raw, "cell": cell} for name, cell in cells.items()},
            "all": {"joint": list(cells), "own": ["K_SOCS3"], "pooled": ["k_phosphorylation"]},
        },
    }
    fits = {
        "mouse": {"kon_IL6_IL6R": 0.1, "gp130_0": 5e3, "k_phosphorylation": 1.0, "K_SOCS3": 0.1},
        "human": {"kon_IL6_IL6R": 0.2, "gp130_0": 1e5, "k_phosphorylation": 9.0, "K_SOCS3": 0.9},
        "plates": {"kon_IL6_IL6R": 0.1, "gp130_0": 3e5, "k_phosphorylation": 1.0, "K_SOCS3": 0.1},
    }
    for fit in fits.values():
        fit["Kd_IL6_IL6R"] = 3.0
    together = {
        "Kd_IL6_IL6R": 3.0 * math.exp(1.1 * SD), "kon_IL6_IL6R": 0.14, "gp130_0_HepG2": 2e5,
        "gp130_0_hepatocyte": 5e3, "k_phosphorylation": 2.0, "K_SOCS3_mouse": 0.1, "K_SOCS3_human": 0.9,
    }  # fmt: skip
    for name, parameters in {**fits, "all": together}.items():
        model = f"classic_socs3@{cells.get(name, 'hepatocyte')}"
        (tmp_path / name / model).mkdir(parents=True)
        known = replace(verdict(sampled=name != "plates"), parameters={p: of(m) for p, m in parameters.items()})
        write(tmp_path / name / model / "verdict.json", known)
    [one] = section(check_config(config, "c.yaml"), "all", ["classic_socs3@hepatocyte"], tmp_path) or []
    return one


def test_what_is_shared_is_held_against_each_data_set_that_shares_it(found):
    """gp130_0 of a preset has another name in the joint fit, and was not compared; own parameters are not shared."""
    shown = {p.name: (sorted(p.alone), p.pair) for p in found["shared"]}

    assert shown.pop("Kd_IL6_IL6R")[0] == ["human", "mouse", "plates"]
    assert shown == {
        "kon_IL6_IL6R": (["human", "mouse", "plates"], ("mouse", "human")),
        "gp130_0_HepG2": (["human", "plates"], ("human", "plates")),
        "k_phosphorylation": (["human", "mouse", "plates"], ("mouse", "human")),
    }
    assert {p.name: p.apart for p in found["shared"] if p.name != "Kd_IL6_IL6R"} == {
        name: pytest.approx(math.log(ratio) / (math.sqrt(2) * SD))
        for name, ratio in (("kon_IL6_IL6R", 2), ("gp130_0_HepG2", 3), ("k_phosphorylation", 9))
    }
    assert found["failed"] == ["plates (classic_socs3@HepG2)"]


def test_values_around_a_common_mean_may_lie_apart_and_do_not_disagree(found):
    assert [p.name for p in found["shared"] if p.disputed] == ["gp130_0_HepG2", "kon_IL6_IL6R"]
    assert [p.name for p in found["shared"] if p.pooled] == ["k_phosphorylation"]


def test_what_gives_way_to_a_disagreement_lies_beyond_all_data_sets_alone(found):
    """All three say 3 nM of Kd, and together 1.1 sd more: bought by the disagreement on kon."""
    assert [p.name for p in found["shared"] if p.given_way] == ["Kd_IL6_IL6R"]
    assert not replace(
        next(p for p in found["shared"] if p.given_way), joint=of_three(3.0 * math.exp(0.9 * SD))
    ).given_way


def of_three(median: float) -> tuple[float, float, float]:
    row = of(median)
    return row.median, row.q05, row.q95


@pytest.mark.parametrize(
    ("models", "labels"),
    [
        (["classic_socs3@hepatocyte", "classic_none@hepatocyte"], True),
        (["classic_socs3@hepatocyte", "classic_socs3@HepG2"], False),
    ],
)
def test_a_model_of_several_cells_is_not_called_by_those_of_the_first_data_set(models, labels):
    raw = {"description": "d.yaml", "folder": "f", "cell": "hepatocyte"}
    config = check_config({"datasets": {"a": raw, "b": raw, "both": {"joint": ["a", "b"]}}}, "c.yaml")
    named, common = joint.labels(config, "both", models, shipped())

    assert bool(named) == labels
    assert not any("hepatocyte" in label for label in named.values())
    assert common == (("classic signalling",) if labels else ())
    assert joint.labels(config, "a", models, shipped()) == ({}, ())
