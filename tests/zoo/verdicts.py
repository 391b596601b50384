"""Verdicts made up: those of fits that passed, and of fits that did not."""

from __future__ import annotations

import math
from typing import Any

from il6infer.stages.comparison import Comparison, ModelRow
from il6infer.stages.evidence import Estimate, Evidence, InformationCriteria
from il6infer.stages.sampler import Sampler
from il6infer.stages.verdict import Answer, Verdict, check

SAMPLER = Sampler(
    chains=4, draws=500, tune=400, divergences=0, depth_hits=0, ebfmi=(1.0,) * 4, failed_posterior=0, failed_prior=0,
    sampling_failures={}, integration_error=0.001, prior_draws=200, gradients=14000, gradients_per_draw=7.0,
    wall_time_s=12.0, sampling_time_s=10.0, starts_logp=(-80.0,),
)  # fmt: skip
RHAT = check("R-hat", 1.5, "Draw more.", at_most=1.01, subject="parameter", where="mu")
PULL = check("pull at a fixed constant", 9.0, "The data pull k.", at_most=3.0, subject="constant", where="k")
LACK = check("lack-of-fit p", 1e-6, "The model misses the data.", at_least=0.01, subject="read-out", where="y")


def verdict(*, sampled: bool = True, reproduces: bool = True, agrees: bool = True) -> Verdict:
    """Verdict of a fit, with one reason for each answer that is no."""
    answers = [Answer.of([] if holds else [no]) for holds, no in ((sampled, RHAT), (reproduces, LACK), (agrees, PULL))]
    return Verdict("toy", *answers, {}, SAMPLER, {}, {}, {}, {}, {}, {}, (), ())


def evidence(
    value: float | None, se: float = 0.1, *, best: float = -50.0, constraints: tuple[str, ...] = (), parameters: int = 2
) -> Evidence:
    """Evidence of a fit to 60 values; without a value the two estimates do not agree."""
    estimates = tuple(Estimate(m, value, se, 1, "") for m in ("bridge sampling", "sequential Monte Carlo"))
    criteria = InformationCriteria(
        best, parameters, 60, 2.0 * parameters - 2.0 * best, None, parameters * math.log(60) - 2.0 * best
    )
    known = value is not None
    notes = () if known else ("The two estimates do not agree: -1 and -2.",)
    return Evidence(
        "m", 60, value, se if known else None, known, 0.5, estimates, 0.0, 0.0, criteria, constraints, notes
    )


def model_row(model: str, **known: Any) -> ModelRow:
    """Row of a comparison of which only this is known: by default that of a fit without a rank."""
    numbers = (
        "rank",
        "weight",
        "elpd",
        "se",
        "p_loo",
        "elpd_diff",
        "diff_se",
        "stacking",
        "pseudo_bma",
        "pareto_k_bad",
        "n",
    )
    blank: dict[str, Any] = {
        "model": model,
        "sampled": True,
        "reproduces": True,
        "scores": {},
        "level": False,
        "pareto_k_worst": (),
        "reasons": (),
        "misfits": (),
        "conflicts": (),
    }
    return ModelRow(**{**blank, **dict.fromkeys(numbers), **known})


def comparison(dataset: str, n: int, rows: tuple[ModelRow, ...]) -> Comparison:
    """Comparison by leaving single values out, without notes."""
    return Comparison(dataset, n, "loo", "pseudo_bma", "", rows, (), ())
