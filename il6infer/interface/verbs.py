"""Verbs of `import il6infer as il` that take fits: judge, predict, ask claims, compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from il6infer._errors import UserError
from il6infer._files import Groups
from il6infer.comparison import Fit as Candidate
from il6infer.comparison import compare as compare_fits
from il6infer.diagnosis import diagnose as judge
from il6infer.interface.doses import Dose
from il6infer.interface.fits import Fit
from il6infer.stages.claims import Answers
from il6infer.stages.comparison import Comparison
from il6infer.stages.evidence import Evidence
from il6infer.stages.leave_out import LeaveOut
from il6infer.stages.settings import Comparing, Thresholds
from il6infer.stages.verdict import Verdict

if TYPE_CHECKING:
    import xarray as xr


def diagnose(idata: Groups, thresholds: Thresholds | None = None) -> Verdict:
    """Judge an InferenceData that `il6infer fit` wrote: did it sample, does the model reproduce the data."""
    return judge(idata, thresholds or Thresholds())


def predict(fit: Fit, doses: Mapping[str, Dose | Sequence[Dose]], times: Sequence[float], **options: Any) -> xr.Dataset:
    """Predict what cells would answer, at draws of a fit's posterior: `Fit.predict`, whose options it takes.

    Parameters
    ----------
    doses, times
        As `Model.simulate` takes them.
    options
        Of `Fit.predict`.
    """
    return fit.predict(doses, times, **options)


def claims(fit: Fit, path: str | Path, **options: Any) -> Answers:
    """Ask every claim of a file of one fit: `Fit.claims`, whose options it takes.

    Parameters
    ----------
    fit
        What is asked.
    path
        Claims file, see docs/claims.md.
    options
        Of `Fit.claims`.
    """
    return fit.claims(path, **options)


def compare(
    fits: Sequence[Fit] | Mapping[str, Fit],
    *,
    dataset: str = "",
    evidence: Mapping[str, Evidence] | None = None,
    left_out: Mapping[str, LeaveOut] | None = None,
    **settings: Any,
) -> Comparison:
    """Compare fits to the same data; one that failed its verdict is shown as failed, not ranked.

    Parameters
    ----------
    fits
        Fits, or name -> fit; by default a fit is named for its problem.
    evidence, left_out
        Name -> what `Fit.evidence` and `Fit.leave_out` gave, where these are to stand beside leaving single values out.
    settings
        ``criterion``, ``weights``, ``pareto_k_max`` and ``seed``, as in a configuration.

    Raises
    ------
    UserError
        If there is no fit, two have one name, they are of other data, or the criterion or the weights are unknown.
    """
    named = fits if isinstance(fits, Mapping) else {one.problem.id: one for one in fits}
    if not fits or len(named) < len(fits):
        what = "two fits are of problems of one id" if fits else "there is no fit"
        raise UserError(f"compare: {what}. Give fits by names of their own, as {{'a': fit, 'b': other}}.")
    parts = {name: (own,) for name, own in (left_out or {}).items()}
    Comparing(**{key: settings[key] for key in ("criterion", "weights") if key in settings})  # checks them
    known = evidence or {}
    listed = [
        Candidate(name, one.idata, one.verdict, known.get(name), parts.get(name, ())) for name, one in named.items()
    ]
    return compare_fits(dataset, listed, **settings)
