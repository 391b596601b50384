"""What a format is: how its files are known, and how their cells become a table with the house's column names."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from il6infer._errors import Fault
from il6infer._tables import Row
from il6infer.ingestion.cells import Grid, filled, plain
from il6infer.ingestion.formats.second_table import second_table
from il6infer.ingestion.marks import numeric
from il6infer.ingestion.times import unit_word

KNOWN: Mapping[str, tuple[str, ...]] = {
    "lane": ("lane", "lanes", "lane no", "lane number", "lane nr", "spur", "spur nr", "lane index", "piste"),
    "condition": (
        "condition",
        "conditions",
        "treatment",
        "stimulus",
        "stimulation",
        "bedingung",
        "behandlung",
        "traitement",
    ),
    "well": (
        "well",
        "wells",
        "well position",
        "position",
        "pos",
        "well name",
        "vertiefung",
        "kavitat",
        "puits",
        "well positions",
    ),
    "sample": ("sample", "sample name", "samples", "probe", "probenname", "sample id", "echantillon"),
    "gene": ("gene", "gene name", "target", "target name", "detector", "assay", "gen", "ziel", "zielsequenz", "cible"),
    "ct": ("ct", "cq", "cp", "crt", "c\u0442", "c\u0440", "ct value", "cq value", "quantification cycle cq"),
    "replicate": ("replicate", "technical replicate", "rep", "replikat", "replicat"),
    "firefly": ("firefly", "firefly luciferase", "fluc", "luc2", "ffluc"),
    "renilla": ("renilla", "renilla luciferase", "rluc", "hrluc"),
}
"""Column of this house -> what people and programs call it (see `plain`)."""

_JAPANESE = {"\u30ec\u30fc\u30f3": "lane", "\u30a6\u30a7\u30eb": "well", "\u907a\u4f1d\u5b50": "gene"}
_JAPANESE |= dict.fromkeys(("\u6761\u4ef6", "\u51e6\u7406"), "condition")
_JAPANESE |= dict.fromkeys(("\u8a66\u6599", "\u691c\u4f53"), "sample")

TIMES = re.compile(
    r"(time|zeit|temps|t|timepoint|time point|\u6642\u9593|\u6642\u523b)[ _]*[(\[/_ \uff08]*"
    r"(?P<unit>s|sec|seconds?|min|minutes?|minuten|h|hr|hrs|hours?|std|stunden|d|days?|tage?|\u5206|\u79d2|\u6642\u9593|\u65e5)"
    r"[)\]\uff09]*"
)
_BEHIND = re.compile(
    r".*[(\[]\s*(?P<unit>s|secs?|seconds?|mins?|minutes?|minuten|h|hrs?|hours?|std|stunden|d|days?|tage?)\.?\s*[)\]]"
)
_ARBITRARY = re.compile(
    r"\s*[(\[]\s*(a\.?\s?u\.?|arb\.? units?|rlu|rfu|ru|counts?|cps|int|w\.e\.)\s*[)\]]\s*$", re.IGNORECASE
)
"""A unit in brackets that is known only up to a factor."""
_CLOCK = re.compile(r".*[(\[]\s*(?P<clock>hh?:mm:ss|hh?:mm|mm:ss)\s*[)\]]")
_TIME_WORDS = {
    "hours": "h",
    "hour": "h",
    "hrs": "h",
    "stunden": "h",
    "minutes": "min",
    "minuten": "min",
    "seconds": "s",
    "days": "d",
    "tage": "d",
}

SUMMARIES = re.compile(
    r"(mean|average|avg|mittelwert|median|sd|s\.d\.|stdev|std\.? ?dev\.?|standard deviation|std|sem|se|sum|summe|total"
    r"|min|minimum|max|maximum|cv|%cv|count|n|range|average of .*|stdabw|standardabweichung|moyenne|ecart-?type"
    r"|\u00e9cart-?type)[:.]?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Block:
    """The table in a file.

    Attributes
    ----------
    columns, rows
        Of the table.
    left
        Rows that the program itself marks as not to be read, each with the reason.
    passed_over
        Columns of the program that repeat or sum up others, or say nothing of a value.
    preamble, footer
        Text above and below, with what stands beside it.
    begins
        Rows of the file above which a blank line stands.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    left: tuple[tuple[int, str], ...] = ()
    passed_over: tuple[str, ...] = ()
    preamble: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    begins: tuple[int, ...] = ()


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes
    ----------
    name
        As in ``format:``.
    text
        Which program writes it, and what it holds.
    finds
        Tells from all cells whether a file is of this kind.
    read
        Reads (cells, names of columns that are wanted) as a block; None with the faults.
    program
        Whether a program writes it: its numbers are all written in one way.
    small
        Whether its numbers are far below a thousand, so that a point in them is no separator of thousands.
    unpack
        Gives the cells of bytes that are neither text nor a workbook; None where they are not of this kind.
    """

    name: str
    text: str
    finds: Callable[[Grid], bool]
    read: Callable[[Grid, Collection[str]], tuple[Block | None, list[Fault]]]
    program: bool = True
    small: bool = False
    unpack: Callable[[bytes, str], tuple[Grid | None, list[Fault]]] | None = None


@lru_cache(maxsize=65_536)
def bare(header: str) -> str:
    """Name of a column without a unit in brackets that is no scale: ``Firefly (RLU)``, ``pSTAT3 [a.u.]``."""
    return plain(_ARBITRARY.sub("", header))


@lru_cache(maxsize=65_536)
def known_as(header: str) -> str:
    """Column of this house that a header means; ``time_min`` for times whatever their unit; empty for none."""
    words = plain(header)
    if time_unit(header):
        return "time_min"
    found = next((column for column, names in KNOWN.items() if words in names or bare(header) in names), "")
    return found or _JAPANESE.get(header.strip(), "")


@lru_cache(maxsize=4_096)
def time_unit(header: str) -> str:
    """Tell the unit that a column of times names (``Time (h)``: h); empty where it is none or names no unit."""
    if header.strip().casefold() in _TIME_WORDS:
        return _TIME_WORDS[header.strip().casefold()]
    found = TIMES.fullmatch(header.strip().casefold())
    if not found:
        return ""
    return unit_word(found["unit"])


def told_time_unit(header: str) -> str:
    """Tell what the header of a column that is known to hold times says of their unit, or of how they are written.

    ``Time after stimulation [hours]`` is h and ``Time (hh:mm:ss)`` hh:mm:ss; empty where it says nothing. Whether a
    column holds times at all is what `time_unit` knows: an exposure (s) is none.
    """
    name = header.strip().casefold()
    if found := _CLOCK.fullmatch(name):
        clock = found["clock"]
        return f"h{clock}" if clock.startswith("h:") else clock
    if unit := time_unit(header):
        return unit
    found = _BEHIND.fullmatch(name)
    return unit_word(found["unit"]) if found else ""


def headers(grid: Grid, *groups: Iterable[str]) -> int | None:
    """First row that has, of each group of names, at least one (compared as `plain`); None: no row has."""
    wanted = [{plain(name) for name in group} for group in groups]
    for place, found in enumerate(grid.words):
        if found and all(found & group for group in wanted):
            return place
    return None


def has(grid: Grid, head: int, names: Collection[str]) -> bool:
    """Whether a header has one of some names.

    Parameters
    ----------
    grid
        Cells of a sheet.
    head
        Row of the header.
    names
        Any of them will do; case, spaces and signs do not count.
    """
    return bool({plain(cell) for cell in grid.rows[head]} & {plain(name) for name in names})


def text_of(rows: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Lines of text that stand beside a table, cut to what a reader can take in."""
    lines = []
    for row in rows:
        cells = [cell for cell in row if cell]  # a merged title stands in each of its cells
        lines.append(
            "  ".join(c for c, before in zip(cells, ["", *cells], strict=False) if c != before or numeric(c))[:300]
        )
    return tuple(line for line in lines if line)[:50]


