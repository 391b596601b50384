"""Fits as objects: posterior, verdict, figures, comparison, predictions, claims."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._files import atomic_path, read_posterior
from il6infer._once import once
from il6infer.diagnosis import diagnose as judge
from il6infer.identifiability.analyse import analyse
from il6infer.identifiability.profile import gather, profiles_of
from il6infer.inference import FitSettings, fit_problem
from il6infer.inference.drawn import draws_of
from il6infer.inference.provenance import read_posterior_of
from il6infer.interface.doses import Dose
from il6infer.interface.options import Solver
from il6infer.interface.request import request
from il6infer.library.catalogue import read_library
from il6infer.library.genotypes import genes_of
from il6infer.library.vocabulary import names_of
from il6infer.petab_files.lint import check
from il6infer.prediction.answer import answer
from il6infer.prediction.claims import read_claims
from il6infer.prediction.courses import readable, simulate_plans
from il6infer.prediction.draws import posterior_draws
from il6infer.prediction.interventions import read_interventions
from il6infer.prediction.names import check_names, names_of_problem
from il6infer.prediction.predict import predict as predict_all
from il6infer.problems.spec import Problem
from il6infer.problems.variables import variable_names
from il6infer.pymc.door import STATED
from il6infer.stages.claims import Answers
from il6infer.stages.evidence import Evidence
from il6infer.stages.identifiability import Identifiability, Profiles
from il6infer.stages.leave_out import LeaveOut
from il6infer.stages.predictions import ModelPredictions
from il6infer.stages.settings import Thresholds
from il6infer.stages.verdict import Verdict

if TYPE_CHECKING:
    import arviz as az
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Fit:
    """A sampled posterior with the problem that it is of.

    Attributes
    ----------
    problem
        What was fitted.
    idata
        ArviZ InferenceData with every group filled; units are attributes of the variables.
    thresholds
        Limits of the verdict's checks.
    """

    problem: Problem = field(repr=False)
    idata: az.InferenceData = field(repr=False)
    thresholds: Thresholds = field(default_factory=Thresholds, repr=False)

    @property
    def posterior(self) -> xr.Dataset:
        """Draws (chain, draw) of each estimated parameter, on the linear scale."""
        return self.idata["posterior"]

    @once
    def verdict(self) -> Verdict:
        """Did it sample, and does the model reproduce the data: every check with number and limit."""
        return judge(self.idata, self.thresholds)

    def summary(self) -> pd.DataFrame:
        """Median, 90 % interval, unit, R-hat and effective sample sizes of each parameter.

        The attribute ``verdict`` of the table says what the fit is worth.
        """
        import pandas as pd

        units = {p.id: p.unit for p in self.problem.estimated}
        rows = {
            name: {
                **dict(
                    zip(("q05", "median", "q95"), np.quantile(self.posterior[name], (0.05, 0.5, 0.95)), strict=True)
                ),
                "unit": units[name],
                **{key: getattr(self.verdict.parameters[name], key) for key in ("rhat", "ess_bulk", "ess_tail")},
            }
            for name in units
        }
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.attrs["verdict"] = self._said
        return table

    def plot(self, readout: str) -> Figure:
        """Draw a read-out as measured, with the fit over it; a failed fit says so on the figure.

        Raises
        ------
        UserError
            If nothing of that name was measured; the message names the nearest.
        """
        from il6infer.report.figures import fit_figure
        from il6infer.report.sections import doubts
        from il6infer.report.style import marked

        names = variable_names(self.problem)
        table = self.problem.data.assign(readout=self.problem.data["observable"].map(names))
        rows = table[table["readout"] == readout].rename(columns={"experiment": "condition", "time": "time_min"})
        figure = fit_figure(rows, self.idata, readout, readout) if len(rows) else None
        if figure is None:
            raise UserError(f"no read-out '{readout}' with a course. {nearest(readout, set(table['readout']))}")
        return marked(figure, [doubt.label for doubt in doubts(self.verdict)])

    def predict(
        self,
        doses: Mapping[str, Dose | Sequence[Dose]],
        times: Sequence[float],
        *,
        readouts: Sequence[str] | None = None,
        draws: int = 200,
        parameters: Mapping[str, float] | None = None,
        at: Mapping[str, float] | None = None,
        wash: Sequence[float] = (),
        knock_out: Sequence[str] = (),
        solver: Solver | None = None,
        threads: int = 1,
    ) -> xr.Dataset:
        """Predict what cells would answer, at draws of the posterior; the arguments are those of `Model.simulate`.

        Parameters
        ----------
        draws
            Draws of the posterior, evenly spread over the chains.
        parameters
            Values that hold in this experiment in place of the fitted ones.

        Returns
        -------
        xarray.Dataset
            Each read-out (draw, varied doses, time): the response without noise; NaN where a simulation failed.
            Attribute ``verdict`` says what the fit is worth.
        """
        asked = request(
            self.problem, doses, times, readouts=readouts, parameters=parameters, at=at, wash=wash, knock_out=knock_out,
            counts={"draws": (draws, 1), "threads": (threads, 1)},
        )  # fmt: skip
        chosen = posterior_draws(self.problem, self.idata, draws)
        derived = [name for name in readable(self.problem.network) if name in self.problem.network.derived]
        found = simulate_plans(
            self.problem, asked.plans, asked.dimensions, asked.readouts or derived, asked.times, chosen,
            solver=(solver or Solver()).settings, threads=threads,
        )  # fmt: skip
        return found.assign_attrs(verdict=self._said)

    def claims(
        self, path: str | Path, *, seed: int = 1, threads: int = 1, modules: str | Path | None = None
    ) -> Answers:  # fmt: skip
        """Ask every claim of a file: its probability before and after the data.

        Parameters
        ----------
        path
            Claims file, see docs/claims.md.
        seed
            Of the draws of the prior.
        threads
            Simulations at a time.
        modules
            Folder with modules of your own, whose genes the file may name (docs/models.md).
        """
        library = read_library(None if modules is None else Path(modules))
        claims = read_claims(Path(path), genes_of(library))
        check_names(claims, Path(path), names_of_problem(self.problem), names_of(library))
        return answer(self.problem, self.idata, claims, seed=seed, threads=threads)

    def predictions(
        self, path: str | Path, *, seed: int = 1, threads: int = 1, modules: str | Path | None = None
    ) -> ModelPredictions:  # fmt: skip
        """Predict everything that a file of interventions asks; the verdict rides along.

        Parameters
        ----------
        path
            Predictions file, see docs/predictions.md.
        seed
            Of the noise of new measurements.
        threads
            Simulations at a time.
        modules
            Folder with modules of your own, whose genes the file may name (docs/models.md).
        """
        library = read_library(None if modules is None else Path(modules))
        asked = read_interventions(Path(path), genes_of(library))
        check_names(asked, Path(path), names_of_problem(self.problem), names_of(library))
        return predict_all(self.problem, self.idata, asked, seed=seed, verdict=self.verdict, threads=threads)

    def evidence(self, *, seed: int = 1, threads: int = 1, **sizes: int) -> Evidence:
        """Estimate the probability of the data under this model, by two estimators that must agree.

        Parameters
        ----------
        seed
            Root of the random numbers.
        threads
            Evaluations at a time.
        sizes
            ``runs`` and ``particles`` of sequential Monte Carlo.
        """
        from il6infer.evidence.estimate import evidence_of

        return evidence_of(self.problem, self.idata, seed=seed, threads=threads, **sizes)

    def leave_out(self, by: str = "batch", *, data_sets: Sequence[str] = (), **changes: Any) -> LeaveOut:
        """Leave whole groups of measurements out, one at a time: how well does a fit to the others predict them.

        Parameters
        ----------
        by
            ``batch`` (gel or plate), ``condition`` or ``data_set``.
        data_sets
            Names of those of a joint fit.
        changes
            Settings of refits in place of those of this fit, such as ``threads=2``.
        """
        from il6infer.inference.drawn import settings_of
        from il6infer.leave_out.evaluate import leave_out

        settings = FitSettings(**{**settings_of(self.idata), **changes})
        return leave_out(self.problem, self.idata, settings, self.thresholds, unit=by, data_sets=data_sets)

    def identify(self) -> Identifiability:
        """Ask what the data tell of each parameter, and which combinations they cannot tell apart."""
        return analyse(self.problem, self.idata, self._settings)

    def profile(self, *names: str) -> Profiles:
        """Follow the likelihood of the data along each parameter; the intervals are without any prior.

        Parameters
        ----------
        names
            Parameters; all where none is named, which takes minutes for many.

        Raises
        ------
        UserError
            If one is not estimated; the message names the nearest.
        """
        known = [p.id for p in self.problem.estimated]
        unknown = [name for name in names if name not in known]
        faults = [Fault(f"parameter '{name}'", "is not estimated.", nearest(name, known)) for name in unknown]
        raise_faults(faults, f"problem '{self.problem.id}'")
        return gather(profiles_of(self.problem, self.idata, self._settings, self.identify().best, names or known))

    @property
    def _settings(self) -> FitSettings:
        """Settings of the fit."""
        return FitSettings(**json.loads(self.posterior.attrs["settings"]))

    def save(self, path: str | Path) -> None:
        """Write the InferenceData (netCDF), which `il6infer.load_fit`, ArviZ and the commands read."""
        with atomic_path(path) as temporary:
            self.idata.to_netcdf(str(temporary), engine="h5netcdf", compress=False)

    @property
    def _said(self) -> str:
        """All answers of the verdict in words."""
        verdict = self.verdict
        sampled = "converged" if verdict.sampled.passed else "NOT CONVERGED"
        reproduces = "reproduces the data" if verdict.reproduces.passed else "DOES NOT REPRODUCE THE DATA"
        agrees = "" if verdict.agrees.passed else ", DISAGREES WITH ITS PRIORS OR FIXED CONSTANTS"
        failed = [reason.message for _, answer in verdict.answers for reason in answer.failed]
        return f"{sampled}, {reproduces}{agrees}" + (f": {' '.join(failed)}" if failed else "")

    def __repr__(self) -> str:
        """Say what the fit is worth."""
        sizes = self.posterior.sizes
        return f"<Fit of {self.problem.id}: {sizes['chain']} x {sizes['draw']} draws; {self._said}>"


_SETTINGS = tuple(one.name for one in fields(FitSettings))


def fit(
    problem: Problem,
    settings: FitSettings | None = None,
    *,
    thresholds: Thresholds | None = None,
    solver: Solver | None = None,
    **changes: Any,
) -> Fit:
    """Sample the posterior of a problem with NUTS.

    Parameters
    ----------
    settings
        Chains, draws, seed and so on; ``FitSettings()`` by default.
    thresholds
        Limits of the verdict's checks.
    solver
        Tolerances, in place of those of the settings.
    changes
        Single settings, such as ``seed=7`` or ``draws=2000``.

    Raises
    ------
    UserError
        If the problem cannot be fitted, or a setting cannot be.

    Examples
    --------
    >>> fit(petab("problem.yaml"), seed=7, draws=2000)  # doctest: +SKIP
    """
    if not isinstance(problem, Problem):
        raise UserError(f"fit: a problem was expected, as `il6infer.petab` reads it, found {problem!r}.")
    unknown = [Fault(name, "is no setting.", nearest(name, _SETTINGS)) for name in changes if name not in _SETTINGS]
    raise_faults(unknown, "settings of the fit")
    chosen = replace(settings or FitSettings(), **{**(solver.settings if solver else {}), **changes})
    return Fit(problem, fit_problem(problem, chosen, stated=STATED), thresholds or Thresholds())


def load_fit(posterior: str | Path, problem: Problem | str | Path) -> Fit:
    """Read what `Fit.save` or `il6infer fit` wrote, with the problem that was fitted.

    Raises
    ------
    UserError
        If the posterior is of another problem.
    """
    import arviz as az

    if isinstance(problem, str | Path):
        read_posterior_of(Path(problem), Path(posterior), "posterior")
        problem = check(Path(problem))
    else:
        read_posterior(posterior, "posterior")
    found = Fit(problem, az.from_netcdf(str(posterior), engine="h5netcdf"))
    draws_of(problem, found.idata)
    return found


def pymc_model(problem: Problem, *, solver: Solver | None = None) -> Any:
    """Give the same posterior as a `pymc.Model`, to be extended with terms of your own.

    Raises
    ------
    UserError
        If the problem cannot be fitted.
    """
    from il6infer.engine import compile
    from il6infer.pymc import build_model

    return build_model(problem, compile(problem, **(solver or Solver()).settings))
