"""Data sets together and alone: which parameters are compared, and whose distance is a disagreement."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest

from il6infer.configuration.check import check_config
from il6infer.library.priors import Z90
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
    together = {
        "kon_IL6_IL6R": 0.14, "gp130_0_HepG2": 2e5, "gp130_0_hepatocyte": 5e3, "k_phosphorylation": 2.0,
        "K_SOCS3_mouse": 0.1, "K_SOCS3_human": 0.9,
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

    assert shown == {
        "kon_IL6_IL6R": (["human", "mouse", "plates"], ("mouse", "human")),
        "gp130_0_HepG2": (["human", "plates"], ("human", "plates")),
        "k_phosphorylation": (["human", "mouse", "plates"], ("mouse", "human")),
    }
    assert {p.name: p.apart for p in found["shared"]} == {
        name: pytest.approx(math.log(ratio) / (math.sqrt(2) * SD))
        for name, ratio in (("kon_IL6_IL6R", 2), ("gp130_0_HepG2", 3), ("k_phosphorylation", 9))
    }
    assert found["failed"] == ["plates (classic_socs3@HepG2)"]


def test_values_around_a_common_mean_may_lie_apart_and_do_not_disagree(found):
    assert [p.name for p in found["shared"] if p.disputed] == ["gp130_0_HepG2", "kon_IL6_IL6R"]
    assert [p.name for p in found["shared"] if p.pooled] == ["k_phosphorylation"]
