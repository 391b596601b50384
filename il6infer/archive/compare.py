"""Two files of one result: the same bytes, the same but for times and machine, or what differs and by how much."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, Literal

from markupsafe import escape

from il6infer._files import digest, read_posterior

Outcome = Literal["bytes", "content", "differs"]

OF_THE_RUN = frozenset(
    {"wall_time_s", "compile_time_s", "sampling_time_s", "threads", "source_digest", "il6infer_version", "versions"}
)
"""Fields of results that say how long a run took, and with what: the environment is compared by itself."""

_RUN_IN_PAGE = re.compile(r'<(\w+) class="run">.*?</\1>')
"""The same in the page, whose templates mark it."""

NOTHING: Mapping[str, str] = {}

_SHOWN = 3


def compare(one: Path, other: Path, moved: Mapping[str, str] = NOTHING) -> tuple[Outcome, str]:
    """Compare a result with the same made again.

    Parameters
    ----------
    one, other
        The files.
    moved
        Path in the one -> path in the other: of files that lie elsewhere now.

    Returns
    -------
    outcome
        ``bytes``, ``content`` (the same but for `OF_THE_RUN`), or ``differs``.
    what
        What differs, in words.
    """
    if digest(one) == digest(other):
        return "bytes", ""
    kinds = {".nc": _posterior, ".csv": _table, ".tsv": _table}
    if one.suffix == ".json":
        found = _json(one, other, moved)
    elif one.suffix == ".html":
        found = _page(one, other, moved)
    else:
        found = kinds.get(one.suffix, _text)(one, other)
    differences = [*islice(found, 1000)]
    if not differences:
        return "content", "times, threads, versions, or where files lie"
    more = f"; and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
    return "differs", "; ".join(differences[:_SHOWN]) + more


def _json(one: Path, other: Path, moved: Mapping[str, str]) -> Iterator[str]:
    yield from _values(json.loads(one.read_text("utf-8")), json.loads(other.read_text("utf-8")), "", moved)


def _page(one: Path, other: Path, moved: Mapping[str, str]) -> Iterator[str]:
    first, second = (_RUN_IN_PAGE.sub("", path.read_text("utf-8")) for path in (one, other))
    for old, new in moved.items():
        written, then = (str(escape(json.dumps(path, ensure_ascii=False))) for path in (old, new))
        first = first.replace(written, then)
    yield from _lines(first.splitlines(), second.splitlines())


def _values(one: Any, other: Any, at: str, moved: Mapping[str, str] = NOTHING) -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in [*one, *(key for key in other if key not in one)]:
            place = f"{at}.{key}" if at else str(key)
            if key in OF_THE_RUN:
                continue
            if key not in one or key not in other:
                yield f"{place} is {'new' if key in other else 'gone'}"
            else:
                yield from _values(one[key], other[key], place, moved)
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{at} has {len(one)} entries, then {len(other)}"
        for index, (a, b) in enumerate(zip(one, other, strict=False)):
            yield from _values(a, b, f"{at}.{index}", moved)
    elif one != other and not (isinstance(one, str) and moved.get(one) == other):
        yield f"{at}: {_change(one, other)}"


def _change(one: Any, other: Any) -> str:
    """Say how a value changed, a number by its part in all of it."""
    try:
        a, b = float(one), float(other)
        size = max(abs(a), abs(b))
        apart = f" ({abs(a - b) / size:.1g} of it)" if math.isfinite(size) and size else ""  # 0 may have become 0.0
        return f"{one} became {other}{apart}"
    except (TypeError, ValueError):
        return f"{str(one)[:60]!r} became {str(other)[:60]!r}"


def _table(one: Path, other: Path) -> Iterator[str]:
    delimiter = "\t" if one.suffix == ".tsv" else ","
    with one.open(encoding="utf-8", newline="") as first, other.open(encoding="utf-8", newline="") as second:
        rows = zip_longest(csv.reader(first, delimiter=delimiter), csv.reader(second, delimiter=delimiter))
        heads: list[str] = []
        for number, (a, b) in enumerate(rows, start=1):
            heads = heads or list(a or b or ())
            if a is None or b is None or len(a) != len(b):
                yield f"row {number} is in one only, or has another number of cells"
                return
            for name, x, y in zip(heads, a, b, strict=False):
                if x != y:
                    yield f"row {number}, column '{name}': {_change(x, y)}"


def _text(one: Path, other: Path) -> Iterator[str]:
    try:
        first, second = (path.read_text("utf-8").splitlines() for path in (one, other))
    except UnicodeDecodeError:
        yield "other bytes"
        return
    yield from _lines(first, second) if first != second else ["only the line ends"]


def _lines(first: list[str], second: list[str]) -> Iterator[str]:
    changed = [n for n, (a, b) in enumerate(zip_longest(first, second), start=1) if a != b]
    if changed:
        yield f"{len(changed)} of {max(len(first), len(second))} lines, the first of them line {changed[0]}"


def _posterior(one: Path, other: Path) -> Iterator[str]:
    """Compare each variable of each group; of parameters, by how many errors of Monte Carlo their means are apart."""
    first, second = read_posterior(one), read_posterior(other)
    for group in [*first, *(name for name in second if name not in first)]:
        if group not in first or group not in second:
            yield f"group {group} is {'new' if group in second else 'gone'}"
            continue
        a, b = first[group], second[group]
        yield from _values(_attributes(a.attrs), _attributes(b.attrs), group)
        for name in [*a.variables, *(name for name in b.variables if name not in a.variables)]:
            if name not in a.variables or name not in b.variables:
                yield f"{group}.{name} is {'new' if name in b.variables else 'gone'}"
            elif not _same_array(a[name].values, b[name].values):
                yield f"{group}.{name}: {_apart(a[name].values, b[name].values)}"


def _attributes(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as values; those that hold JSON are read."""
    found = {}
    for key, value in attrs.items():
        text = str(value)
        try:
            found[key] = json.loads(text) if text.startswith(("{", "[")) else text
        except json.JSONDecodeError:
            found[key] = text
    return found


