"""Bayesian parameter inference for interleukin-6 signalling.

Everything that the commands do, in memory:

>>> import il6infer as il
>>> model = il.model("both_socs3", cell="HepG2")
>>> course = model.simulate({"IL6": "10 ng/ml", "sIL6R": "25 ng/ml"}, times=range(0, 241, 5), readouts=["pSTAT3"])
>>> float(course["pSTAT3"].isel(time=0)) < float(course["pSTAT3"].max())
True

`ingest` reads raw files, `problem` joins them with a model, `petab` reads any PEtab problem, `fit` samples; a fit has a
verdict, figures, predictions and claims, and `compare` puts fits side by side. docs/notebook.ipynb shows it.
`fetch` gets published measurements, `export` packs a finished analysis, `reproduce` makes it again.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from il6infer._errors import UserError
    from il6infer.archive import export, reproduce
    from il6infer.configuration.load import load_config as config
    from il6infer.interface.data import Data, ingest, petab, problem
    from il6infer.interface.fits import Fit, fit, load_fit, pymc_model
    from il6infer.interface.models import Model, model
    from il6infer.interface.options import LogNormal, Solver
    from il6infer.interface.verbs import claims, compare, diagnose, predict
    from il6infer.problems.spec import Problem
    from il6infer.published import fetch
    from il6infer.stages.comparison import Comparison
    from il6infer.stages.settings import FitSettings, Thresholds
    from il6infer.stages.verdict import Verdict

    __version__: str

# Public name -> module (and name there) that it comes from, imported when it is first asked for.
_PUBLIC = {
    "Comparison": "il6infer.stages.comparison",
    "Data": "il6infer.interface.data",
    "Fit": "il6infer.interface.fits",
    "FitSettings": "il6infer.stages.settings",
    "LogNormal": "il6infer.interface.options",
    "Model": "il6infer.interface.models",
    "Problem": "il6infer.problems.spec",
    "Solver": "il6infer.interface.options",
    "Thresholds": "il6infer.stages.settings",
    "UserError": "il6infer._errors",
    "Verdict": "il6infer.stages.verdict",
    "claims": "il6infer.interface.verbs",
    "compare": "il6infer.interface.verbs",
    "config": "il6infer.configuration.load:load_config",
    "diagnose": "il6infer.interface.verbs",
    "export": "il6infer.archive",
    "fetch": "il6infer.published",
    "fit": "il6infer.interface.fits",
    "ingest": "il6infer.interface.data",
    "load_fit": "il6infer.interface.fits",
    "model": "il6infer.interface.models",
    "petab": "il6infer.interface.data",
    "predict": "il6infer.interface.verbs",
    "problem": "il6infer.interface.data",
    "pymc_model": "il6infer.interface.fits",
    "reproduce": "il6infer.archive",
}

__all__ = [
    "__version__",
    "Comparison",
    "Data",
    "Fit",
    "FitSettings",
    "LogNormal",
    "Model",
    "Problem",
    "Solver",
    "Thresholds",
    "UserError",
    "Verdict",
    "claims",
    "compare",
    "config",
    "diagnose",
    "export",
    "fetch",
    "fit",
    "ingest",
    "load_fit",
    "model",
    "petab",
    "predict",
    "problem",
    "pymc_model",
    "reproduce",
]

# By its name: what a package imports counts as a part of each of its modules, and of the kernels that are kept of them.
import_module("il6infer._environment").prepare_for_arviz()


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("il6infer")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'il6infer' has no attribute '{name}'")
    module, _, there = _PUBLIC[name].partition(":")
    return getattr(import_module(module), there or name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
