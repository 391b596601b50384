"""Members of the kinds of fault that ../shared/cases has one or two of each: a table of models with answers by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import atan, exp, inf, log, pi, sqrt
from pathlib import Path

import numpy as np
import pytest

from il6infer.engine.evaluate import evaluate
from tests.zoo.texts import to_sbml

FIT, EVALUATE = (1e-6, 1e-8), (1e-8, 1e-10)
REST = "e\t-inf\tbefore\ne\t0\tafter\n"
REST_CONDITIONS = "before\tu\t0\nafter\tu\t1\n"


@dataclass(frozen=True)
class Kind:
    """A model, where its read-out x is measured, and the right values, an outcome, or both derivatives agreeing."""

    model: str
    times: tuple[float, ...]
    right: tuple[float, ...] = ()
    outcome: str = "ok"
    read: str = "x"
    estimated: dict[str, float] = field(default_factory=dict)
    rest: bool = False
    experiments: str = ""
    conditions: str = ""
    relative: bool = False


DECAY = "x=1; x'=-0.1*x;"
KINDS: dict[str, Kind] = {
    # Steady states.
    "rest below an unstable root": Kind("x=0.29; x'=x*(1-x)*(x-0.3);", (0, 1), (0, 0), rest=True),
    "rest above an unstable root": Kind("x=0.31; x'=x*(1-x)*(x-0.3);", (0, 1), (1, 1), rest=True),
    "saddle of a symmetric switch": Kind(
        "x=1;y=1; x'=4/(1+y^3)-x; y'=4/(1+x^3)-y;", (0,), outcome="no_steady_state", rest=True
    ),
    "limit cycle": Kind("x=1;y=1; x'=1+x^2*y-4*x; y'=3*x-x^2*y;", (0,), outcome="no_steady_state", rest=True),
    "growth from 1e-30": Kind("x=1e-30; x'=0.01*x*(1-x/5);", (0,), (5,), rest=True),
    "growth without end": Kind("x=1e-12; x'=0.1*x;", (0,), outcome="no_steady_state", rest=True),
    "rates of 1e-7 and 1e5": Kind("z=0;x=0; z'=1e-7*(3-z); x'=1e5*(z-x);", (0,), (3,), rest=True),
    "what only collects": Kind("A=1;x=0;Q=0; J1: A->x; 0.3*A; J2: A->Q; 0.1*A;", (0,), (0.75,), rest=True),
    "thermostat at rest": Kind("x=0; x'=piecewise(1, x<2, -1);", (0,), outcome="no_steady_state", rest=True),
    "two conditions in turn": Kind(
        "x=0; u=0; x'=u-0.5*x;", (0, 1), (2, 4 - 2 * exp(-0.5)), experiments=REST,
        conditions="before\tu\t1\nafter\tu\t2\n",
    ),
    # Pulses.
    "gaussian of width 0.01": Kind(
        "x=0; x'=50*exp(-0.5*((time-480)/0.01)^2);", (470, 490), (0, 0.5 * sqrt(2 * pi))
    ),
    "triangle of width 0.005": Kind("x=0; x'=max(0, 1-abs(time-480)/0.005);", (470, 480, 490), (0, 0.0025, 0.005)),
    "lorentzian": Kind(
        "x=0; x'=1/(1+((time-5000)/0.01)^2);", (6000,), (0.01 * (atan(1e5) + atan(5e5)),)
    ),
    "window of a clock at rate 2": Kind(
        "c=0;x=0; c'=2; x'=piecewise(1, c>960 && c<960.2, 0);", (479, 490), (0, 0.1)
    ),
    "window of what decays": Kind(
        "c=1;x=0;a=exp(-5);b=exp(-5.0002); c'=-0.01*c; x'=piecewise(1, c<a && c>b, 0);", (400, 501), (0, 0.02)
    ),
    "window at estimated times": Kind(
        "x=0; x'=piecewise(1, time>=t0 && time<t0+d, 0);", (400, 500.05, 510), (0, 0.05, 0.1),
        estimated={"t0": 500.0, "d": 0.1},
    ),
    "periodic window": Kind(
        "x=0; x'=piecewise(1, sin(2*3.141592653589793*time/100) > 0.9999, 0);", (20, 130, 530),
        tuple(n * 200 * (pi / 2 - np.arcsin(0.9999)) / (2 * pi) for n in (0, 2, 6)),
    ),
    # Switches and events.
    "bounces": Kind(
        "x=1;v=0; x'=v; v'=-2; at (x<0 && v<0): v=-v;", (0.5, 1, 1.5, 3), (0.75, 0, 0.75, 0), estimated={}
    ),
    "doses of what falls below a threshold": Kind(
        "x=10; x'=-k*x; at (x<th): x=x+5;", (3, 5), (10 * exp(-0.9), 9 * exp(-0.3 * (5 - log(2.5) / 0.3))),
        estimated={"k": 0.3, "th": 4.0},
    ),
    "priorities, values of the moment": Kind(
        "x=1; at (time>=2), priority=1, fromTrigger=false: x=x*10; at (time>=2), priority=2, fromTrigger=false: x=x+1;",
        (1, 2), (1, 20),
    ),
    "priorities, values of the trigger": Kind(
        "x=1; at (time>=2), priority=1, fromTrigger=true: x=x*10; at (time>=2), priority=2, fromTrigger=true: x=x+1;",
        (1, 2), (1, 10),
    ),
    "not persistent, undone before its turn": Kind(
        "z=0;x=0; at (time>=2), priority=2: z=1; at (time>=2 && z<0.5), priority=1, persistent=false: x=1;", (3,), (0,)
    ),
    "persistent, undone before its turn": Kind(
        "z=0;x=0; at (time>=2), priority=2: z=1; at (time>=2 && z<0.5), priority=1, persistent=true: x=1;", (3,), (1,)
    ),
    "events that bring about each other": Kind(
        "z=0;y=0;x=0; at (time>=2): z=1; at (z>0.5): y=z+1; at (y>1.5): x=y+z;", (1, 2), (0, 3)
    ),
    "trigger that holds for a moment": Kind("x=0; at (time>=10 && time<=10): x=2;", (9, 10, 11), (0, 2, 2)),
    "strict trigger at a measurement": Kind("x=0; at (time>5): x=1;", (5, 5.1), (0, 1)),
    "strict trigger, not persistent": Kind("x=0; at (time>5), persistent=false: x=1;", (5, 5.1), (0, 1)),
    "strict triggers, not persistent, undone before its turn": Kind(
        "z=0;x=0; at (time>2), priority=2: z=1; at (time>2 && z<0.5), priority=1, persistent=false: x=1;", (3,), (0,)
    ),
    "strict triggers, not persistent, one after the other": Kind(
        "x=1; at (time>2), priority=2, persistent=false, fromTrigger=false: x=x+1;"
        "at (time>2), priority=1, persistent=false, fromTrigger=false: x=x*10;", (2, 3), (1, 20),
    ),
    "condition that moves a threshold past": Kind(
        "x=0; x'=0; u=5; c=3; at (c>u): x=7;", (1, 4), (0, 7),
        experiments="e\t0\tbefore\ne\t2\tafter\n", conditions="before\tu\t5\nafter\tu\t2\n",
    ),
    "species and its volume in one event": Kind(
        "compartment c; c=2; species x in c; x=4; at (time>=1): c=4, x=3;", (0.5, 1, 2), (4, 3, 3)
    ),
    "event at a negative time": Kind(
        "x=0; u=0; at (time>=-5): x=x+1; at (time>=1): x=x+10;", (-6, -5, 2), (0, 1, 11),
        experiments="e\t-10\tbefore\n", conditions="before\tu\t1\n",
    ),
    # Powers and times.
    "negative base, whole exponent": Kind("x=0; x'=(time-1)^n;", (0.5, 3), ((1 - 0.125) / 3, 3), estimated={"n": 2.0}),
    "negative base, broken exponent": Kind(
        "x=0; x'=(time-2)^n;", (1,), outcome="non_finite", estimated={"n": 1.5}
    ),
    "negative base, exponents by condition": Kind(
        "A=-2;x=0;u=1; A'=0; x'=A^u;", (1, 3), (-2, 6), experiments="e\t0\tbefore\ne\t1\tafter\n",
        conditions="before\tu\t1\nafter\tu\t2\n",
    ),
    "initial assignment of time": Kind(
        "x=1+time; u=0; x'=-0.1*x;", (10, 11), (11, 11 * exp(-0.1)), experiments="e\t10\tbefore\n",
        conditions="before\tu\t1\n",
    ),
    # Sizes.
    "1e-18": Kind(
        "x=1e-18; x'=-k*x;", (1, 5), (1e-18 * exp(-0.3), 1e-18 * exp(-1.5)), estimated={"k": 0.3}, relative=True
    ),
    "two molecules in a picolitre": Kind(
        "compartment c; c=1e-12; substanceOnly species x in c; x=3.3e-24; J: x->; k*x;", (1, 5),
        (3.3e-24 * exp(-0.3), 3.3e-24 * exp(-1.5)), estimated={"k": 0.3}, relative=True,
    ),
    "event of 5e-13": Kind(
        "x=1e-12; x'=-k*x; at (x<5e-13): x=2e-12;", (1, 4), (1e-12 * exp(-0.3), 2e-12 * exp(-0.3 * (4 - log(2) / 0.3))),
        estimated={"k": 0.3}, relative=True,
    ),
    # Rules, reactions, initial assignments.
    "rules in another order than they need": Kind(
        "c:=b+1; b:=2*a; a:=x+time; x=1; x'=-0.5*x;", (0, 2), (3, 2 * (exp(-1) + 2) + 1), read="c"
    ),
    "rule that names a reaction": Kind(
        "species S,P; S=2;P=0; J: S->P; 0.3*S; v:=2*J;", (1,), (1.2 * exp(-0.3),), read="v"
    ),
    "trigger on a reaction": Kind(
        "species S,P; S=10;P=0; J: S->P; 0.1*S; x=0; at (J<0.5): x=time;", (5, 8), (0, log(2) / 0.1)
    ),
    "initial assignments in a chain, set in its middle": Kind(
        "a=b+1; b=2*c; c=0.5*d; d=3; x=a; x'=-0.1*x;", (0, 1), (15, 15 * exp(-0.1)), experiments="e\t0\tbefore\n",
        conditions="before\tc\t7\n",
    ),
    "amount across an event that halves the volume": Kind(
        "compartment c=4; species S in c=2; species $b in c=3; substanceOnly species x in c=5; J: S->x; 0.1*S*b*c; "
        "at (time>=1): c=2;",
        (0.5, 1, 2), (13 - 8 * exp(-0.15), 13 - 8 * exp(-0.3), 13 - 8 * exp(-0.9)),
    ),
    "what an event counts starts with the parameter table": Kind(
        "n=1; x=1; x'=-0.1*x; at (x<0.9): n=n+1; at (time>=3): n=n+x;", (1, 2, 3), (5, 6, 6 + exp(-0.3)), read="n",
        estimated={"n": 5.0},
    ),
    # Conditions and periods.
    "two conditions of one time": Kind(
        "x=1;k=1;u=0; x'=u-k*x;", (0, 2), (1, 4 - 3 * exp(-1)), experiments="e\t0\ta\ne\t0\tb\n",
        conditions="a\tk\t0.5\nb\tu\t2\n",
    ),
    "periods in another order than time, one without condition": Kind(
        "x=1;u=0; x'=u;", (1, 3, 5, 7), (1, 2, -1, -5), experiments="e\t4\tc\ne\t0\t\ne\t6\td\ne\t2\tb\n",
        conditions="b\tu\t1\nc\tu\t-4\nd\tu\t0\n",
    ),
    "states that a condition exchanges": Kind(
        "x=1;y=5; x'=-0.1*x; y'=0;", (1, 2, 3), (exp(-0.1) + 50, 5 + 10 * exp(-0.2), 5 * exp(-0.1) + 10 * exp(-0.2)),
        read="x+10*y", experiments="e\t0\t\ne\t2\tb\n", conditions="b\tx\ty\nb\ty\tx\n",
    ),
    "condition by time, state and estimated parameters": Kind(
        "x=1;u=1; x'=u;", (1, 2, 3), (2, 6.7, 10.7), experiments="e\t0\t\ne\t2\tb\n",
        conditions="b\tu\ttime*f\nb\tx\tx*f+g\n", estimated={"f": 2.0, "g": 0.7},
    ),
    "rest of a sum that rate rules conserve": Kind(
        "a=1;x=0;k=0.3;q=0.1; a'=-k*a+q*x; x'=k*a-q*x;", (0, 2), (3, 24 / 7 + (3 - 24 / 7) * exp(-1.4)),
        experiments="e\t-inf\tp\ne\t0\tb\n", conditions="p\ta\ta0\nb\tk\t0.6\n", estimated={"a0": 4.0},
    ),
    # Runs without end.
    "a million turns": Kind("x=1;y=0; x'=1e6*y; y'=-1e6*x;", (600,), outcome="step_limit"),
    "events without end": Kind("x=1; x'=-1; at (x<=0): x=1e-9;", (2,), outcome="step_limit"),
}  # fmt: skip


def _write(folder: Path, kind: Kind) -> Path:
    text = kind.model + (" u=0;" if kind.rest else "") + " spare=1;"
    text += "".join(f" {name}={value!r};" for name, value in kind.estimated.items())
    (folder / "model.xml").write_text(to_sbml(f"model kind\n{text}\nend\n"))
    estimated = {**kind.estimated, "spare": 1.0}
    experiments, conditions = (REST, REST_CONDITIONS) if kind.rest else (kind.experiments, kind.conditions)
    tables = {
        "parameter": "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\n"
        + "".join(f"{name}\t0\t1e9\t{value!r}\ttrue\n" for name, value in estimated.items()),
        "observable": f"observableId\tobservableFormula\tnoiseFormula\no\t{kind.read}\tspare\n",
        "measurement": "observableId\texperimentId\ttime\tmeasurement\n"
        + "".join(f"o\t{'e' if experiments else ''}\t{time}\t1\n" for time in kind.times),
    }
    if experiments:
        tables["experiment"] = f"experimentId\ttime\tconditionId\n{experiments}"
        tables["condition"] = f"conditionId\ttargetId\ttargetValue\n{conditions}"
    for name, table in tables.items():
        (folder / f"{name}.tsv").write_text(table)
    lists = "".join(f"{name}_files: [{name}.tsv]\n" for name in tables)
    models = "model_files: {m: {language: sbml, location: model.xml}}\n"
    (folder / "problem.yaml").write_text(f"format_version: 2.0.0\nid: kind\n{models}{lists}")
    return folder / "problem.yaml"


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_member_of_a_kind_is_right_or_has_its_outcome(name: str, tmp_path: Path) -> None:
    kind, path = KINDS[name], _write(tmp_path, KINDS[name])
    right = np.array(kind.right or [np.nan] * len(kind.times), dtype=float)
    size = np.abs(right) if kind.relative else np.abs(right).max() or 1.0
    for rtol, atol in (FIT, EVALUATE):
        found = evaluate(path, rtol=rtol, atol=atol)
        assert set(found.outcomes.values()) == {kind.outcome}
        assert np.isfinite(found.simulation).all() == bool(kind.right)
        if kind.right:
            assert np.abs((found.simulation - right) / size).max() < 1e-4


def test_each_member_says_what_is_right_or_why_there_is_none() -> None:
    for name, kind in KINDS.items():
        assert (len(kind.right) == len(kind.times)) == (kind.outcome in ("ok", "rescued")), name
        assert inf not in kind.times
