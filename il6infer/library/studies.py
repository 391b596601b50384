"""Studies whose data or fits a prior leans on: fitted to the data of that study, it would count them twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from io import StringIO

import pandas as pd

from il6infer._errors import Fault, nearest, raise_faults
from il6infer.library.compose import Model

WIDER = 10.0
"""Either end of the 90 % interval of a prior that leans on a study moves by this factor where the study is left out."""


@cache
def studies() -> pd.DataFrame:
    """Study, parameter of the table of priors, and whether its prior leans on data, a fit or a prior of that study."""
    return pd.read_csv(StringIO((files("il6infer.library") / "studies.csv").read_text("utf-8")))


def leaning(parameter: str) -> list[str]:
    """Studies that the prior of a parameter leans on."""
    table = studies()
    return table["study"][table["parameter"] == parameter].tolist()


def without_studies(model: Model, left_out: Sequence[str]) -> Model:
    """Widen the priors that lean on studies, so that data of these studies are not counted twice.

    Receptors per cell keep theirs: they were counted, and are no part of what is fitted.

    Parameters
    ----------
    left_out
        Names of studies.

    Raises
    ------
    UserError
        With every name that is no study of the table.
    """
    known = list(dict.fromkeys(studies()["study"]))
    faults = [
        Fault(name, "no prior of the library leans on a study of that name.", nearest(name, known))
        for name in left_out
        if name not in known
    ]
    raise_faults(faults, "studies to leave out")
    priors = model.priors.copy()
    for row, parameter, distribution in zip(priors.index, priors["parameter"], priors["distribution"], strict=True):
        of = [study for study in left_out if study in leaning(parameter)]
        if of and distribution != "fixed":
            low, high, source = priors.loc[row, ["low", "high", "source"]]
            said = f"widened tenfold either way, without {' and '.join(of)}; else: {source}"
            priors.loc[row, ["low", "high", "source"]] = [low / WIDER, high * WIDER, said]
    return replace(model, priors=priors)
