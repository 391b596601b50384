"""Section on a joint fit: what each data set alone says of the parameters that all share, and where they disagree."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from il6infer.configuration.configuration import Configuration
from il6infer.configuration.hold_out import fitted
from il6infer.configuration.joint import cell_of, members_of, without_cell
from il6infer.configuration.load import models_of
from il6infer.library.catalogue import Library
from il6infer.library.priors import Z90, preset_of
from il6infer.report.labels import labels_apart
from il6infer.report.sections import doubts, hedged_by
from il6infer.stages import read
from il6infer.stages.verdict import ParameterStatistics, Verdict

APART = 2.0
"""Standard deviations beyond which two data sets disagree on a parameter that they share."""


@dataclass(frozen=True)
class Shared:
    """A shared parameter: its joint posterior, and that of each data set alone.

    Attributes
    ----------
    name
        In the joint fit; one that data sets of one cell preset share ends in the name of the preset.
    joint, alone
        (median, 5 %, 95 %); `alone` by data set.
    apart
        Largest distance of two data sets, in standard deviations of their difference, on the logarithmic scale.
    pair
        These two.
    pooled
        Whether it is the mean around which each data set has a value of its own: these may lie apart.
    """

    name: str
    joint: tuple[float, float, float]
    alone: Mapping[str, tuple[float, float, float]]
    apart: float | None
    pair: tuple[str, ...]
    pooled: bool = False

    @property
    def disputed(self) -> bool:
        """Whether two data sets disagree."""
        return not self.pooled and self.apart is not None and self.apart > APART

    @property
    def given_way(self) -> bool:
        """Whether the joint posterior lies beyond those of all data sets alone, by one of its standard deviations."""
        medians = [median for median, *_ in self.alone.values()]
        if self.pooled or min(*self.joint, *medians) <= 0:
            return False
        spread = math.log(self.joint[2] / self.joint[1]) / (2 * Z90)
        off = max(math.log(self.joint[0] / max(medians)), math.log(min(medians) / self.joint[0]))
        return off > spread


def section(config: Configuration, dataset: str, order: Sequence[str], results: Path) -> list[dict[str, Any]] | None:
    """Context of the section: for each model of a joint fit, its shared parameters; None of another data set.

    Parameters
    ----------
    order
        Models, the best first.
    """
    members = [name for name in members_of(config, dataset) if name in fitted(config)]
    if not members_of(config, dataset):
        return None
    found = []
    for model in order:
        own = {
            member: same[0]
            for member in members
            if (same := [m for m in models_of(config, member) if without_cell(m) == without_cell(model)])
        }
        verdicts = {member: read(results / member / m / "verdict.json", Verdict) for member, m in own.items()}
        joint = read(results / dataset / model / "verdict.json", Verdict)
        cells = {member: cell_of(config, member) for member in own}
        both = _shared(joint, verdicts, cells, config.datasets[dataset].pooled or ())
        failed = [f"{member} ({own[member]})" for member, v in verdicts.items() if not v.sampled.passed]
        found.append({"name": model, "members": list(own), "shared": both, "failed": failed,
                      "says": _says(both, joint, verdicts), "doubts": {m: doubts(v) for m, v in verdicts.items()},
                      "lacking": [m for m in members if m not in own]})  # fmt: skip
    return found


def _says(shared: Sequence[Shared], joint: Verdict, alone: Mapping[str, Verdict]) -> list[str]:
    """Say where data sets disagree; what leans on a fit that is no result, or no model of its data, says so."""
    if not shared:
        return ["No parameter can be compared: fewer than two data sets were fitted alone by this model."]

    def unfit(verdicts: Iterable[Verdict]) -> list[str]:
        return list(dict.fromkeys(doubt.label for verdict in verdicts for doubt in doubts(verdict)))

    disputed, given_way = ([p for p in shared if getattr(p, way)] for way in ("disputed", "given_way"))
    said = [
        hedged_by(f"{p.name}: {' and '.join(p.pair)} disagree, {p.apart:.1f} standard deviations apart.",
                  unfit(alone[m] for m in p.pair))
        for p in disputed
    ]  # fmt: skip
    if not disputed:
        line = f"no two data sets are more than {APART:g} standard deviations apart on a parameter that they share."
        line = hedged_by(line, unfit(alone.values()))
        return [f"{line[0].upper()}{line[1:]}"]
    if given_way:
        line = (
            "what they share besides gives way to that: the joint posterior of "
            f"{', '.join(p.name for p in given_way)} lies beyond those of all data sets alone, and is not to be quoted."
        )
        line = hedged_by(line, unfit([joint, *alone.values()]))
        said.append(f"{line[0].upper()}{line[1:]}")
    return said


def labels(
    config: Configuration, dataset: str, models: Sequence[str], library: Library
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Name the models of a joint fit in words, without the cells of its first data set, which are not all that it has.

    Parameters
    ----------
    models
        Names, each with the cell preset of the first data set.

    Returns
    -------
    labels, common
        As of `labels_apart`; both empty of another data set, and where two models would be called alike.
    """
    plain = {model: without_cell(model) for model in models}
    if len({*plain.values()}) < len(plain) or not members_of(config, dataset):
        return {}, ()
    words, common = labels_apart([*plain.values()], library)
    return {model: words[name] for model, name in plain.items()}, common


def _shared(
    joint: Verdict, alone: Mapping[str, Verdict], cells: Mapping[str, str], pooled: Collection[str]
) -> list[Shared]:
    rows = []
    for name, row in joint.parameters.items():
        # What a preset gives is one for all data sets of these cells, and has its plain name in the fit of each alone.
        plain = {m: _of_preset(name, cells.get(m, "")) for m in alone}
        triples = {m: known for m, v in alone.items() if (known := _triple(v.parameters.get(plain[m])))}
        both = _triple(row)
        if len(triples) < 2 or both is None:
            continue
        apart = {pair: _distance(triples[pair[0]], triples[pair[1]]) for pair in combinations(triples, 2)}
        known = {pair: d for pair, d in apart.items() if d is not None}
        pair = max(known, key=known.__getitem__, default=None)
        rows.append(Shared(name, both, triples, known[pair] if pair else None, pair or (), name in pooled))
    return sorted(rows, key=lambda r: -(r.apart or 0.0))


def _of_preset(name: str, cell: str) -> str:
    """Name of a parameter in the fit of one data set alone, whose cells are of a preset, or of none."""
    plain = name.removesuffix(f"_{cell}")
    return plain if cell and plain in preset_of(cell) else name


def _triple(row: ParameterStatistics | None) -> tuple[float, float, float] | None:
    """Median and ends of the 90 % interval; None where there is none."""
    if row is None or row.median is None or row.q05 is None or row.q95 is None:
        return None
    return row.median, row.q05, row.q95


def _distance(one: tuple[float, float, float], other: tuple[float, float, float]) -> float | None:
    if min(*one, *other) <= 0:
        return None
    spread = math.hypot(*(math.log(high / low) / (2 * Z90) for _, low, high in (one, other)))
    return abs(math.log(one[0] / other[0])) / spread if spread > 0 else None