def table_below(
    grid: Grid,
    head: int,
    *,
    strict: bool = False,
    sums: bool = False,
    stop: Callable[[Sequence[str]], bool] | None = None,
) -> tuple[Block | None, list[Fault]]:
    """Table whose header is a row.

    Parameters
    ----------
    grid
        All cells.
    head
        Row of the header, counted from 0.
    strict
        Whether a row with fewer cells than the header is a fault: in a text with commas a cell may have been lost.
    sums
        Whether the program writes means and the like below the rows.
    stop
        Tells the first row that is no longer of the table.

    Returns
    -------
    tuple
        The block, without columns that are empty throughout; and the faults of header and rows.
    """
    where = f"{grid.name}, row {head + 1}"
    body = [(place, row) for place, row in enumerate(grid.rows[head + 1 :], start=head + 2) if any(row)]
    if stop is not None:
        end = next((i for i, (_, row) in enumerate(body) if stop(row)), len(body))
        body, below = body[:end], [row for _, row in body[end:]]
    else:
        below = []
    names = list(grid.rows[head])
    said = max((filled(row) for _, row in body), default=0)
    width = max(filled(names), said if said <= len(names) else 0)
    body, footer = _without_footer(body, width, sums)
    names = names[:width]
    faults: list[Fault] = []
    if other := second_table(body, names, head):
        line, what = other
        return None, [Fault(f"{grid.name}, row {line}", what, "Give each table a file, or a sheet, of its own.")]
    for line, row in body:
        if len(row) == width and row[-1]:
            continue  # as nearly all are
        cells = filled(row)
        if cells > width:
            what = f"{cells} cells where the header has {width}."
            faults.append(Fault(f"{grid.name}, row {line}", what, f"A text with a {_word(grid)} in it needs quotes."))
        elif strict and len(row) < width:
            what = f"{len(row)} cells where the header has {width}."
            faults.append(Fault(f"{grid.name}, row {line}", what, f"An empty cell needs its {_word(grid)}, too."))
    kept = [i for i, name in enumerate(names) if name or any(i < len(row) and row[i] for _, row in body)]
    names = [names[i] for i in kept]
    repeats = {name for name in names if name and names.count(name) > 1}
    beside = "" in grid.rows[head][:width] and len(repeats) > 1
    remedy = "Two tables side by side? Give each a file, or a sheet, of its own." if beside else "Rename or remove one."
    faults = [Fault(where, f"column '{name}' appears twice.", remedy) for name in sorted(repeats)] + faults
    if names.count("") > 1:
        faults.append(Fault(where, "several columns have no name.", "Name or remove them."))
    if not faults and not body:
        faults.append(
            Fault(grid.name, "the file has a header but no rows.", "Add the measured values, or leave it out.")
        )
    if faults:
        return None, faults
    last, all_kept = max(kept, default=-1), kept == list(range(len(kept)))
    rows = tuple(
        Row(line, dict(zip(names, row if all_kept else [row[i] for i in kept], strict=False)))
        if len(row) > last
        else Row(line, {name: row[i] if i < len(row) else "" for name, i in zip(names, kept, strict=True)})
        for line, row in body
    )
    begins = tuple(line for (last, _), (line, _) in pairwise(body) if line > last + 1)
    above, under = text_of(grid.rows[:head]), text_of([*footer, *below])
    return Block(tuple(names), rows, preamble=above, footer=under, begins=begins), []


