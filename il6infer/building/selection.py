"""Which measurements are fitted, and which are held out to be predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from il6infer._errors import Fault, nearest, raise_faults
from il6infer.problems.noise import KINDS, NOISES


def is_held_out(
    measurements: pd.DataFrame, conditions: Sequence[str], batches: Sequence[str], datasets: Sequence[str]
) -> pd.Series:
    """Say of each measurement whether its condition, its gel or plate, or its data set is held out.

    Parameters
    ----------
    measurements
        Table of the ingest stage.
    conditions, batches, datasets
        Names of what is held out.
    """
    table = measurements
    return table["condition"].isin(conditions) | table["batch"].isin(batches) | table["dataset"].isin(datasets)


def selected(
    measurements: pd.DataFrame, protocol: pd.DataFrame, conditions: Sequence[str], batches: Sequence[str],
    datasets: Sequence[str] = (), *, held_out: bool,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Take what is fitted, or what is held out, of the tables of the ingest stage.

    Parameters
    ----------
    conditions, batches, datasets
        Names of what is held out: all measurements of these conditions, gels or plates, and data sets of a joint fit.
    held_out
        Take these; False: take the others.

    Raises
    ------
    UserError
        With every name that the data set does not have, and if nothing is left to fit.
    """
    dataset = f"data set '{measurements['dataset'].iloc[0]}'" if len(measurements) else "data set"
    faults = [
        Fault("hold_out", f"no {what} '{name}' was measured.", nearest(name, set(measurements[column])))
        for what, column, names in (
            ("condition", "condition", conditions),
            ("batch", "batch", batches),
            ("data set", "dataset", datasets),
        )
        for name in names
        if name not in set(measurements[column])
    ]
    out = is_held_out(measurements, conditions, batches, datasets)
    if not faults and len(out) and out.all() and not held_out:
        faults.append(Fault("hold_out", "every measurement is held out.", "Leave some to be fitted."))
    raise_faults(faults, dataset)
    chosen = measurements[out == held_out]
    return chosen.reset_index(drop=True), protocol[protocol["condition"].isin(chosen["condition"])].reset_index(
        drop=True
    )


def joined(
    tables: Sequence[tuple[str, pd.DataFrame, pd.DataFrame]], noise: Mapping[str, str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put data sets under each other; names of conditions and gels begin with that of their data set, where it has one.

    A read-out of another data set has the noise of the fit where both are relative and of one kind. Linear noise is in
    the units of its instrument, and another kind is another quantity: such a read-out is ``<read-out>_<data set>``, as
    in a joint fit, and so has a noise of its own.

    Parameters
    ----------
    tables
        Name that is put before (or empty), measurements and protocol of each.
    noise
        Read-out -> kind of noise, as tables of measurements name it, of those that were fitted.

    Raises
    ------
    UserError
        With every condition and gel that would have the name of another data set's.
    """
    measured, done = [], []
    kinds = dict(noise or {})
    for name, measurements, protocol in tables:
        before = f"{name}_" if name else ""
        if name:
            measurements = _with_noise_of_its_own(name, measurements, kinds)
        else:
            kinds = dict(zip(measurements["observable"], measurements["noise"], strict=True)) | kinds
        measured.append(
            measurements.assign(condition=before + measurements["condition"], batch=before + measurements["batch"])
        )
        done.append(protocol.assign(condition=before + protocol["condition"]))
    faults, first = [], {}
    for (name, *_), table in zip(tables, measured, strict=True):
        for column, word in (("condition", "condition"), ("batch", "gel or plate")):
            for own in dict.fromkeys(table[column]):
                if first.setdefault((column, own), name) != name:
                    what = f"{word} '{own}' of data set '{name}' would have the name of another's."
                    faults.append(Fault("held-out data", what, "Give the data set another name."))
    raise_faults(faults, "data sets")
    return pd.concat(measured, ignore_index=True), pd.concat(done, ignore_index=True)


def _with_noise_of_its_own(name: str, measurements: pd.DataFrame, kinds: dict[str, str]) -> pd.DataFrame:
    """Rename read-outs of a data set whose noise is not that of `kinds`, to which relative noise is added."""
    apart = set()
    for readout, kind in zip(measurements["observable"], measurements["noise"], strict=True):
        if not NOISES[KINDS[kind]].logarithmic or kinds.setdefault(readout, kind) != kind:
            apart.add(readout)
    own = measurements["observable"].isin(apart)
    return measurements.assign(
        observable=measurements["observable"].where(~own, measurements["observable"] + f"_{name}"),
        dataset=measurements["dataset"].where(~own, name),
    )
