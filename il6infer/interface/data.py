"""Data and problems as objects: raw files read, a model joined to them, any PEtab problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from il6infer.building.build import build
from il6infer.ingestion import assemble
from il6infer.interface.models import Model, model
from il6infer.petab_files.lint import check
from il6infer.stages.tables import MEASUREMENTS, PROTOCOL, read_table

if TYPE_CHECKING:
    import pandas as pd

    from il6infer.problems.spec import Problem


@dataclass(frozen=True, eq=False)
class Data:
    """Measurements of one data set, and what was done to the cells.

    Attributes
    ----------
    name
        Of the data set.
    measurements, protocol
        Tables of the ingest stage, one value and one action a row.
    """

    name: str
    measurements: pd.DataFrame = field(repr=False)
    protocol: pd.DataFrame = field(repr=False)

    @property
    def readouts(self) -> tuple[str, ...]:
        """What was measured."""
        return tuple(self.measurements["observable"].unique())

    def __repr__(self) -> str:
        """Say what was measured."""
        conditions = self.protocol["condition"].nunique()
        return (
            f"<Data {self.name}: {len(self.measurements)} measurements of {', '.join(self.readouts)} "
            f"in {conditions} condition{'s' if conditions > 1 else ''}>"
        )

    def _repr_html_(self) -> str:
        return self.measurements._repr_html_()


def ingest(description: str | Path, folder: str | Path, *, name: str = "") -> Data:
    """Read the raw files of a data set.

    Parameters
    ----------
    description
        YAML file that says what each file is.
    folder
        Folder that its paths start from.
    name
        Of the data set; the name of the description by default.

    Raises
    ------
    UserError
        One message with every fault of every file.
    """
    name = name or Path(description).stem
    tables = assemble.ingest(Path(description), name, Path(folder))
    # Through the files of the stage, so that what is fitted here is what the workflow fits, to the last bit.
    with TemporaryDirectory() as temporary:
        written = Path(temporary)
        assemble.write(tables, written)
        return Data(
            name, read_table(written / "measurements.csv", MEASUREMENTS), read_table(written / "protocol.csv", PROTOCOL)
        )


def problem(
    data: Data, of: Model | str, *, constraints: Sequence[str] = (), folder: str | Path | None = None
) -> Problem:
    """Join data and a model.

    Parameters
    ----------
    of
        A model, or the name of one.
    constraints
        Literature constraints to add, by name (docs/models.md).
    folder
        Where to keep the PEtab v2 problem, for this or any other tool; by default it is not kept.

    Returns
    -------
    Problem
        To be fitted, with `parameters`, `experiments`, `observables` and `measurements`.

    Raises
    ------
    UserError
        With every read-out that the model lacks and every condition without protocol.
    """
    chosen = model(of) if isinstance(of, str) else of
    with TemporaryDirectory() as temporary:
        place = Path(folder) if folder is not None else Path(temporary) / "problem"
        file = build(
            data.measurements, data.protocol, chosen.library, place, dataset=data.name, constraints=constraints
        )
        return check(file)


def petab(path: str | Path) -> Problem:
    """Read any PEtab problem, v1 or v2, and check it.

    Raises
    ------
    UserError
        If it cannot be read, fails petab's linter, or asks for what is not supported, by name.
    """
    return check(Path(path))
