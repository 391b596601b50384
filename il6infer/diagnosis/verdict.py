"""One verdict per fit: three answers, every check with its number, its limits and what to do."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from il6infer._files import Groups
from il6infer.diagnosis.assumptions import conflict_checks, constants, pull_checks
from il6infer.diagnosis.convergence import correlated_pairs, number, parameter_table, sampler_table
from il6infer.diagnosis.predictive import (
    coverage,
    lack_of_fit,
    lack_of_fit_within_gels,
    loo_pit,
    serial_correlation,
    worst_rows,
)
from il6infer.diagnosis.tails import FALL
from il6infer.draws import SPREAD_ERROR, spread_error
from il6infer.problems.families import FAMILIES
from il6infer.stages.elsewhere import MASS, VARIANCE
from il6infer.stages.sampler import Sampler
from il6infer.stages.settings import Thresholds
from il6infer.stages.verdict import (
    IDLE,
    Answer,
    Coverage,
    LackOfFit,
    LooPit,
    ParameterStatistics,
    Reason,
    SerialCorrelation,
    Verdict,
    check,
    idle_words,
)

NEEDED = ("posterior", "prior", "sample_stats", "warmup_sample_stats", "posterior_predictive", "log_likelihood")
NEEDED += ("observed_data", "constant_data")
"""Groups of a posterior that a verdict reads."""


MORE = "more draws (fit.draws) or chains"
"""What is asked of a fit that had the samplers that look for more."""

RESIDUALS = 20.0
"""Root mean square of residuals, in units of the noise, up to which integrals over offsets were held against grids."""


def diagnose(idata: Groups, thresholds: Thresholds) -> Verdict:
    """Judge a fit: did it sample, does the model reproduce the data, and do these agree with what was assumed."""
    parameters, sampler = parameter_table(idata), sampler_table(idata)
    bands, pits, lack, serial = coverage(idata), loo_pit(idata), lack_of_fit(idata), serial_correlation(idata)
    idle = {t: tuple(names) for t, names in json.loads(idata["posterior"].attrs.get("idle_stimuli", "{}")).items()}
    held = constants(idata)
    return Verdict(
        problem=idata["posterior"].attrs.get("problem_id", ""),
        sampled=Answer.of(
            [*_sampling(parameters, sampler, thresholds), *_tails(idata, parameters, thresholds), *_offsets(idata)]
        ),
        reproduces=Answer.of(
            [
                *_misfit(pits, lack, lack_of_fit_within_gels(idata), serial, thresholds.misfit_p_min),
                *_coverage(bands),
                *_idle(idle),
            ]
        ),
        agrees=Answer.of([*conflict_checks(idata, parameters), *pull_checks(held, thresholds)]),
        parameters=parameters,
        sampler=sampler,
        coverage=bands,
        loo_pit=pits,
        lack_of_fit=lack,
        serial=serial,
        constants=held,
        idle_stimuli=idle,
        worst_pairs=correlated_pairs(idata),
        worst_rows=worst_rows(idata),
    )


def sampling_checks(idata: Groups, thresholds: Thresholds) -> Answer:
    """Ask of a fit without predictions whether it has sampled its posterior.

    Parameters
    ----------
    idata
        Groups posterior, prior, log_likelihood and sample_stats.
    thresholds
        Limits of the checks.

    Returns
    -------
    Answer
        To the first question of a verdict, by the same checks.
    """
    parameters = parameter_table(idata)
    return Answer.of(
        [
            *_sampling(parameters, sampler_table(idata), thresholds),
            *_tails(idata, parameters, thresholds),
            *_offsets(idata),
        ]
    )


def _worst(parameters: Mapping[str, ParameterStatistics], key: str, largest: bool) -> tuple[float | None, str]:
    """Worst value of a statistic over the parameters, and where; None when any is missing."""
    values = {name: getattr(row, key) for name, row in parameters.items()}
    for name, value in values.items():
        if value is None:
            return None, name
    name = (max if largest else min)(values, key=lambda n: values[n])
    return values[name], name


def _sampling(parameters: Mapping[str, ParameterStatistics], sampler: Sampler, limits: Thresholds) -> Iterator[Reason]:
    value, where = _worst(parameters, "rhat", True)
    remedy = "The chains disagree: draw more, or look for modes in starts_logp."
    yield check("R-hat", value, remedy, at_most=limits.rhat_max, subject="parameter", where=where)
    for key, label in (("ess_bulk", "bulk ESS"), ("ess_tail", "tail ESS")):
        value, where = _worst(parameters, key, False)
        remedy = "Too few independent draws: raise fit.draws."
        yield check(label, value, remedy, at_least=limits.ess_min, subject="parameter", where=where)
    untried = " or ".join(map(repr, sampler.untried))
    if sampler.modes_left:
        many = len(sampler.modes_left) + len(sampler.modes_logp)
        another = f" sampler {untried}," if untried else ""
        remedy = (
            f"More modes were found than there are chains, and the draws have none of some of them: take {many} chains "
            f"or more,{another} or priors under which fewer parameters may change places."
        )
        yield check("modes without a draw", float(len(sampler.modes_left)), remedy, at_most=0.0)
    if (elsewhere := sampler.elsewhere) is not None:
        remedy = (
            "Points of the prior and around the draws say that there is more of the posterior where no chain has been: "
            f"take {f'sampler {untried}' if untried else f'{MORE}, or narrower priors'}."
        )
        yield check("share of the posterior where no draw is", elsewhere.mass, remedy, at_most=MASS)
        # Of a parameter of which no standard deviation is given, none is wrong.
        added = {name: by for name, by in elsewhere.variance.items() if parameters[name].sd is not None}
        where = max(added, key=lambda name: added[name], default="")
        name, value = "variance where no draw is", added.get(where, 0.0)
        yield check(name, value, remedy, at_most=VARIANCE, subject="parameter" if where else "fit", where=where)
    if sampler.elsewhere_untold:
        remedy = (
            "It is not known what lies where no chain has been: there are too few draws for the parameters, one of "
            f"them never moved, or weighed points do not find what the draws hold. Take {MORE}."
        )
        yield check("share of the posterior where no draw is", None, remedy, at_most=MASS, decides=False)
    total = sampler.chains * sampler.draws
    gentler = " (sampler 'auto' does)" if "auto" in sampler.untried else ""
    remedy = f"Divergences bias the posterior: raise fit.target_accept{gentler}, or tighten rtol."
    yield check("divergences per draw", sampler.divergences / total, remedy, at_most=limits.divergences_max)
    known = [value for value in sampler.ebfmi if value is not None]
    lowest = min(known) if known and len(known) == len(sampler.ebfmi) else None
    remedy = "The energy is explored slowly: the tails may be missed; tighten priors or draw more."
    if sampler.ebfmi:  # a sampler without energies has none
        yield check("E-BFMI", lowest, remedy, at_least=limits.ebfmi_min)
    remedy = "Trajectories were cut short: the posterior is stretched along a ridge."
    yield check("tree-depth hits per draw", sampler.depth_hits / total, remedy, at_most=limits.depth_hits_max)
    remedy = "Simulations fail at draws of the posterior: look at the model there."
    yield check("failed simulations per draw", sampler.failed_posterior / total, remedy, at_most=limits.failed_max)
    name, remedy = (
        "integration error of the log-likelihood",
        "The solver's error changes the posterior: tighten rtol and atol.",
    )
    yield check(name, sampler.integration_error, remedy, at_most=limits.integration_error_max)
    share = sampler.failed_prior / max(sampler.prior_draws, 1)
    remedy = "Many draws of the prior cannot be simulated: narrow it."
    name = "failed simulations per prior draw"
    yield check(name, share, remedy, at_most=limits.failed_max, decides=False, subject="prior")


def _tails(idata: Groups, parameters: Mapping[str, ParameterStatistics], limits: Thresholds) -> Iterator[Reason]:
    """Check that tails were explored, and name parameters that have quantiles, and no mean or standard deviation."""
    # What is integrated out is drawn from its exact distribution given the others: no sampler has to reach its tails.
    integrated = set(json.loads(idata["posterior"].attrs.get("integrated", "[]")))
    sampled = {name: row for name, row in parameters.items() if name not in integrated}
    value, where = _worst(sampled or parameters, "line_k", True)
    remedy = "Its tails are heavier than the sampler can explore: give it a prior with lighter ones."
    yield check("Pareto k of the tails", value, remedy, at_most=limits.tail_k_max, subject="parameter", where=where)
    estimated = json.loads(idata["posterior"].attrs.get("estimated", "{}"))
    for name, row in parameters.items():
        if row.likelihood_fall is not None and row.likelihood_fall < FALL:
            remedy = (
                "Its prior has no variance, and the data do not cut its tail: it has no standard deviation that could "
                "be given, and draws may not have gone as far as it reaches. Give it a prior that has a variance."
            )
            what = "fall of the log-likelihood in the tail"
            yield check(what, row.likelihood_fall, remedy, at_least=FALL, subject="parameter", where=name)
            continue
        if row.sd is not None or row.tail_k is None:
            continue
        what = "mean and standard deviation have" if row.mean is None else "standard deviation has"
        remedy = f"Its {what} no Monte-Carlo error that these draws could tell, and none is given: use quantiles"
        endless = _without_variance(estimated.get(name, {}).get("prior"))
        remedy += ", or a prior that has a variance." if endless else "."
        # Under a prior without variance more draws may never settle it; else the quantiles are all that is asked.
        most = round(0.5 * min(0.7, 1.0 - 1.0 / math.log10(max(row.ess_bulk or 11.0, 11.0))), 3)
        if row.tail_k <= most:
            error, remedy = spread_error(idata["posterior"][name].values), "A few draws far out make up most of it"
            remedy += ", and none is given: use quantiles, or draw more."
            what = "relative error of a standard deviation"
            yield check(what, error, remedy, at_most=SPREAD_ERROR, decides=False, subject="parameter", where=name)
            continue
        yield check(
            "Pareto k for a standard deviation", row.tail_k, remedy, at_most=most, decides=endless,
            subject="parameter", where=name,
        )  # fmt: skip


def _offsets(idata: Groups) -> Iterator[Reason]:
    """Check that offsets were integrated out where that is known to be right."""
    far = json.loads(idata["posterior"].attrs.get("residuals_of_offsets", "{}"))
    if far:
        where = max(far, key=lambda name: math.inf if math.isnan(far[name]) else far[name])
        remedy = (
            "The measurements lie so many times their noise from the model, and where its prior or bounds hold the "
            "noise so low the integral over an offset may be wrong: let it be larger, or take `nuisance: sampled`."
        )
        name = "residuals where an offset is integrated out"
        yield check(name, number(far[where]), remedy, at_most=RESIDUALS, subject="parameter", where=where)


def _without_variance(prior: Sequence[Any] | None) -> bool:
    """Whether a prior (family, parameters) has no finite variance."""
    return prior is not None and not math.isfinite(FAMILIES[prior[0]].scipy(*prior[1:]).var())


APART = 0.001
"""p below which gels are said to contradict each other."""


def _misfit(
    pits: Mapping[str, LooPit],
    lack: Mapping[str, LackOfFit],
    within: Mapping[str, LackOfFit],
    serial: Mapping[str, SerialCorrelation],
    least: float,
) -> list[Reason]:
    """Test the model against the data; by Bonferroni a right one fails any of them with a probability below `least`."""
    found: list[tuple[str, float | None, str, str]] = []
    for name, test in lack.items():
        if test.p is not None:  # where nothing was replicated, there is no noise to compare with
            remedy = (
                f"Residuals differ {test.f:.1f} times as much between conditions and times as between replicates: "
                "a large noise parameter hides a misfit."
            )
            found.append(("lack-of-fit p", test.p, name, remedy))
    for name, test in within.items():
        ratio = "" if test.f is None else f" ({test.f:.1f} times as far from the model as from each other)"
        apart = test.between is not None and test.between < APART
        cause = (
            f"the gels contradict each other, whatever the model (p {test.between:.1g}: what they say of one condition "
            "and time differs in more than a factor, beside the scatter of replicates): other cells, or another day, "
            "which is an error that all replicates on a gel share (`noise: {along_course: shared}`)"
            if apart
            else "the model misses the data, or each gel in a way of its own, which passes for noise between gels"
        )
        remedy = (
            f"Replicates on one gel or plate miss the model together{ratio}: {cause}; or these are parts of one sample "
            "(average them before the fit, else they count as several); or their gel has far less noise than others "
            f"(`noise: {{per: batch}}`). Farthest: {'; '.join(test.farthest)}."
        )
        found.append(("lack-of-fit p within gels", test.p, name, remedy))
    for name, run in serial.items():
        if run.p is not None:
            remedy = (
                f"Residuals follow their neighbours in time (correlation {run.r:.2f}): the course has another shape."
            )
            found.append(("serial correlation p", run.p, name, remedy))
    remedy = "Predictions are not calibrated: shape, offset or noise of this read-out is wrong."
    found += [("LOO-PIT uniformity p", pit.ks_p, name, remedy) for name, pit in pits.items()]
    return [
        check(name, value, remedy, at_least=least / len(found), subject="read-out", where=where)
        for name, value, where, remedy in found
    ]


def _idle(idle: Mapping[str, Sequence[str]]) -> Iterator[Reason]:
    """Warn of stimuli that the model lets act on nothing."""
    for target, experiments in idle.items():
        yield check(IDLE, 1.0, idle_words(target, experiments), at_most=0.0, decides=False, where=target)


def _coverage(bands: Mapping[str, Coverage]) -> Iterator[Reason]:
    """Warn of bands that hold too few or too many of the data to which the model was fitted."""
    for name, row in bands.items():
        for band in row.bands:
            misses = band.inside is not None and band.inside < band.low
            yield check(
                f"coverage of the {100 * band.level:.0f} % band", band.inside,
                "The model misses the data." if misses else "The model's bands are wider than the data.",
                at_least=band.low, at_most=band.high, decides=False, subject="read-out", where=name,
                measurements=row.n,
            )  # fmt: skip
