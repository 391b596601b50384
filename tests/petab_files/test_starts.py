"""Parameters of the table that events change: they start with its value, against sums written by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer.engine.evaluate import evaluate
from tests.zoo.texts import to_sbml

EVENTS = {
    "from a state": ("at (time>=2): p=p+x;", lambda t: 5.0 + (np.exp(-0.2) if t >= 2 else 0.0)),
    "from time": ("at (time>=2): p=p+time;", lambda t: 5.0 + (2.0 if t >= 2 else 0.0)),
    "from itself": ("at (time>=2): p=2*p;", lambda t: 5.0 * (2.0 if t >= 2 else 1.0)),
    "from nothing": ("at (time>=2): p=7;", lambda t: 7.0 if t >= 2 else 5.0),
    "again and again": (
        "at (time>=0.5): p=2*p; at (x<0.85): p=p+1; at (time>=2): p=p+x;",
        lambda t: 5.0 if t < 0.5 else 10.0 if t < 2 else 11.0 + np.exp(-0.2),
    ),
    "as a state triggers it": ("at (x<0.9): p=p+1;", lambda t: 5.0 + (t > -10 * np.log(0.9))),
}


def _write(folder: Path, model: str, observed: str, estimate: str = "true") -> Path:
    (folder / "model.xml").write_text(to_sbml(f"model starts\n{model}\nend\n"))
    tables = {
        "parameter": "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\n"
        f"p\t0\t10\t5\t{estimate}\nsd\t0\t10\t1\ttrue\n",
        "observable": f"observableId\tobservableFormula\tnoiseFormula\no\t{observed}\tsd\n",
        "measurement": "observableId\ttime\tmeasurement\n" + "".join(f"o\t{time}\t1\n" for time in (0, 1, 3)),
    }
    for name, text in tables.items():
        (folder / f"{name}.tsv").write_text(text)
    lists = "".join(f"{name}_files: [{name}.tsv]\n" for name in tables)
    models = "model_files: {m: {language: sbml, location: model.xml}}\n"
    (folder / "problem.yaml").write_text(f"format_version: 2.0.0\nid: starts\n{models}{lists}")
    return folder / "problem.yaml"


@pytest.mark.parametrize("estimate", ["true", "false"])
@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_parameter_that_events_change_starts_with_the_value_of_the_table(
    name: str, estimate: str, tmp_path: Path
) -> None:
    """In the model p is 1; what is assigned from it, q = 2 p and x2 = q, begins with 10."""
    event, right = EVENTS[name]
    model = f"p=1; q=2*p; x=1; x'=-0.1*x; x2=q; x2'=-0.1*x2; {event}"
    path = _write(tmp_path, model, "p + 100*x2 + 10000*q", estimate)
    found = evaluate(path, engine="diffsol", gradient=True)
    expected = [right(t) + 1000.0 * np.exp(-0.1 * t) + 100000.0 for t in (0.0, 1.0, 3.0)]
    np.testing.assert_allclose(found.simulation, expected, rtol=1e-7)
    if estimate == "true":
        values = [evaluate(path, {"p": p}, engine="diffsol").llh or 0.0 for p in (5.001, 4.999)]
        assert (found.gradient or {})["p"] == pytest.approx((values[0] - values[1]) / 0.002, rel=1e-4)


@pytest.mark.parametrize(
    ("model", "is_what"),
    [
        ("p=1; p'=-p;", "set by a rule"),
        ("p:=2*x; x=1; x'=-x;", "set by a rule"),
        ("species p=1; J: p->; 0.1*p;", "a species"),
    ],
)
def test_what_is_no_parameter_is_refused_in_the_parameter_table(model: str, is_what: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        evaluate(_write(tmp_path, model, "p"))
    assert str(error.value).splitlines()[1:] == [
        f"  - parameter.tsv, row 2, column parameterId: 'p' is {is_what} of the model, no parameter. "
        "Give the parameter another name, and let a condition set the initial value to it."
    ]
