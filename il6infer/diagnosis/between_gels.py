"""Whether gels or plates contradict each other in what they say of one condition and time, whatever the model."""

from __future__ import annotations

import json
from collections.abc import Collection

import numpy as np
from scipy.stats import f as fisher

from il6infer._files import Groups
from il6infer.problems.noise import NOISES
from il6infer.stages.gel_names import endings


def contradiction_p(idata: Groups, name: str, here: np.ndarray) -> float | None:
    """Test whether gels differ in more than a factor, by the F test of interaction in a two-way layout of logarithms.

    Any model that a gel reads up to a factor says the same of one condition and time on each; what is left beside the
    scatter of replicates on one gel is a difference between gels (other cells, another day), which no model mends.

    Parameters
    ----------
    idata
        What a verdict reads.
    name
        Read-out.
    here
        Measurements that have a value, boolean (measurements,).

    Returns
    -------
    float or None
        p; None where noise is not relative, gels have an offset or no scale of their own, or no two gels share two
        conditions or times with replicates.
    """
    about, posterior = idata["constant_data"], idata["posterior"]
    kind = json.loads(posterior.attrs.get("noise", "{}")).get(name, "normal")
    batches = about[f"{name}_batch"].values[here].astype(str)
    known = set(map(str, posterior.data_vars))
    scaled = all(_own("scale", name, batch, known) for batch in set(batches))
    offset = any(_own("offset", name, batch, known) for batch in set(batches))
    if not NOISES[kind].logarithmic or not scaled or offset:
        return None
    cells = [
        f"{experiment}\n{time}"
        for experiment, time in zip(
            about[f"{name}_experiment"].values[here], about[f"{name}_time"].values[here], strict=True
        )
    ]
    return interaction_p(np.log(idata["observed_data"][name].values[here]), np.array(cells), batches)


def _own(kind: str, readout: str, batch: str, known: Collection[str]) -> bool:
    """Whether a read-out has a parameter of a kind on a gel."""
    return any(f"{kind}_{readout}_{end}" in known for end in endings(readout, batch))


def interaction_p(values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> float | None:
    """Give p of the F test of interaction between rows and columns.

    Parameters
    ----------
    values, rows, columns
        (values,) each: numbers, and the names of their row and column.
    """
    shared = [row for row in dict.fromkeys(rows.tolist()) if len(set(columns[rows == row])) > 1]
    kept = np.isin(rows, shared) & np.isfinite(values)
    values, rows, columns = values[kept], rows[kept], columns[kept]
    if not len(values):
        return None
    both = np.char.add(np.char.add(rows.astype(str), "\t"), columns.astype(str))
    additive, whole = np.hstack([_indicators(rows), _indicators(columns)]), _indicators(both)
    freedom = whole.shape[1] - int(np.linalg.matrix_rank(additive))
    left = len(values) - whole.shape[1]
    inside, outside = _misfit(whole, values), _misfit(additive, values)
    if freedom < 1 or left < 1 or not inside > 0:
        return None
    return float(fisher.sf((outside - inside) / freedom / (inside / left), freedom, left))


def _indicators(names: np.ndarray) -> np.ndarray:
    return (names[:, None] == np.unique(names)).astype(float)


def _misfit(design: np.ndarray, values: np.ndarray) -> float:
    """Sum of squares that a least-squares fit leaves."""
    return float(np.sum((values - design @ np.linalg.lstsq(design, values, rcond=None)[0]) ** 2))
