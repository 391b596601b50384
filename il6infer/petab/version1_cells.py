"""Empty cells of PEtab v1's condition table, which petab's converter drops together with what they mean.

After pre-equilibration an empty cell says for a species that its state is kept, and for anything else that the
model's own value holds again. The converter (petab 0.8.2) writes no change for either, and no condition at all where
every cell is empty. So the cells are filled before it runs, and what they mean is put in their place after.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import libsbml
import pandas as pd
import sympy as sp

from il6infer._errors import UserError
from il6infer.network.network import Network, symbol
from il6infer.network.sbml import resolve

_LABELS = ("conditionId", "conditionName")
_FILLING = "0"

Changes = dict[str, sp.Expr]


def fill_cells(folder: Path, part: Mapping) -> dict[str, tuple[str, ...]]:
    """Fill the empty cells of one problem's condition tables on disk.

    Parameters
    ----------
    folder
        Where the problem's files are.
    part
        Names of its files, as PEtab v1 lists them.

    Returns
    -------
    dict
        Condition -> targets whose cells were empty.
    """
    empty: dict[str, tuple[str, ...]] = {}
    for name in part.get("condition_files", ()):
        path = folder / name
        table = _read(path)
        targets = [column for column in table.columns if column not in _LABELS]
        if not targets and _is_pre_equilibrated(folder, part):
            # Without a column the converter would leave out the pre-equilibration too.
            targets = [_any_target(folder, part)]
            table[targets[0]] = float("nan")
        for row in table.to_dict("records"):
            empty[str(row.get("conditionId", ""))] = tuple(t for t in targets if pd.isna(row[t]))
        table[targets] = table[targets].astype(object).where(table[targets].notna(), _FILLING)
        table.to_csv(path, sep="\t", index=False)
    return empty


def species_of(folder: Path, part: Mapping) -> frozenset[str]:
    """Ids of all species of a problem's models."""
    return frozenset(s.getId() for model in _models(folder, part) for s in model.getListOfSpecies())


def empty_cells(
    conditions: Mapping[str, Changes], empty: Mapping[str, tuple[str, ...]], species: frozenset[str], network: Network
) -> tuple[dict[str, Changes], dict[str, Changes]]:
    """Say what the filled cells mean.

    Returns
    -------
    tuple
        Condition -> changes without the filled cells; and condition -> changes that return parameters to the model's
        own values, for every period but the first.
    """
    own = dict(zip(network.parameters, network.defaults, strict=True))
    plain, returned = {}, {}
    for condition, changes in conditions.items():
        gone = empty.get(condition, ())
        plain[condition] = {target: value for target, value in changes.items() if target not in gone}
        back = resolve({t: own[t] for t in gone if t in own and t not in species}, f"condition '{condition}': values")
        # An own value that follows another parameter follows the value that this condition gives it.
        given = {symbol(target): value for target, value in plain[condition].items()}
        returned[condition] = {target: value.xreplace(given) for target, value in back.items()}
    return plain, returned


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, sep="\t", dtype=str)
    except (OSError, ValueError) as error:
        raise UserError(f"{path.name}: not a readable table: {error}") from error


def _is_pre_equilibrated(folder: Path, part: Mapping) -> bool:
    tables = [_read(folder / name) for name in part.get("measurement_files", ())]
    return any("preequilibrationConditionId" in t and t["preequilibrationConditionId"].notna().any() for t in tables)


def _any_target(folder: Path, part: Mapping) -> str:
    for model in _models(folder, part):
        for element in (*model.getListOfSpecies(), *model.getListOfParameters(), *model.getListOfCompartments()):
            if model.getRule(element.getId()) is None:
                return element.getId()
    names = ", ".join(part.get("sbml_files", ()))
    raise UserError(
        f"{names}: the model has no species, parameter or compartment, so that no condition can pre-equilibrate it. "
        "Leave out the column preequilibrationConditionId of the measurement table."
    )


def _models(folder: Path, part: Mapping) -> list[libsbml.Model]:
    models = []
    for name in part.get("sbml_files", ()):
        document = libsbml.readSBMLFromFile(str(folder / name))
        if document.getModel() is not None:
            # The model lives as long as its document.
            models.append(document.getModel().clone())
    return models