def _word(grid: Grid) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}.get(grid.delimiter, "column")


def _without_footer(
    body: list[tuple[int, tuple[str, ...]]], width: int, sums: bool
) -> tuple[list[tuple[int, tuple[str, ...]]], list[tuple[str, ...]]]:
    """Rows of the table, and those at its end that sum it up or are words below it.

    A row that begins with a word such as Mean is one of the table (MAX is a gene) unless a blank line stands before it,
    a cell is empty that all rows above fill, or the program is known to write such rows.
    """
    end = len(body)
    while end > 0:
        line, row = body[end - 1]
        cells = [cell for cell in row if cell]
        if numeric(cells[0]):
            break
        alone = len(cells) == 1 and width > 2 and row[0] == cells[0] and not re.fullmatch(r"[A-P]\d{1,2}", cells[0])
        word = bool(SUMMARIES.fullmatch(cells[0])) and width > 1
        if not alone and not (word and (sums or _apart(body, end, line, row))):
            break
        end -= 1
    if end == 0:
        return body, []
    return body[:end], [row for _, row in body[end:]]


def _apart(body: list[tuple[int, tuple[str, ...]]], end: int, line: int, row: tuple[str, ...]) -> bool:
    """Tell whether a row stands apart from those above, or leaves cells empty that all of them fill."""
    above = [each for _, each in body[: end - 1] if not SUMMARIES.fullmatch(each[0])]
    if not above or line - body[end - 2][0] > 1:
        return True
    full = [i for i in range(min(map(len, above))) if all(each[i] for each in above)]
    return any(i >= len(row) or not row[i] for i in full)


def renamed(block: Block, names: Mapping[str, str], hidden: Collection[str] = ()) -> Block:
    """Give the block with columns called otherwise (header -> name), and without those in `hidden`.

    Parameters
    ----------
    block
        Columns and rows of one table.
    names
        Header -> name; what is not among them keeps its own.
    hidden
        Headers of columns that are passed over.
    """
    gone = [column for column in block.columns if column in hidden]
    kept = [column for column in block.columns if column not in hidden]
    columns = tuple(names.get(column, column) for column in kept)
    both = [*zip(columns, kept, strict=True)]
    rows = tuple(
        Row(number, {name: cells[column] for name, column in both}, line, place)
        for number, cells, line, place in block.rows
    )
    return replace(block, columns=columns, rows=rows, passed_over=(*block.passed_over, *gone))


def named(block: Block, wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Find columns by what programs call them.

    Parameters
    ----------
    wanted
        Name in this house -> names in files, the first that the block has is taken.

    Returns
    -------
    dict
        Header -> name in this house.
    """
    have = {plain(column): column for column in reversed(block.columns)}
    found: dict[str, str] = {}
    for name, candidates in wanted.items():
        header = next((have[plain(one)] for one in candidates if plain(one) in have), None)
        if header is not None and header not in found:
            found[header] = name
    return found
