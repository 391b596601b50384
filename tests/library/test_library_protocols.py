"""What is done to cells, from the table of a protocol to the states: pre-incubation, wash, pulse, repeated doses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from il6infer.building.build import build
from il6infer.engine import compile
from il6infer.library.compose import compose
from il6infer.petab_files.read import load

TIMES = (0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 45.0, 60.0, 90.0, 120.0, 125.0, 135.0, 150.0, 180.0, 240.0)
PROTOCOL = """condition,time_min,action,species,concentration_nM
vehicle,0,control,,
il6,0,add,IL6,0.48
il6,0,add,sIL6R,0.5
before,-30,add,sgp130Fc,2.4
before,0,add,IL6,0.48
before,0,add,sIL6R,0.5
with,0,add,IL6,0.48
with,0,add,sIL6R,0.5
with,0,add,sgp130Fc,2.4
after,0,add,IL6,0.48
after,0,add,sIL6R,0.5
after,15,add,sgp130Fc,2.4
washed_before,-30,add,sgp130Fc,2.4
washed_before,-1,wash,,
washed_before,0,add,IL6,0.48
washed_before,0,add,sIL6R,0.5
pulse,0,add,IL6,0.48
pulse,0,add,sIL6R,0.5
pulse,20,wash,,
pulses,0,add,IL6,0.48
pulses,0,add,sIL6R,0.5
pulses,20,wash,,
pulses,120,add,IL6,0.48
pulses,120,add,sIL6R,0.5
repeated,0,add,IL6,0.48
repeated,0,add,sIL6R,0.5
repeated,60,add,IL6,0.48
repeated,120,add,IL6,0.48
exchanged,0,add,IL6,0.48
exchanged,0,add,sIL6R,0.5
exchanged,20,wash,,
exchanged,20,add,IL6,0.1
set,0,add,IL6,0.48
set,0,add,sIL6R,0.5
set,120,set,IL6,0.1
"""


@dataclass(frozen=True)
class Courses:
    """States of each condition at `TIMES`, at prior medians."""

    ids: tuple[str, ...]
    states: dict[str, np.ndarray]

    def total(self, condition: str, *species: str) -> np.ndarray:
        return sum(self.states[condition][:, self.ids.index(s)] for s in species)

    def at(self, condition: str, time: float, *species: str) -> float:
        return float(self.total(condition, *species)[TIMES.index(time)])


PSTAT3 = ("pSTAT3_c", "pSTAT3_n")


@pytest.fixture(scope="module", params=["trans_socs3", "trans_socs3+dimer"])
def courses(request, tmp_path_factory) -> Courses:
    folder: Path = tmp_path_factory.mktemp("protocols")
    protocol = pd.DataFrame([line.split(",") for line in PROTOCOL.splitlines()[1:]])
    protocol.columns = PROTOCOL.splitlines()[0].split(",")
    protocol = protocol.assign(knock_out="", set="")
    protocol["time_min"] = protocol["time_min"].astype(float)
    protocol["concentration_nM"] = pd.to_numeric(protocol["concentration_nM"])
    conditions = list(dict.fromkeys(protocol["condition"]))
    rows = [
        {
            "dataset": "protocols", "observable": "pSTAT3", "condition": condition, "time_min": time, "replicate": 1,
            "batch": "all", "value": 1.0, "unit": "1", "noise": "normal", "scale": False,
            "scale_sd": float("nan"), "offset": False, "detection_limit": float("nan"), "censored": "",
            "error": float("nan"),
        }
        for condition in conditions for time in TIMES
    ]  # fmt: skip
    problem = load(build(pd.DataFrame(rows), protocol, compose(request.param), folder / "p", dataset="protocols"))
    engine = compile(problem)
    runs = engine.states(np.array([p.nominal for p in problem.estimated]))
    return Courses(problem.network.states, {c: runs[engine.plan.experiments[c]] for c in conditions})


def test_vehicle_stays_at_rest(courses):
    states = courses.states["vehicle"]

    np.testing.assert_allclose(states, np.tile(states[0], (len(TIMES), 1)), rtol=1e-6, atol=1e-9)


def test_sgp130fc_does_most_when_it_is_there_first(courses):
    peaks = {c: courses.total(c, *PSTAT3).max() for c in ("before", "with", "after", "il6")}

    assert peaks["before"] <= peaks["with"] * 1.001
    assert peaks["with"] < peaks["after"] < peaks["il6"] * 1.001
    assert courses.at("after", 60.0, *PSTAT3) < 0.9 * courses.at("il6", 60.0, *PSTAT3)


def test_sgp130fc_that_was_washed_away_does_nothing(courses):
    np.testing.assert_allclose(
        courses.total("washed_before", *PSTAT3), courses.total("il6", *PSTAT3), rtol=1e-5, atol=1e-8
    )


def test_a_wash_takes_all_that_is_dissolved_and_leaves_the_cell(courses):
    """At the time of a wash the state is the one after it; the signal then decays faster than under IL-6."""
    held = {s for s in compose("trans_socs3+dimer").medium} & set(courses.ids)

    assert len(held) > 3
    assert courses.at("pulse", 15.0, "IL6") > 0.4
    assert all(courses.at("pulse", 20.0, s) == pytest.approx(0.0, abs=1e-9) for s in held)
    assert courses.at("pulse", 20.0, "C_trans") == pytest.approx(courses.at("il6", 20.0, "C_trans"), rel=1e-3)
    assert courses.at("pulse", 45.0, *PSTAT3) < 0.8 * courses.at("il6", 45.0, *PSTAT3)
    assert courses.at("pulse", 240.0, *PSTAT3) == pytest.approx(courses.at("vehicle", 240.0, *PSTAT3), rel=0.25)


def test_a_second_pulse_answers_again(courses):
    np.testing.assert_allclose(
        courses.total("pulses", *PSTAT3)[:10], courses.total("pulse", *PSTAT3)[:10], rtol=1e-5, atol=1e-9
    )
    assert courses.at("pulses", 135.0, *PSTAT3) > 2 * courses.at("pulse", 135.0, *PSTAT3)


def test_doses_add_and_set_replaces(courses):
    """All IL-6, free and bound, counted in the medium: what cells took up is less than a hundredth here."""
    bound = [s for s in ("IL6", "IL6_sIL6R") if s in courses.ids]

    assert courses.at("repeated", 45.0, *bound) == pytest.approx(courses.at("il6", 45.0, *bound))
    assert courses.at("repeated", 60.0, *bound) == pytest.approx(2 * 0.48, rel=0.05)
    assert courses.at("repeated", 120.0, *bound) == pytest.approx(3 * 0.48, rel=0.05)
    assert courses.at("set", 120.0, "IL6") == pytest.approx(0.1)
    assert courses.at("set", 120.0, "IL6_sIL6R") == pytest.approx(courses.at("il6", 120.0, "IL6_sIL6R"))


def test_what_comes_with_new_medium_does_not_join_what_was_washed_away(courses):
    """An addition reads the medium before the change of its time, so it must not read what the wash takes."""
    assert courses.at("exchanged", 20.0, "IL6") == pytest.approx(0.1)
    assert courses.at("exchanged", 20.0, "sIL6R") == pytest.approx(0.0, abs=1e-9)
    assert courses.at("exchanged", 15.0, "IL6") == pytest.approx(courses.at("pulse", 15.0, "IL6"))
