"""Models of the library as objects: look at them, change them, simulate them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from il6infer._once import once
from il6infer.building.unmeasured import unmeasured
from il6infer.drawing.svg import svg
from il6infer.interface.doses import Dose
from il6infer.interface.options import LogNormal, Solver
from il6infer.interface.request import request
from il6infer.library.catalogue import read_library
from il6infer.library.compose import Model as LibraryModel
from il6infer.library.compose import compose, with_values
from il6infer.prediction.courses import simulate_plans
from il6infer.problems.priors import draw

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from il6infer.problems.spec import Problem


@dataclass(frozen=True)
class Model:
    """A model of IL-6 signalling, composed by name.

    Attributes
    ----------
    library
        The composed model: SBML, Antimony, read-outs, medium, priors.
    """

    library: LibraryModel = field(repr=False)

    @property
    def name(self) -> str:
        """Name, as a configuration holds it."""
        return self.library.name

    @property
    def readouts(self) -> tuple[str, ...]:
        """What instruments can read."""
        return self.library.readouts

    @property
    def medium(self) -> tuple[str, ...]:
        """What can be dissolved in the medium, ligands, inhibitors and their complexes."""
        return self.library.medium

    @property
    def priors(self) -> pd.DataFrame:
        """Parameters with median, 90 % interval, unit, source and reason."""
        return self.library.priors.copy()

    @property
    def sbml(self) -> str:
        """The model in SBML, which any tool of the field opens."""
        return self.library.sbml

    def with_values(self, values: Mapping[str, float]) -> Model:
        """Give parameters values of your own cells, such as ``{"cell_number": 5e4}``: they are estimated no more."""
        return Model(with_values(self.library, dict(values)))

    def with_priors(self, priors: Mapping[str, LogNormal]) -> Model:
        """Give parameters priors of your own.

        Raises
        ------
        UserError
            With every name that is no parameter of the model, and every prior in another unit than the parameter's.
        """
        return Model(LogNormal.replace_in(self.library, priors))

    def simulate(
        self,
        doses: Mapping[str, Dose | Sequence[Dose]],
        times: Sequence[float],
        *,
        readouts: Sequence[str] | None = None,
        parameters: Mapping[str, float] | None = None,
        prior_draws: int = 0,
        seed: int = 1,
        at: Mapping[str, float] | None = None,
        wash: Sequence[float] = (),
        knock_out: Sequence[str] = (),
        solver: Solver | None = None,
        threads: int = 1,
    ) -> xr.Dataset:
        """Simulate cells at rest to which something is added.

        Parameters
        ----------
        doses
            Species of the medium, as people write it (IL-6) -> dose such as ``"10 ng/ml"`` (a bare number is nM), or
            several doses, of which each is simulated.
        times
            (times,) [min], increasing from 0 on.
        readouts
            Those to give; all by default.
        parameters
            Values in place of the medians of the priors.
        prior_draws
            Simulate this many draws of the priors; 0: the medians.
        at
            Species -> time [min] at which it is added; 0 by default.
        wash
            Times [min] at which all that is dissolved is removed.
        knock_out
            Parameters that are 0.

        Returns
        -------
        xarray.Dataset
            Each read-out over time, and over the draws and the varied doses where there are such; units in the
            attributes; NaN where a simulation failed.

        Raises
        ------
        UserError
            With every dose, read-out and parameter that cannot be.

        Examples
        --------
        >>> course = model("both_socs3").simulate({"IL6": "10 ng/ml", "sIL6R": "25 ng/ml"}, times=range(0, 61, 30))
        >>> course["pSTAT3"].dims
        ('time',)
        """
        asked = request(
            self.problem, doses, times, readouts=readouts, parameters=parameters, at=at, wash=wash, knock_out=knock_out,
            counts={"prior_draws": (prior_draws, 0), "seed": (seed, 0), "threads": (threads, 1)}, model=self.library,
        )  # fmt: skip
        estimated = self.problem.estimated
        thetas = np.array([[p.nominal for p in estimated]])
        if prior_draws:
            thetas = draw(estimated, prior_draws, np.random.default_rng(seed))
        found = simulate_plans(
            self.problem, asked.plans, asked.dimensions, asked.readouts or self.readouts, asked.times, thetas,
            solver=(solver or Solver()).settings, threads=threads,
        )  # fmt: skip
        return found if prior_draws else found.isel(draw=0)

    @once
    def problem(self) -> Problem:
        """The model as a problem without measurements."""
        return unmeasured(self.library)

    def __repr__(self) -> str:
        """Say how large the model is."""
        free = int((self.library.priors["distribution"] != "fixed").sum())
        states = len(self.problem.network.states)
        return f"<Model {self.name}: {states} states, {free} parameters to estimate, {len(self.readouts)} read-outs>"

    def _repr_svg_(self) -> str:
        return svg(self.library)


def model(
    name: str, *, cell: str = "", values: Mapping[str, float] | None = None, modules: str | Path | None = None
) -> Model:
    """Compose a model by name, ``<receptor>_<feedback>[+<option>...][@<cell>]``.

    Parameters
    ----------
    cell
        Preset of a cell, in place of ``@<cell>`` in the name.
    values
        Parameters of your own cells; they are then not estimated.
    modules
        Folder with modules of your own, whose words the name may hold (docs/models.md).

    Raises
    ------
    UserError
        If a part of the name is unknown (the message names the nearest) or does not go with the others.

    Examples
    --------
    >>> model("both_socs3", cell="HepG2").name
    'both_socs3@HepG2'
    """
    library = read_library(Path(modules)) if modules is not None else None
    composed = compose(f"{name}@{cell}" if cell else name, library)
    return Model(with_values(composed, dict(values)) if values else composed)
