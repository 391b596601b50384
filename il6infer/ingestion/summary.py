"""The report of the stage: what was read, what was left out and why, digests of every input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from il6infer._units import substances
from il6infer.ingestion.checks import Source
from il6infer.ingestion.protocol import Protocol
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
        files=tuple(_file(source) for source in sources),
        molecular_weights={
            key: MolecularWeight(entry.mass, entry.low, entry.high, entry.source, entry.doi)
            for key, entry in substances().items()
            if key in species
        },
    )


def _counts(column: Any) -> dict[str, int]:
    return {str(key): int(count) for key, count in column.value_counts(sort=False).items()}


def _file(source: Source) -> RawFile:
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
        dropped=_dropped(source),
        quality=dict(source.reading.quality),
    )


def _dropped(source: Source) -> tuple[Dropped, ...]:
    """Cells left out, grouped by read-out and reason; `detection_limit` is the highest of the group, or None."""
    groups: dict[tuple[str, str], list[tuple[int, float | None]]] = {}
    for drop in source.reading.dropped:
        groups.setdefault((drop.observable, drop.reason), []).append((drop.row, drop.detection_limit))
    return tuple(
        Dropped(
            observable=observable,
            reason=reason,
            count=len(drops),
            rows=tuple(row for row, _ in drops),
            detection_limit=max((limit for _, limit in drops if limit is not None), default=None),
        )
        for (observable, reason), drops in groups.items()
    )
