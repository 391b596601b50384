"""A first description of a folder of raw files: what can be seen in them, and blanks where a person must say it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from il6infer._errors import NO_TEXT, UserError
from il6infer._files import atomic_write_text
from il6infer._tables import Sheet
from il6infer._units import DOSE_UNITS
from il6infer.ingestion.assays import ASSAYS
from il6infer.ingestion.cells import grids, read_bytes
from il6infer.ingestion.dataset import BLANK
from il6infer.ingestion.dosed import SPOKEN
from il6infer.ingestion.formats.format import known_as, plain, time_unit
from il6infer.ingestion.headers import dosed, unit_of
from il6infer.ingestion.labels import name_of, parse_label, spelled_unit
from il6infer.ingestion.loading import Loaded, load
from il6infer.ingestion.marks import numeric
from il6infer.ingestion.proposed_columns import (
    TIMES,
    concentrations,
    marked,
    observable,
    one_for_each_replicate,
    transformed_of,
    treatment,
)
from il6infer.ingestion.proposed_columns import values as columns_of_values
from il6infer.ingestion.proposed_configuration import configuration
from il6infer.ingestion.proposed_description import Proposal, description
from il6infer.ingestion.proposed_layout import is_map, key_of, layout_of
from il6infer.ingestion.proposed_notes import cell_said, is_prose
from il6infer.ingestion.taking import Take
from il6infer.ingestion.times import spoken_time

SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".xlsm", ".rdml", ".asc", ".dat"})
"""Of files that are looked at."""
MOST_FILES = 500
"""That are looked at; a folder of more is no folder of one data set."""


_POINT = "."
"""Decimal mark that is tried where points may separate thousands: names of columns do not depend on it."""


def _tables(path: Path) -> Iterator[tuple[Loaded | None, str]]:
    """Tables of a file, one for each sheet of a workbook that has several; or why there is none.

    Of a workbook that a program wrote, only those sheets that are its results; others (settings, curves) are named.
    """
    content, faults = read_bytes(path, path.name)
    if content is None:
        yield None, str(faults[0])
        return
    sheets = [grid.sheet for grid in grids(content, path.name)[0]]
    found = [(s, *_seen(content, path.name, s)) for s in (sheets if len(sheets) > 1 else [""])]
    numbers = [
        s for s, loaded, _ in found if loaded and any(numeric(c) for r in loaded.sheet.rows for c in r.cells.values())
    ]
    results = [s for s, loaded, _ in found if loaded and loaded.format != "table"] or numbers or sheets
    for sheet, loaded, said in found:
        if sheet and sheet not in results:
            yield None, f"{path.name}, sheet '{sheet}': is none of the results, and left out."
        else:
            yield loaded, said


def _seen(content: bytes, name: str, sheet: str) -> tuple[Loaded | None, str]:
    """Table of a sheet, and what a person must say of its numbers; or why there is none."""
    loaded, faults = load(content, name, Take(sheet=sheet))
    if loaded is not None:
        return loaded, ""
    # Numbers that can be read in two ways are a person's to say: the rest is seen all the same.
    loaded, _ = load(content, name, Take(sheet=sheet, decimal=_POINT))
    return loaded, f"thousands (or decimal): {faults[0].what} {faults[0].remedy}" if loaded else str(faults[0])


def propose(folder: Path, name: str, cell: str = "", cells: Collection[str] = ()) -> tuple[list[Path], list[str]]:
    """Look at the files of a folder, and write a description, layouts and a configuration beside them.

    Parameters
    ----------
    folder
        With the raw files; what is written is named after `name` and the files, and nothing is overwritten.
    name
        Of the data set: letters, digits and _.
    cell
        What was measured in; empty: the one of `cells` that the names of folder and files, or notes among them, say.
    cells
        Cells that the models know.

    Returns
    -------
    tuple
        The files that were written, and lines that say what was seen and what is to be done.

    Raises
    ------
    UserError
        No folder, no file that can be read, or a file that would be overwritten.
    """
    if not folder.is_dir():
        raise UserError(f"no such folder {folder}. Give the folder that holds the raw files.")
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise UserError(f"data set name '{name}': use letters, digits and _, with a letter or _ first (--name).")
    found: list[Proposal] = []
    lines: list[str] = []
    protocol = ""
    for path in _files(folder):
        if NO_TEXT.search(path.name):
            lines.append(f"{path.name}: its name is no text, and left out. Rename it.")
            continue
        tables = list(_tables(path))
        maps = [loaded for loaded, _ in tables if loaded is not None and is_map(loaded.sheet)]
        map_of = {row["well"]: row["value"] for loaded in maps for row in loaded.sheet.rows} if len(maps) == 1 else {}
        for loaded, fault in tables:
            if loaded is None:
                lines.append(fault)
            elif map_of and loaded in maps:
                lines.append(f"{loaded.grid.name}: the map of the plate, as far as it says what was done in the layout")
            elif {"condition", "time_min", "action"} <= set(loaded.sheet.columns):
                protocol = path.name
                lines.append(f"{path.name}: the protocol")
            elif is_prose(loaded):
                lines.append(f"{loaded.grid.name}: notes, and no table: no column of it holds numbers. Left out.")
            elif not path.name.startswith("layout_"):
                found += _propose(path.name, loaded, fault, map_of)
    if not found:
        told = "".join(f"\n  - {line}" for line in lines)
        raise UserError(f"{folder}: no file that can be read as a table ({', '.join(sorted(SUFFIXES))}).{told}")
    if not cell and (cell := cell_said(folder, _files(folder), cells)):
        lines.append(f"cell: {cell}, as names or notes say. If they were others, correct description and models.")
    writes = {
        f"{name}.yaml": description(name, found, protocol, cell),
        f"{name}_config.yaml": configuration(name, folder, cell, {species for one in found for species in one.species}),
    }
    writes |= {f"layout_{one.stem}.csv": one.layout for one in found if one.layout}
    there = [file for file in writes if (folder / file).exists()]
    if there:
        raise UserError(f"{folder}: {', '.join(there)} is there already. Move it away, or give another --name.")
    for file, text in writes.items():
        atomic_write_text(folder / file, text)
    for one in found:
        lines.append(f"{one.path}: {one.seen}")
        lines += [f"  to do: {todo}" for todo in one.todo]
    return [folder / file for file in writes], lines


def _files(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if len(found) > MOST_FILES:
        what = f"{folder}: {len(found):,} files may be tables, at most {MOST_FILES} are looked at."
        raise UserError(f"{what} Put those of one data set into a folder of their own.")
    return found


def _propose(path: str, loaded: Loaded, marks: str, map_of: Mapping[str, str]) -> list[Proposal]:
    sheet = loaded.sheet
    assay, entry, todo = _assay(sheet)
    entry = {"path": path, "assay": assay, **entry}
    if loaded.grid.sheet:
        entry["sheet"] = loaded.grid.sheet
    one = Proposal(path, entry, todo=todo)
    one.seen = f"{loaded.format}, {len(sheet.rows)} rows, columns {', '.join(sheet.columns[:12])}; read as {assay}"
    if marks:
        entry["thousands"] = BLANK
        one.todo.append(marks)
    _batches(one, sheet)
    _conditions(one, sheet, map_of)
    _kinds_of_cells(one, sheet)
    _times(one, sheet)
    over = marked(sheet)
    if over:
        entry["ignore"] = over
        one.todo.append(f"columns {', '.join(over)} are passed over (ignore): is that right?")
    if assay == "table" and (transformed := transformed_of(sheet)):
        entry["ignore"] = [*over, *transformed]
        what = "hold logarithms, or are otherwise made of the signal, and are passed over: signals are read, or 2^-ddCt"
        one.todo.append(f"columns {', '.join(transformed)} {what}")
    return one_for_each_replicate(one)


def _has(sheet: Sheet, *names: str) -> bool:
    known = {known_as(column) or plain(column) for column in sheet.columns}
    return set(names) <= known


def _assay(sheet: Sheet) -> tuple[str, dict[str, Any], list[str]]:
    """Assay, its keys, and what is left to a person."""
    values = columns_of_values(sheet)
    readout = f"observable: which read-out of the model is it? ({BLANK} stands there; `il6infer models show MODEL`), "
    readout += "such as pSTAT3, pERK, pAKT, SOCS3_mRNA, luciferase"
    if _has(sheet, "ct"):
        gene = next((c for c in sheet.columns if known_as(c) == "gene"), "")
        genes = list(dict.fromkeys(row[gene] for row in sheet.rows if gene and row[gene]))
        entry: dict[str, Any] = {"observable": BLANK, "target": BLANK, "reference": BLANK}
        todo = [readout, f"target and reference: of the genes {', '.join(genes) or '(none is named)'}"]
        if not gene:
            entry["constants"] = {"gene": BLANK}
        return next(name for name, one in ASSAYS.items() if {"target", "reference"} <= set(one.keys)), entry, todo
    if _has(sheet, "firefly", "renilla"):
        blanks = "blank: names the condition of wells without cells, to be subtracted ('blank: blank'); else left out"
        return "luciferase", {"observable": BLANK}, [readout, blanks]
    if "log2_fold_change" in sheet.columns:
        entry = {"condition": BLANK, "control": BLANK, "genes": {BLANK: BLANK}, "constants": {"time_min": BLANK}}
        todo = ["condition and control: what was compared, as the protocol calls it", "constants: the time [min]"]
        return "rnaseq", entry, [*todo, "genes: read-out of the model -> gene of the table, as in SOCS3_mRNA: SOCS3"]
    standard = next((c for c in sheet.columns if re.search(r"conc|standard|std", plain(c))), "")
    signals = [c for c in values if c != standard]
    if _has(sheet, "well") and standard and signals:
        signal = next((c for c in signals if re.search(r"450|od|abs", plain(c))), signals[0])
        entry = {"observable": BLANK, "signal": signal, "standard": standard, "unit": BLANK, "substance": BLANK}
        todo = [readout, "unit and substance of the standards"]
        if not _has(sheet, "sample"):
            entry["sample"] = "well"
            todo.append("sample: each well is one of its own; a column of names puts wells together")
        return "elisa", entry, todo
    if _has(sheet, "lane") or {"band", "intensity"} <= set(sheet.columns) or "peak" in sheet.columns:
        bands = _bands(sheet, values)
        entry = {"observable": BLANK, "signal": bands[0] if len(bands) == 1 else BLANK, "normalise": BLANK}
        listed = ", ".join(bands) or "(the layout names them)"
        return "western_blot", entry, [readout, f"signal, and what it is divided by (or none): of the bands {listed}"]
    columns = values or [BLANK]
    statistic = columns in (["value"], ["median"], ["mean"], ["geomean"], [BLANK])  # the name of no read-out
    measured = concentrations(sheet)
    names = {c: BLANK if statistic or c in measured else name_of(c) for c in columns}
    observables = {name: observable(sheet, c) for c, name in names.items()}
    return (
        "table",
        {"observables": observables},
        ["observables: keep the read-outs that you want, with the names that the model has for them, and their units"],
    )


def _bands(sheet: Sheet, values: Sequence[str]) -> list[str]:
    if "band" in sheet.columns:
        return list(dict.fromkeys(row["band"] for row in sheet.rows))
    return [column for column in values if column not in ("intensity", "peak", "row")]


def _batches(one: Proposal, sheet: Sheet) -> None:
    column = next((c for c in sheet.columns if plain(c) in ("gel", "plate", "experiment", "exp", "blot", "run")), "")
    if column and len({row[column] for row in sheet.rows}) > 1:
        one.entry["batch"] = {"column": column}
    else:
        one.entry["batch"] = name_of(one.stem)


_KINDS = {"genotype", "genotyp", "genotypes", "sirna", "shrna", "knockdown", "strain", "line", "zelllinie", "lignee"}
_PARENTS = re.compile(r"wt|wild[ _-]?type|parental|ctrl|control|scrambled?|scr|si(ctrl|scr|control)|wildtyp", re.I)


def _kinds_of_cells(one: Proposal, sheet: Sheet) -> None:
    """Propose what the cells of a row are, where a column tells several kinds of them."""
    told = [c for c in sheet.columns if set(plain(c).split()) & _KINDS and len({row[c] for row in sheet.rows}) > 1]
    if not told:
        return
    condition = one.entry.get("condition", {})
    condition = {"column": condition} if isinstance(condition, str) else condition
    cells = dict.fromkeys(row[told[0]] for row in sheet.rows if row[told[0]])
    kinds = {cell: None if _PARENTS.fullmatch(cell) else BLANK for cell in cells}
    one.entry["condition"] = {**condition, "cells": {"column": told[0], "map": kinds}}
    one.todo.append(
        f"cells: what those of '{told[0]}' are, as in {{knock_out: [SOCS3]}} or {{set: {{ratio_IL6R_gp130: 0.2}}}}; "
        "null: those of the model"
    )


_UNSTAINED = {"unstained", "isotype", "isotype control", "fmo", "secondary only", "2nd only", "no primary", "igg"}


def _conditions(one: Proposal, sheet: Sheet, map_of: Mapping[str, str]) -> None:
    """How the condition is told: by a column, by doses, or by a layout that is to be filled in."""
    measured = concentrations(sheet)
    doses = {species: c for c in sheet.columns if c not in measured and (species := dosed(c))}
    one.species |= set(doses) | _given(sheet)
    others = [
        c
        for c in sheet.columns
        if treatment(c) and not dosed(c) and known_as(c) != "condition" and len({row[c] for row in sheet.rows}) > 1
    ]
    unstained = [c for c in sheet.columns if {row[c].casefold() for row in sheet.rows} & _UNSTAINED]
    if unstained:
        one.entry["where"] = dict.fromkeys(unstained, BLANK)
        one.todo.append(
            f"where: {', '.join(unstained)} tells what was stained: give the cells of stained samples; the signal that "
            "others have is a background, which 'offset: true' of the read-out estimates"
        )
    if others:
        one.entry["where"] = one.entry.get("where", {}) | dict.fromkeys(others, BLANK)
        one.todo.append(
            f"where: {', '.join(others)} tell treatments: give the cells of the rows to read, or name the substance "
            "under 'condition: {doses: ...}' and take the column out of 'where'"
        )
    if _has(sheet, "condition") or "log2_fold_change" in sheet.columns:
        return
    told = next((column for column in sheet.columns if _says_doses(sheet, column)), "")
    if told and any(time_unit(column) for column in sheet.columns):
        one.entry["condition"] = {"column": told}
        return
    if doses:
        one.entry["condition"] = {"doses": {s: {"column": c, "unit": _unit(sheet, c)} for s, c in doses.items()}}
        one.todo.append("condition, doses: their units, and 'time_min: -60' of what was added before the stimulus")
        return
    key = key_of(sheet)
    if not key:
        one.entry["condition"] = BLANK
        one.todo.append("condition: the one of all rows, or {column: ...}, or {doses: ...}")
        return
    one.layout = layout_of(sheet, key, BLANK, standard=one.entry.get("standard", ""), map_of=map_of)
    one.entry["layout"] = f"layout_{one.stem}.csv"
    one.todo.append(f"fill in layout_{one.stem}.csv: condition and time of each {known_as(key) or key} (or 'blank')")
    if BLANK not in one.layout:
        one.todo[-1] = f"layout_{one.stem}.csv: condition and time as names say them: is that right?"


def _says_doses(sheet: Sheet, column: str) -> bool:
    """Tell whether all cells of a column are labels that say what is done: ``vehicle``, ``IL-6 10 ng/ml``."""
    cells = {row[column] for row in sheet.rows}
    return len(cells) > 1 and "" not in cells and all(parse_label(cell)[0] is not None for cell in cells)


def _given(sheet: Sheet) -> set[str]:
    """Substances that labels of conditions name."""
    cells = {row[column] for column in sheet.columns for row in sheet.rows if known_as(column) == "condition"}
    labels = [label for cell in cells if (label := parse_label(cell)[0]) is not None]
    return {step["species"] for label in labels for step in label.rows if step["species"]}


def _unit(sheet: Sheet, column: str) -> str:
    """Find the unit of a column of doses: by its header, or by its first cell that says one."""
    found = re.search(r"(ng|pg|ug)[ _/]*(per[ _])?ml|([npu])M\b", column)
    if not found:
        said = (spelled_unit(spoken["unit"]) for row in sheet.rows if (spoken := SPOKEN.fullmatch(row[column].strip())))
        return unit_of(column) or next((unit for unit in said if unit in DOSE_UNITS), BLANK)
    return f"{found[1]}/ml" if found[1] else f"{found[3]}M"


def _times(one: Proposal, sheet: Sheet) -> None:
    if "log2_fold_change" in sheet.columns:
        return
    if one.layout or any(time_unit(column) for column in sheet.columns):
        if one.entry["assay"] == "table":
            told = next((c for c in sheet.columns if time_unit(c)), "time_min")
            one.entry["time"] = told
        return
    column = next((c for c in sheet.columns if plain(c) in TIMES), "")
    if column and any(spoken_time(row[column]) is not None for row in sheet.rows):  # which say their unit
        if one.entry["assay"] == "table":
            one.entry["time"] = column
        return
    if column:
        one.entry["time_unit"] = BLANK
        one.todo.append(f"time_unit: the column '{column}' does not say its unit (s, min, h, hh:mm)")
        if one.entry["assay"] == "table":
            one.entry["time"] = column
        elif column != "time_min":
            one.entry["columns"] = {"time_min": column}
        return
    one.entry["constants"] = {
        **one.entry.get("constants", {}),
        "time" if one.entry["assay"] == "table" else "time_min": BLANK,
    }
    one.todo.append("constants: the time of all rows, or a column of times")