def _same_array(a: Any, b: Any) -> bool:
    return (
        a.shape == b.shape
        and a.dtype == b.dtype
        and (a.tobytes() == b.tobytes() if a.dtype != object else (a == b).all())
    )


def _apart(a: Any, b: Any) -> str:
    import numpy as np

    if a.shape != b.shape:
        return f"shape {a.shape}, then {b.shape}"
    if a.dtype.kind not in "fiu":
        return f"{int((a != b).sum())} of {a.size} values"
    with np.errstate(all="ignore"):
        changed = (a != b) & ~(np.isnan(a.astype(float)) & np.isnan(b.astype(float)))
        if not changed.any():
            return "the same numbers in other bits: signs of zeros, or kinds of NaN"
        found = f"{int(changed.sum())} of {a.size} values"
        if a.ndim == 2 and a.dtype.kind == "f" and a.size > 8:
            return found + _in_errors(a, b)
        known = changed & np.isfinite(a) & np.isfinite(b)
        if not known.any():
            return f"{found}, none of them a number in both"
        size = max(np.abs(a[known]).max(), np.abs(b[known]).max())
        return f"{found}, by {np.abs(a[known].astype(float) - b[known]).max() / size:.1g} of the largest of them"


def _in_errors(a: Any, b: Any) -> str:
    """Distance of two means of draws (chain, draw), in Monte Carlo standard errors of their difference."""
    import numpy as np

    from il6infer.draws.convergence import mean_error

    error = math.hypot(mean_error(a), mean_error(b))
    gap = abs(float(np.mean(a)) - float(np.mean(b)))
    return f", means {gap / error:.1f} Monte Carlo errors apart" if error > 0 and math.isfinite(error) else ""
