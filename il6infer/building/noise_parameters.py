"""Noise of a read-out in which each measurement has a parameter of its own, in the tables of a PEtab problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd


def with_noise_parameter(
    tables: Mapping[str, pd.DataFrame], form: str, values: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Tables in which the noise of some read-outs has one parameter more.

    Parameters
    ----------
    tables
        ``observables`` and ``measurements`` among them.
    form
        What ``{sigma}``, the noise of a read-out, becomes with the parameter ``{own}``: ``({sigma}*{own})``.
    values
        (measurements,) name or number that each measurement gives it; empty where its read-out stays as it is.

    Returns
    -------
    dict
        The tables given, these two anew.
    """
    changed = set(tables["measurements"]["observableId"][[bool(value) for value in values]])
    if not changed:
        return dict(tables)
    observables, measured = tables["observables"].copy(), tables["measurements"].copy()
    if "noisePlaceholders" not in observables:
        observables["noisePlaceholders"] = ""
    for i, row in observables[observables["observableId"].isin(changed)].iterrows():
        name, places = row["observableName"], [p for p in row["noisePlaceholders"].split(";") if p]
        sigma, own = f"sigma_{name}", f"noiseParameter{len(places) + 1}_{name}"
        observables.loc[i, "noiseFormula"] = row["noiseFormula"].replace(sigma, form.format(sigma=sigma, own=own))
        observables.loc[i, "noisePlaceholders"] = ";".join([*places, own])
    given = zip(measured["noiseParameters"], values, strict=True)
    measured["noiseParameters"] = [";".join(filter(None, both)) for both in given]
    return {**tables, "observables": observables, "measurements": measured}
