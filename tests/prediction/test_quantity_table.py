"""Each quantity of the table, through everything that uses it: schema, docs, names, units, simulation, answer."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from il6infer._errors import UserError
from il6infer.prediction.answer import answer
from il6infer.prediction.claims import _schema, claims_of, label, needs, series, unit
from il6infer.prediction.quantities import OF_READOUT, QUANTITIES, Seen
from tests.prediction.test_claims import SOLVER, posterior, problem

DOCS = Path(__file__).parents[2] / "docs" / "claims.md"
VALUES = {"readout": "bound", "experiment": "pulse", "with": "low", "without": "pulse", "time": 20.0, "share": 0.5}
EXPERIMENTS = yaml.safe_load("""
pulse: {steps: [{time_min: 0, action: add, species: IL6, dose: 2, unit: nM}]}
low: {steps: [{time_min: 0, action: add, species: IL6, dose: 0.5, unit: nM}]}
doses: {steps: [], doses: {species: IL6, low: 0.01, high: 100, unit: nM, points: 21}}
""")


def asked(name: str) -> dict[str, object]:
    """Arguments of a quantity, its experiment one over doses where it needs that."""
    own = {"experiment": "doses"} if QUANTITIES[name].varied else {}
    return {argument: {**VALUES, **own}[argument] for argument in QUANTITIES[name].arguments}


def file_of(*quantities: dict) -> dict:
    claims = [
        {"id": f"c{i}", "statement": "s", "source": "t", "that": [{"quantity": quantity, "above": 0}]}
        for i, quantity in enumerate(quantities)
    ]
    return {"until": 100, "experiments": EXPERIMENTS, "claims": claims}


CLAIMS = claims_of(file_of(*({name: asked(name)} for name in QUANTITIES)), Path("claims.yaml"))
# The toy: IL-6 falls as 2 exp(-0.1 t), what is bound follows it at once as IL6 / (3 + IL6), and was 0 before.
BOUND = {
    "peak": 0.4, "peak_time": 0.1, "time_to": 0.01, "duration": np.log(8 / 3) / 0.1,
    "level": 2 * np.exp(-2) / (3 + 2 * np.exp(-2)), "ec50": 15.36, "inhibition": 1 - (0.5 / 3.5) / 0.4,
}  # fmt: skip


@pytest.fixture(scope="module")
def found():
    """Answer every quantity at one draw, k = 0.1: one compilation for all of them."""
    answers = answer(problem(), posterior(0.1, 1e-9), CLAIMS, seed=1, draws=3, **SOLVER).claims
    return dict(zip(QUANTITIES, answers, strict=True))


@pytest.mark.parametrize("name", QUANTITIES)
def test_schema_takes_its_arguments_and_no_others(name):
    arguments = QUANTITIES[name].arguments
    for missing in (a for a, argument in arguments.items() if argument.required):
        with pytest.raises(UserError, match=rf"key 'claims.0.that.0.quantity.{name}.{missing}': is missing"):
            claims_of(file_of({name: {k: v for k, v in asked(name).items() if k != missing}}), Path("c.yaml"))
    with pytest.raises(UserError, match=rf"quantity.{name}.tme': is unknown"):
        claims_of(file_of({name: {**asked(name), "tme": 1}}), Path("c.yaml"))
    for number in {"time", "share"} & set(arguments):
        with pytest.raises(UserError, match="must be above 0"):
            claims_of(file_of({name: {**asked(name), number: 0}}), Path("c.yaml"))


@pytest.mark.parametrize("name", QUANTITIES)
def test_an_experiment_over_doses_is_for_those_that_need_one(name):
    wrong = "pulse" if QUANTITIES[name].varied else "doses"
    places = [a for a, argument in QUANTITIES[name].arguments.items() if argument.experiment]

    assert places
    for place in places:
        with pytest.raises(UserError, match=f"{name} (needs an experiment with|cannot use one with) 'doses'"):
            claims_of(file_of({name: {**asked(name), place: wrong}}), Path("c.yaml"))
        with pytest.raises(UserError, match="unknown experiment 'no'"):
            claims_of(file_of({name: {**asked(name), place: "no"}}), Path("c.yaml"))


@pytest.mark.parametrize("name", QUANTITIES)
def test_docs_say_what_it_is(name):
    quantity = QUANTITIES[name]
    said = quantity.unit

    assert f"| `{name}` | {quantity.text} | {said} |" in DOCS.read_text("utf-8").splitlines()


def test_docs_list_no_other():
    table = DOCS.read_text("utf-8").split("## Quantities")[1].split("\n\n")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {*QUANTITIES, "parameter", "ratio"}
    assert set(_schema()["$defs"]["quantity"]["properties"]) == {*QUANTITIES, "parameter", "ratio"}


@pytest.mark.parametrize("name", QUANTITIES)
def test_it_is_simulated_named_and_answered(found, name):
    [claim] = [claim for claim in CLAIMS.claims if name in claim.that[0].quantity]
    experiments = QUANTITIES[name].experiments(asked(name)).values()
    [shown] = found[name].quantities

    assert series(claim) == [("bound", experiment) for experiment in experiments]
    assert needs(claim) == [("readout", "bound"), *(("experiment", e) for e in experiments)]
    assert found[name].absent == ""
    assert shown.label == label({name: asked(name)})
    assert all(str(asked(name)[key]) in shown.label for key in ("readout", "experiment") if key in asked(name))
    assert (
        shown.unit
        == unit({name: asked(name)}, {})
        == ("" if QUANTITIES[name].unit in (OF_READOUT, "1") else QUANTITIES[name].unit)
    )
    if name in BOUND:
        assert shown.posterior.median == pytest.approx(BOUND[name], rel=0.02, abs=0.2 if "time" in name else 0)
    elif name.startswith("fold"):
        assert shown.posterior.undefined == 1.0  # from zero
    else:
        assert 0 < shown.posterior.median < 1


@pytest.mark.parametrize("name", QUANTITIES)
def test_it_is_undefined_or_flat_where_nothing_happens_and_never_raises(name):
    times, flat = np.linspace(0, 100, 51), np.full((4, 51), 0.3)
    quantity = QUANTITIES[name]
    courses = {a: flat[:, None].repeat(5, 1) if quantity.varied else flat for a in quantity.experiments(asked(name))}
    values = quantity.value(Seen(times, courses, asked(name), np.geomspace(0.1, 10, 5)))

    assert values.shape == (4,)
    expected = {"peak": 0.3, "level": 0.3, "fold": 1.0, "fold_at": 1.0, "share_of_peak": 1.0}
    np.testing.assert_allclose(values, np.full(4, expected.get(name, np.nan)))
