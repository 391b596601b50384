"""The report of the stage: what was read, what was left out and why, digests of every input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from il6infer._units import substances
from il6infer.ingestion.protocol import Protocol
from il6infer.ingestion.quality import checks
from il6infer.ingestion.sources import Source
from il6infer.ingestion.specs import Description
from il6infer.stages.ingest import Dropped, FileDigest, IngestSummary, MolecularWeight, RawFile


def summary(
    name: str,
    described: Description,
    protocol: Protocol,
    sources: Sequence[Source],
    measurements: pd.DataFrame,
    digests: Mapping[str, str],
) -> IngestSummary:
    """Sum up what was read.

    Parameters
    ----------
    name, described, protocol, sources, measurements
        The data set as read.
    digests
        Name -> sha256 of the description and of the protocol's file.
    """
    description, *rest = (FileDigest(path, sha256) for path, sha256 in digests.items())
    species = {step.species for step in protocol.steps if step.species}
    return IngestSummary(
        dataset=name,
        title=described.title,
        simulated=described.simulated,
        cell=described.cell,
        source=described.source,
        notes=described.notes,
        description=description,
        protocol=rest[0] if rest else description,
        values=len(measurements),
        observables=_counts(measurements["observable"]),
        conditions=_counts(measurements["condition"]),
        files=tuple(raw_file(source) for source in sources),
        molecular_weights={
            key: MolecularWeight(entry.mass, entry.low, entry.high, entry.source, entry.doi)
            for key, entry in substances().items()
            if key in species
        },
    )


def _counts(column: Any) -> dict[str, int]:
    return {str(key): int(count) for key, count in column.value_counts(sort=False).items()}


LIMIT_KEYS = {"below": "detection_limit", "above": "saturation"}
"""Key of a description by which cells on a side of the range become limits."""


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names))


def raw_file(source: Source) -> RawFile:
    """Sum up one gel or plate of a file."""
    values = {observable: 0 for observable in source.spec.observables}
    for value in source.reading.values:
        values[value.observable] += 1
    return RawFile(
        path=source.spec.path,
        assay=source.spec.assay,
        batch=source.spec.batch,
        sha256=source.sha256,
        rows=len(source.sheet.rows) if source.sheet else 0,
        values=values,
        censored=_counted(value.observable for value in source.reading.values if value.censored),
        dropped=_dropped(source),
        quality=dict(source.reading.quality),
        ignored=source.reading.ignored,
        passed_over=source.reading.passed_over,
        warnings=_warnings(source),
        checks=checks(source.reading.quality),
        **_found(source),
    )


def _found(source: Source) -> dict[str, Any]:
    """How the table of a file was found."""
    loaded, layout = source.loaded, source.spec.take.layout
    if loaded is None:
        return {}
    return {
        "format": loaded.format,
        "sheet": loaded.grid.sheet,
        "encoding": loaded.grid.encoding,
        "decimal": loaded.sheet.decimal,
        "thousands": loaded.sheet.thousands,
        "around": (*loaded.block.preamble, *loaded.block.footer),
        "layout": FileDigest(layout, source.layout_sha256) if isinstance(layout, str) else None,
    }


def _warnings(source: Source) -> tuple[str, ...]:
    """Say which way what was left out biases the rest, which conditions have no value, and the like."""
    reading = source.reading
    found = [*reading.notes]
    for observable in source.spec.observables:
        for side in LIMIT_KEYS:
            limits = sum((v.observable, v.censored) == (observable, side) for v in reading.values)
            if limits:
                found.append(f"{observable}: of {limits} measurements it is only known that they lie {side} a limit.")
    measured = {(value.condition, value.observable) for value in reading.values}
    for observable in source.spec.observables:
        for side, bias in (("below", "high"), ("above", "low")):
            out = {drop.row for drop in reading.dropped if (drop.observable, drop.side) == (observable, side)}
            if out:
                found.append(
                    f"{observable}: {len(out)} cells {side} range are left out; the mean of what is left is too {bias} "
                    "for the conditions and times that they belong to. Where their limit is known, say it "
                    f"('{LIMIT_KEYS[side]}:'): they then count as {side} it."
                )
        empty = [c for c in reading.conditions or {} if (c, observable) not in measured]
        if empty and any(drop.side for drop in reading.dropped):
            found.append(f"{observable}: no value of {', '.join(empty)} is left.")
    for reason in dict.fromkeys(drop.reason for drop in reading.dropped if drop.reason.startswith(("dead", "Ct of"))):
        rows = {drop.row for drop in reading.dropped if drop.reason == reason}
        found.append(f"{len(rows)} rows are left out ({reason}).")
    if negative := reading.quality.get("negative_bands"):
        found.append(f"{negative:.0f} values are below zero: a background was subtracted before.")
    return tuple(found)


def _dropped(source: Source) -> tuple[Dropped, ...]:
    """Cells left out, grouped by read-out and reason; `detection_limit` is the highest of the group, or None."""
    groups: dict[tuple[str, str, str], list[tuple[int, float | None]]] = {}
    lines = source.sheet.lines() if source.sheet else {}
    for drop in source.reading.dropped:
        place = lines.get(drop.row, drop.row)
        groups.setdefault((drop.observable, drop.reason, drop.side), []).append((place, drop.detection_limit))
    return tuple(
        Dropped(
            observable=observable,
            reason=reason,
            count=len(drops),
            rows=tuple(row for row, _ in drops),
            detection_limit=max((limit for _, limit in drops if limit is not None), default=None),
            side=side,
        )
        for (observable, reason, side), drops in groups.items()
    )
