"""Errors that hang together along a course of lanes: two parameters of each read-out, and what carries them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from il6infer._along_courses import ALONG
from il6infer._errors import Fault
from il6infer.library.priors import log_normal
from il6infer.problems.noise import KINDS, NOISES
from il6infer.problems.spec import CARRIER, SHARED

CORRELATION_TIME = (30.0, 5.0, 180.0)
"""Median and 90 % interval [min]: errors along a course are what a model misses of its features, which last from the
activation of receptors (5 min) to the fall by feedback (3 h), and drifts over neighbouring lanes of a gel."""

MOST = 0.95
"""Largest share of the variance that goes on along the course; any share up to it is as probable. Loading and transfer
of a lane are its own: of a noise sd of 0.2, of the natural log, 0.95 leaves 0.045 to them."""


def _with_courses(measurements: pd.DataFrame, along_course: str) -> list[str]:
    """Read-outs of which a gel or plate has two measurements or more of one course."""
    if along_course not in ALONG:
        raise ValueError(f"along_course is one of {list(ALONG)}, not {along_course!r}")
    if along_course == "independent":
        return []
    keys = ["observable", "batch", "condition", *(["replicate"] if along_course == "correlated" else [])]
    sizes = measurements.groupby(keys, sort=False, dropna=False).size()
    return list(dict.fromkeys(sizes[sizes > 1].index.get_level_values(0)))


def correlation_faults(measurements: pd.DataFrame, along_course: str) -> list[Fault]:
    """Find read-outs whose errors cannot hang together along a course.

    Parameters
    ----------
    measurements
        Table of the ingest stage.
    along_course
        One of `il6infer._along_courses.ALONG`.
    """
    plain = [word for word, kind in KINDS.items() if NOISES[kind].error == "normal"]
    faults = []
    for name in _with_courses(measurements, along_course):
        own = measurements[measurements["observable"] == name]
        kind = str(own["noise"].iloc[0])
        if kind not in plain:
            what = f"'{name}' has {kind} noise, and only lognormal and normal errors can hang together along a course."
            remedy = "Choose 'noise: lognormal' or 'normal' for it, or leave 'noise: {along_course: independent}'."
            faults.append(Fault("measurements", what, remedy))
        limits = int((own["censored"] != "").sum())
        if limits:
            many = f"1 value of '{name}' lies" if limits == 1 else f"{limits} values of '{name}' lie"
            what = f"{many} beyond a limit, and errors that hang together along a course need values."
            remedy = "Read the file without values beyond limits, or leave 'noise: {along_course: independent}'."
            faults.append(Fault("measurements", what, remedy))
    return faults


def with_correlation_tables(
    tables: Mapping[str, pd.DataFrame], measurements: pd.DataFrame, along_course: str
) -> dict[str, pd.DataFrame]:
    """Tables of a PEtab problem in which each read-out that has courses has what says how its errors hang together.

    Parameters
    ----------
    tables
        ``observables`` (the read-outs alone) and ``parameters`` among them.
    measurements
        Table of the ingest stage.
    along_course
        One of `il6infer._along_courses.ALONG`.
    """
    observables, carrier = tables["observables"], SHARED if along_course == "shared" else CARRIER
    with_courses = set(_with_courses(measurements, along_course))
    mine = observables[observables["observableName"].isin(with_courses)]
    if mine.empty:
        return dict(tables)
    parameters = pd.DataFrame(_rows(list(mine["observableName"])))
    rows = [
        {
            "observableId": f"{carrier}{observable}",
            "observableName": f"errors of {name} along a course",
            "observableFormula": _time(name),
            "noiseFormula": _share(name),
            "noiseDistribution": "normal",
        }
        for observable, name in zip(mine["observableId"], mine["observableName"], strict=True)
    ]
    return {
        **tables,
        "observables": pd.concat([observables, pd.DataFrame(rows)], ignore_index=True).fillna(""),
        "parameters": pd.concat([tables["parameters"], parameters], ignore_index=True),
    }


def _rows(names: list[str]) -> list[dict[str, object]]:
    """Parameters of each read-out, as rows of a table of parameters.

    Parameters
    ----------
    names
        Of the read-outs.
    """
    mean, sd = log_normal(*CORRELATION_TIME)
    low, high = CORRELATION_TIME[1:]
    rows: list[dict[str, object]] = []
    for name in names:
        rows.append(
            {
                "parameterId": _time(name), "parameterName": f"correlation time of errors of {name} along a course",
                "lowerBound": 1e-3 * low, "upperBound": 1e3 * high, "nominalValue": CORRELATION_TIME[0],
                "estimate": "true", "priorDistribution": "log-normal", "priorParameters": f"{mean:.12g};{sd:.12g}",
                "unit": "min", "source": "how long features of a course last, from activation to feedback",
            }
        )  # fmt: skip
        rows.append(
            {
                "parameterId": _share(name), "parameterName": f"share of the error of {name} that goes on in a course",
                "lowerBound": 0.0, "upperBound": MOST, "nominalValue": 0.5 * MOST,
                "estimate": "true", "priorDistribution": "uniform", "priorParameters": f"0;{MOST:g}",
                "unit": "1", "source": f"any share up to {MOST:g}: loading and transfer of a lane are its own",
            }
        )  # fmt: skip
    return rows


def _time(name: str) -> str:
    return f"correlation_time_{name}"


def _share(name: str) -> str:
    return f"correlated_share_{name}"
