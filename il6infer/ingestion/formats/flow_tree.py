"""Flow cytometry, FlowJo's tree of gates: a row a gate or statistic, indented by ``>``, tube after tube."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from il6infer._errors import Fault
from il6infer._tables import Row
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats import flow
from il6infer.ingestion.formats.format import Block, Format, headers, plain

_WHAT = r"(?P<{}>geometric mean|geo\.? ?mean|mean|median|mode|robust cv|robust sd|cv|sd)"
_STATISTIC = re.compile(
    _WHAT.format("what") + r"\s*[:(,]\s*(?P<channel>.*?)\)?|(?P<before>.*?)\s*[:,]\s*" + _WHAT.format("after"),
    re.IGNORECASE,
)


def _head(grid: Grid) -> int | None:
    return headers(grid, ("Depth",), ("Name",), ("Statistic",))


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read a tube a row, as the table of statistics has it: ``gate | Median (channel)``, and the count of each gate."""
    head = _head(grid)
    if head is None:
        return None, [Fault(grid.name, "has no header with Depth, Name and Statistic.", "")]
    places = {plain(name): i for i, name in enumerate(grid.rows[head]) if name}
    tubes: list[tuple[str, int, dict[str, str]]] = []
    gates: list[str] = []
    for line in range(head + 1, len(grid.rows)):
        name = grid.cell(line, places["name"])
        if not name:
            continue
        depth = grid.cell(line, places["depth"]).count(">")
        value, last = grid.cell(line, places["statistic"]), name.rsplit("/", 1)[-1].strip()
        if not depth:
            tubes.append((name, line + 1, {}))
            gates = []
            continue
        if not tubes or depth > len(gates) + 1:
            where = f"{grid.name}, row {line + 1}"
            return None, [Fault(where, "a gate without the one above it.", "Export the whole tree of each tube.")]
        found = _STATISTIC.fullmatch(last)
        gates = [*gates[: depth - 1], *([] if found else [last])]
        path, cells = "/".join(gates), tubes[-1][2]
        if found is None:
            made = {f"{path} | Count": grid.cell(line, places["#cells"])} if "#cells" in places else {}
        else:
            kind, channel = found["what"] or found["after"], found["channel"] or found["before"]
            made = {f"{path or 'all'} | {kind.capitalize()} ({channel})": value}
        if twice := next((column for column in made if column in cells), ""):
            what = f"tube {tubes[-1][0]} has '{twice}' twice."
            return None, [Fault(f"{grid.name}, row {line + 1}", what, "Give each gate a name of its own.")]
        cells |= {column: cell for column, cell in made.items() if cell}
    columns = list(dict.fromkeys(column for _, _, cells in tubes for column in cells))
    rows = [("", *columns), *((tube, *(cells.get(c, "") for c in columns)) for tube, _, cells in tubes)]
    block, faults = flow.read(Grid(grid.name, tuple(rows), grid.delimiter, grid.encoding, grid.sheet), wanted)
    if block is None:
        return None, faults
    lines = {number: (line, tube) for number, (tube, line, _) in enumerate(tubes, start=2)}
    placed = tuple(
        Row(row.number, row.cells, lines[row.number][0], f"tube {lines[row.number][1]}") for row in block.rows
    )
    return replace(block, rows=placed), []


FORMAT = Format(
    name="flow_tree",
    text="FlowJo: the tree of gates and statistics, indented by '>'",
    finds=lambda grid: _head(grid) is not None,
    read=read,
)
