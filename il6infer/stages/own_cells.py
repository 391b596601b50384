"""What the cells of a data set have of their own, beside those of others: written to the genotype of its conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from il6infer.stages import genotype
from il6infer.stages.genotype import Genotype, factor_of, read_genotype


def with_cells(
    protocol: pd.DataFrame, name: str, *, cell: str, preset: Sequence[str], values: Mapping[str, float],
    own: Sequence[str] = (), pooled: Sequence[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """Write what a data set has of its own to its protocol, as the genotype of each condition.

    Parameters
    ----------
    protocol, name
        Of the data set.
    cell, preset
        Preset of its cells, and the parameters that it gives; empty: none.
    values
        Parameter -> its value in this data set.
    own, pooled
        Parameters that are one a data set: each with the library's prior, or drawn around a common mean.
    """
    of = dict.fromkeys(preset, f"@{cell}")
    given: dict[str, float | str] = {**of}
    given |= {p: f":{name}{of.get(p, '')}" for p in own}
    given |= {p: f"~{name}{of.get(p, '')}" for p in pooled}
    given |= {p: f"={v!r}" for p, v in values.items()}
    texts = dict(zip(genotype.COLUMNS, zip(*(_cells(row, given, of) for row in protocol.itertuples()), strict=True),
                     strict=True))  # fmt: skip
    return protocol.assign(**texts)


def _cells(row: object, of_data_set: Mapping[str, float | str], of_preset: Mapping[str, str]) -> tuple[str, str]:
    """Text of a condition's cells: its own, and below that what its data set has."""
    said, _ = read_genotype(row.knock_out, row.set)  # type: ignore[attr-defined]
    given = {p: v for p, v in of_data_set.items() if p not in said.knock_out}
    # What is estimated of a parameter that the preset gives has the prior of these cells, not of the model's.
    own = {p: f"{v}{of_preset.get(p, '')}" if isinstance(v, str) else v for p, v in said.set.items()}
    # A factor is one on what the data set has.
    own |= {p: f"{v}{of_data_set.get(p, '')}" for p, v in said.set.items() if factor_of(v)[0] is not None}
    given |= own
    return Genotype(said.knock_out, given).cells
