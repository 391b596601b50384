"""Several data sets as one, to be fitted together: their tables under each other, and what each has of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from il6infer._errors import Fault, raise_faults
from il6infer.ingestion.assemble import Tables
from il6infer.stages.ingest import IngestSummary
from il6infer.stages.own_cells import with_cells


@dataclass(frozen=True)
class Member:
    """One data set of a joint fit.

    Attributes
    ----------
    measurements, protocol, summary
        As `il6infer ingest` wrote them.
    cell, preset
        Preset of its cells, and the parameters that it gives; empty: none.
    values
        Parameter -> its value in this data set.
    """

    name: str
    measurements: pd.DataFrame
    protocol: pd.DataFrame
    summary: IngestSummary
    cell: str = ""
    preset: tuple[str, ...] = ()
    values: Mapping[str, float] | None = None


def join(name: str, members: Sequence[Member], own: Sequence[str], pooled: Sequence[str]) -> Tables:
    """Put data sets together.

    Conditions and gels get the name of their data set before theirs, read-outs after theirs, for noise and scale are
    those of a data set. Parameters that a data set has of its own are written to the protocol, as a genotype is.

    Parameters
    ----------
    name
        Of the joint data set.
    own, pooled
        Parameters that are one a data set: each with the library's prior, or drawn around a common mean. All others are
        shared, but those of cell presets, which cells of one preset share.

    Raises
    ------
    UserError
        With every condition, gel and read-out that would have the name of another data set's.
    """
    measured, done = [], []
    for member in members:
        before = f"{member.name}_"
        table = member.measurements
        measured.append(
            table.assign(
                dataset=member.name, condition=before + table["condition"], batch=before + table["batch"],
                observable=table["observable"] + f"_{member.name}",
            )
        )  # fmt: skip
        of = {"cell": member.cell, "preset": member.preset, "values": member.values or {}}
        steps = with_cells(member.protocol, member.name, **of, own=own, pooled=pooled)
        done.append(steps.assign(condition=before + steps["condition"]))
    raise_faults(_same_names(members, measured, done), f"data sets of '{name}'")
    table = pd.concat(measured, ignore_index=True)
    return Tables(table, pd.concat(done, ignore_index=True), _summary(name, members, table))


def _same_names(
    members: Sequence[Member], measured: Sequence[pd.DataFrame], done: Sequence[pd.DataFrame]
) -> Iterator[Fault]:
    """Find what gets one name in two data sets: gel b_1 of data set a, and gel 1 of data set a_b."""
    for column, words in (("condition", "conditions"), ("batch", "gels or plates"), ("observable", "read-outs")):
        first: dict[str, str] = {}
        for member, table, steps in zip(members, measured, done, strict=True):
            named = [*table[column], *(steps[column] if column == "condition" else ())]
            for name in dict.fromkeys(map(str, named)):
                if first.setdefault(name, member.name) != member.name:
                    what = f"{words} of data sets '{first[name]}' and '{member.name}' would both be called '{name}'."
                    yield Fault("joint", what, "Give one of the data sets another name.")


def _summary(name: str, members: Sequence[Member], table: pd.DataFrame) -> IngestSummary:
    first, several = members[0].summary, [member.summary for member in members]
    counts = {
        column: {str(k): int(v) for k, v in table[column].value_counts(sort=False).items()}
        for column in ("observable", "condition")
    }
    return replace(
        first,
        dataset=name,
        title="Joint fit of " + ", ".join(member.name for member in members),
        simulated=any(s.simulated for s in several),
        cell="; ".join(f"{m.name}: {m.summary.cell or m.cell}" for m in members),
        source="; ".join(f"{m.name}: {m.summary.source.rstrip('.')}" for m in members),
        notes=" ".join(s.notes for s in several if s.notes),
        values=len(table),
        observables=counts["observable"],
        conditions=counts["condition"],
        files=tuple(replace(file, batch=f"{m.name}_{file.batch}") for m in members for file in m.summary.files),
        molecular_weights={key: weight for s in several for key, weight in s.molecular_weights.items()},
    )
