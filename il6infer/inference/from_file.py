"""One fit, from a PEtab file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from il6infer._interruption import Interruption
from il6infer.inference.checkpoint import Checkpoint
from il6infer.inference.provenance import provenance
from il6infer.petab_files.lint import check
from il6infer.stages.settings import FitSettings

if TYPE_CHECKING:
    import arviz as az

    from il6infer.inference.sampler import Stated


def fit(
    path: Path,
    settings: FitSettings,
    checkpoint: Checkpoint | None = None,
    interruption: Interruption | None = None,
    stated: Stated | None = None,
) -> az.InferenceData:
    """Sample the posterior of a PEtab problem.

    Parameters
    ----------
    path
        The problem's YAML file.
    settings
        Of the fit.
    checkpoint
        Where draws are kept while they are made; a fit goes on from those that an interrupted one of the same problem,
        settings and code has left there. None: they are in memory only.
    interruption
        Says when to stop.
    stated
        The PyMC model, against which the compiled density is held first, and its samplers; None: only nutpie.

    Returns
    -------
    arviz.InferenceData
        As `fit_problem`; the attributes of the posterior also carry digests and versions.

    Raises
    ------
    UserError
        If the problem cannot be read, fails petab's linter, or cannot be fitted.
    """
    problem, made_from = check(path), provenance(path)
    if checkpoint:
        checkpoint.claim(_key(settings, made_from))
    # Here, for the engine takes a second to import, and a problem may have been refused before.
    from il6infer.inference.run import fit_problem

    idata = fit_problem(problem, settings, checkpoint, interruption, stated)
    idata["posterior"].attrs.update(made_from)
    return idata


def _key(settings: FitSettings, made_from: Mapping[str, str]) -> dict[str, object]:
    """All that the draws of a fit depend on; the number of threads is not among it."""
    chosen = {name: value for name, value in asdict(settings).items() if name != "threads"}
    return {**chosen, **{name: made_from[name] for name in ("problem_digest", "source_digest", "versions")}}
