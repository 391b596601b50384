"""What lies below a signal, and nobody said: backgrounds in a column of their own, a limit put for nothing seen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from il6infer._errors import Fault
from il6infer.ingestion.sources import Sound, Source, without_faults

_BACKGROUND = re.compile(
    r"(?<![a-z])(isotype|unstained|fmo|autofluorescence|secondary only|2nd only|no primary|igg)(?![a-z])", re.IGNORECASE
)
_OF_ONE = (1.0, 100.0)
"""What a control is that was divided by its own number."""
LEAST = 3
"""Values that are equal to the last digit, and the least of all, before they are taken for a limit."""


def untaken_backgrounds(sources: Sequence[Source]) -> Iterator[Fault]:
    """Find columns of cells without stain that are passed over, beside values that are said to have no background.

    Parameters
    ----------
    sources
        Each gel or plate.

    Yields
    ------
    Fault
        For each such column of numbers.
    """
    for one in without_faults(sources):
        bare = sorted({value.observable for value, _ in one.read if not value.offset})
        for column in one.passed_over:
            numbers = any(one.sheet.number(row[column]) is not None for _, row in one.read)
            if bare and numbers and _BACKGROUND.search(column):
                what = f"it holds a background, and {', '.join(bare)} is read as if it had none."
                remedy = f"Subtract it, or say 'offset: true' of the read-out; then list it under 'ignore: [{column}]'."
                yield Fault(one.where(column), what, remedy)


def limits_put_for_none(sources: Sequence[Source]) -> Iterator[Fault]:
    """Find values that look like a limit of detection, or a part of it, which somebody wrote where nothing was seen.

    Parameters
    ----------
    sources
        Each gel or plate.

    Yields
    ------
    Fault
        For each read-out whose least value stands in `LEAST` or more samples of several conditions or times, and no
        other value twice. Where a range is stated, or another cell says ``<``, whoever wrote it knows of limits.
    """
    for one in without_faults(sources):
        for observable in one.source.spec.observables:
            if fault := _put_for_none(one, observable):
                yield fault


def _put_for_none(one: Sound, observable: str) -> Fault | None:
    values = [value for value in one.source.reading.values if value.observable == observable]
    if not values or any(value.censored for value in values) or _stated(one.source, observable):
        return None
    (least, count), *others = sorted(Counter(value.value for value in values).items())
    places = {(value.condition, value.time_min) for value in values if value.value == least}
    once = all(times == 1 for _, times in others)
    if count < LEAST or len(places) < 2 or not once or len(others) < 2 or (values[0].scale and least in _OF_ONE):
        return None
    row = next(value.row for value in values if value.value == least)
    what = f"{observable} is the same here and in {count - 1} more rows, the least of all, and no other stands twice: "
    what += "is it a limit of detection, or a part of it, put where nothing was seen?"
    remedy = "Write '<' and the limit there. If it was measured so, say a 'detection_limit:' below it."
    return Fault(one.sheet.where(row), what, remedy)


def _stated(source: Source, observable: str) -> bool:
    """Tell whether the description says a limit of detection of a read-out."""
    columns = getattr(source.spec, "columns", None)
    said = columns.get(observable) if isinstance(columns, Mapping) else source.spec
    return getattr(said, "detection_limit", None) is not None
