"""What the numbers say, in sentences; each is computed, none is written in advance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from il6infer._errors import UserError
from il6infer.library.catalogue import Library, shipped
from il6infer.library.names import parse_model_name
from il6infer.report.sections import MISFIT, hedged_by
from il6infer.stages.comparison import NAMES, NOTHING_FITS, SAY, UNRANKED, WEIGHTS, ModelRow
from il6infer.stages.verdict import ParameterStatistics, Verdict

UNINFORMED, AT_ODDS, NEAR = 0.2, 3.0, 0.01
"""Contraction below which the data say nearly nothing; residual beyond which a measurement is far off [sd]; share of
the allowed range that counts as its edge."""


CLEARLY = {"loo": "4 units of elpd", "leave_out": "4 units of elpd", "evidence": "3 units of log-evidence"}
"""Criterion -> how far behind is clear."""


def vocabulary(models: Iterable[str], library: Library | None = None) -> dict[str, str]:
    """Words that the models' names are made of, and what they say; nothing of names that are not the library's."""
    library = library or shipped()
    said: dict[str, str] = {}
    feedbacks: dict[str, str] = {}
    options: dict[str, str] = {}
    for model in models:
        try:
            parts = parse_model_name(model, library)
        except UserError:
            continue
        said[parts.receptor] = library.receptors[parts.receptor].text
        feedbacks[parts.feedback] = library.feedbacks[parts.feedback].text
        options |= {f"+{option}": library.options[option].text for option in parts.options}
        if parts.cell:
            options[f"@{parts.cell}"] = "receptors and STAT3 of this cell"
    return said | feedbacks | options


def near(row: ModelRow) -> bool:
    """Whether a model of the comparison is among the best, has weight, or failed, so that nobody knows."""
    return row.elpd_diff is None or row.diff_se is None or row.level or (row.weight or 0.0) >= SAY


def summary(
    rows: Sequence[ModelRow],
    verdicts: Mapping[str, Verdict],
    criterion: str,
    weights: str,
    conditions: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """Answer in short: what is preferred, how clearly, and what cannot be said.

    Parameters
    ----------
    rows
        Models by rank.
    criterion
        Of the ranks and weights.
    weights
        pseudo_bma or stacking; of no meaning for the evidence.
    conditions
        Condition -> what was done, in words.
    """
    ranked = [row for row in rows if row.rank is not None]
    failed = [row.model for row in rows if not row.sampled]
    without = [row.model for row in rows if row.sampled and row.rank is None]
    said = []
    if not ranked and without:
        return [f"{UNRANKED[0].upper()}{UNRANKED[1:]}, {NAMES[criterion]}, so nothing is ranked: {_listed(without)}."]
    if not ranked:
        return ["No fit sampled, so nothing can be concluded from this run."]
    if not any(row.reproduces for row in ranked):
        found = [f"{NOTHING_FITS.capitalize()}, so none of them explains it, and no claim has an answer."]
        return found + [line for row in ranked[:2] for line in _misfit(row.model, verdicts[row.model])]
    best = ranked[0].elpd or 0.0
    ahead = [row.model for row in rows if not row.sampled and row.elpd is not None and row.elpd > best]
    if ahead:
        said.append(f"Do not conclude yet: {_listed(ahead)} may predict better once a fit of it converges.")
    if len(ranked) == 1:
        said.append(f"Only {ranked[0].model} has a fit that can be trusted; there is nothing to compare it with.")
    else:
        level, behind = [r.model for r in ranked if r.level], [r.model for r in ranked if not r.level]
        if len(level) == 1:
            said.append(f"The data prefer {level[0]} over every other model whose fit can be trusted.")
        else:
            said.append(f"The data do not tell {_listed(level)} apart.")
        if behind:
            said.append(
                f"They speak against {_listed(behind)} (more than two standard errors and {CLEARLY[criterion]} behind)."
            )
        wrong = [r.model for r in ranked if not r.reproduces]
        if wrong:
            ends = ("does not reproduce", "has") if len(wrong) == 1 else ("do not reproduce", "have")
            said.append(f"{_listed(wrong)} {ends[0]} the data and {ends[1]} no weight.")
        heavy = [f"{r.model} {r.weight:.2f}" for r in ranked if r.weight is not None and r.weight >= SAY]
        said.append(f"{_weights(criterion, weights)}: {', '.join(heavy)}.")
    if failed:
        said.append(f"{_listed(failed)} did not converge and {'is' if len(failed) == 1 else 'are'} not ranked.")
    if without:
        said.append(f"{_listed(without)}: not ranked, for they have no number by {NAMES[criterion]}.")
    for row in ranked[:2]:
        said += _misfit(row.model, verdicts[row.model])
    idle: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for row in rows:
        for given in verdicts[row.model].idle_stimuli.items():
            idle.setdefault(given, []).append(row.model)
    for (target, experiments), models in idle.items():
        where = _listed([f"'{conditions.get(name, name)}'" for name in experiments])
        said.append(f"{target} acts on nothing that is measured in {where} in {_listed(models)}.")
    return said


def _weights(criterion: str, weights: str) -> str:
    if criterion == "evidence":
        return "Probabilities by the evidence"
    said = WEIGHTS[weights]
    return f"{said[0].upper()}{said[1:]}{' on what was left out' if criterion == 'leave_out' else ''}"


def _misfit(model: str, verdict: Verdict) -> list[str]:
    failed = [*verdict.sampled.warnings, *verdict.reproduces.warnings, *verdict.reproduces.failed]
    if not failed:
        return [f"{model} reproduces the data: every test of misfit holds."]
    places: dict[str, list[str]] = {}
    for reason in failed:
        places.setdefault(reason.where or reason.subject, []).append(reason.check)
    found = "; ".join(f"{place} ({', '.join(checks)})" for place, checks in places.items())
    if verdict.reproduces.passed:
        return [f"{model} reproduces the data, with warnings: {found}. Numbers: its diagnostics."]
    return [f"{model} does not reproduce the data; checks that fail: {found}. Numbers: its diagnostics."]


def influences(
    rows: Sequence[ModelRow],
    verdicts: Mapping[str, Verdict],
    estimated: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """Say what would change the conclusion.

    Parameters
    ----------
    estimated
        Model -> parameter -> its ``lower`` and ``upper`` bound, as the fit had them.
    """
    said = []
    close = [row.model for row in rows if row.level]
    if len(close) > 1:
        said.append(f"{_listed(close)}: so close that a few more measurements may reorder them.")
    for row in rows:
        model, verdict = row.model, verdicts[row.model]
        if not verdict.sampled.passed:
            reasons = "; ".join(reason.rstrip(".") for reason in row.reasons)
            said.append(f"{model}: a longer or better run, for its fit did not converge ({reasons}).")
        if row.rank is None:
            continue
        own: list[str] = []
        if row.pareto_k_worst:
            worst = ", ".join(
                f"{p.label} (k {'infinite' if p.k is None else f'{p.k:.2f}'})" for p in row.pareto_k_worst[:3]
            )
            own.append(f"its elpd leans on single measurements: {worst}. Repeat those first.")
        unknown = [name for name, p in verdict.parameters.items() if (p.contraction or 0) < UNINFORMED]
        if unknown:
            own.append(f"the data say little about {_listed(unknown)}; there the prior speaks.")
        moved = [name for name, p in verdict.parameters.items() if _outside_prior(p)]
        if moved:
            own.append(
                f"the posterior of {_listed(moved)} left the 90 % interval of its prior. "
                "Either that prior is wrong, or the parameter makes up for something that the model lacks."
            )
        stopped = [name for name, p in verdict.parameters.items() if _at_bound(p, estimated[model][name])]
        if stopped:
            press = "presses" if len(stopped) == 1 else "press"
            own.append(f"{_listed(stopped)} {press} against a bound; wider bounds may change the fit.")
        far = [r for r in verdict.worst_rows if abs(r.residual_sd) > AT_ODDS]
        if far:
            places = ", ".join(
                f"{r.observable} of {r.experiment} at {r.time:g} min on {r.batch} ({r.residual_sd:+.1f} sd)"
                for r in far[:3]
            )
            own.append(f"measurements far from it: {places}. An error there, or a mechanism that it lacks.")
        unfit = [] if verdict.reproduces.passed else [MISFIT]
        said += [f"{model}: {hedged_by(line, unfit)}" for line in own]
    return said or ["Nothing stands out: no influential measurement, no uninformed parameter, no large residual."]


def _outside_prior(row: ParameterStatistics) -> bool:
    if row.median is None or row.prior_q05 is None or row.prior_q95 is None:
        return False
    return not row.prior_q05 <= row.median <= row.prior_q95


def _at_bound(row: ParameterStatistics, about: Mapping[str, Any]) -> bool:
    """Whether the 90 % interval comes within 1 % of the allowed range to a finite bound."""
    lower, upper, low, high = about["lower"], about["upper"], row.q05, row.q95
    if lower is None or upper is None or low is None or high is None:
        return False
    if not (math.isfinite(lower) and math.isfinite(upper)) or (lower == 0.0 and upper <= 1.0):
        return False  # a share has no wider bounds
    if lower > 0:
        lower, upper, low, high = map(math.log, (lower, upper, low, high))
    margin = NEAR * (upper - lower)
    return low < lower + margin or high > upper - margin


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
