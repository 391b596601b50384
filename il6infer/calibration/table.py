"""Recovery of simulated truths, model by model: how often intervals hold them, with standard errors over data sets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from il6infer.calibration.uniform import inside
from il6infer.stages.calibration import Calibration


def recovery(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """One row for each calibration.

    Parameters
    ----------
    calibrations
        Of one problem each.

    Returns
    -------
    pandas.DataFrame
        Columns

        - ``problem``, ``parameters``: its id, and how many are estimated;
        - ``data_sets``, ``without_fit``, ``not_converged``: counts; fits that did not converge count in what follows;
        - ``inside_50``, ``inside_90``: share of true values in central intervals, over all parameters and data sets;
        - ``se_50``, ``se_90``: its standard error over data sets, within which parameters are not independent; NaN for
          a single one;
        - ``passing``, ``passing_50``, ``passing_90``, ``passing_se_50``, ``passing_se_90``: the same of those fits
          alone whose verdict on sampling passes, and how many these are;
        - ``lowest_90``, ``lowest_90_of``: smallest share of a single parameter, and which it is;
        - ``p``, ``p_of``, ``p_min``: smallest p that ranks are uniform, its parameter, and the limit;
        - ``uniform``: whether every data set was fitted and all ranks pass.
    """
    return pd.DataFrame([_row(found) for found in calibrations])


def _row(found: Calibration) -> dict[str, object]:
    ranks = np.array([row.ranks for row in found.parameters.values()], dtype=float).reshape(len(found.parameters), -1)
    row: dict[str, object] = {
        "problem": found.called, "parameters": len(found.parameters), "data_sets": found.fits,
        "without_fit": len(found.failed), "not_converged": found.not_converged,
    }  # fmt: skip
    passing = np.array(found.passing, dtype=bool)
    row |= _shares(ranks, found.levels, "inside", "se")
    row |= {"passing": int(passing.sum())}
    row |= _shares(ranks[:, passing], found.levels, "passing", "passing_se")
    if ranks.size:
        lowest = min(found.parameters, key=lambda name: found.parameters[name].inside_90 or 0.0)
        oddest = min(found.parameters, key=lambda name: found.parameters[name].p or 0.0)
        row |= {"lowest_90": found.parameters[lowest].inside_90, "lowest_90_of": lowest}
        row |= {"p": found.parameters[oddest].p, "p_of": oddest}
    return row | {"p_min": found.p_min, "uniform": found.passed}


def _shares(ranks: np.ndarray, levels: int, inside_of: str, error_of: str) -> dict[str, float]:
    """Share of truths in 50 and 90 % intervals, and its standard error over data sets, of ranks (parameters, sets)."""
    row = {}
    for share in (50, 90):
        held = inside(ranks, levels, share / 100).mean(axis=0) if ranks.size else np.array([])
        row[f"{inside_of}_{share}"] = float(held.mean()) if len(held) else math.nan
        row[f"{error_of}_{share}"] = float(held.std(ddof=1) / math.sqrt(len(held))) if len(held) > 1 else math.nan
    return row
