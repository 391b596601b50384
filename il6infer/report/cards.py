"""First screen: what the data say, as cards of a few words and numbers each; none is written in advance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from il6infer.library.catalogue import Library
from il6infer.report.conclusions import UNINFORMED
from il6infer.report.labels import features
from il6infer.report.numbers import after, interval, number
from il6infer.report.predictions import shares
from il6infer.report.sections import Doubt, together
from il6infer.stages.comparison import SAY, ModelRow
from il6infer.stages.predictions import Predictions
from il6infer.stages.verdict import ParameterStatistics, Verdict

PARTS, CONSTANTS = 0.005, 6
"""Weight below which a feature is not named; constants that a card lists."""

HINDERED = 3
"""Fits that did not converge of which a card says what hinders them."""

LEANS = 0.1
"""Share of the measurements whose Pareto k is too large, above which ranks by leaving single ones out are doubted."""

QUOTED = "\N{LEFT DOUBLE QUOTATION MARK}{}\N{RIGHT DOUBLE QUOTATION MARK}"
"""Of a model's label, which may hold semicolons of its own."""


@dataclass(frozen=True)
class Bar:
    """A share as a bar: label, percent, and words beside it."""

    label: str
    percent: float
    words: str


@dataclass(frozen=True)
class Light:
    """An answer to a question on all fits: how many of them say yes."""

    label: str
    good: int
    all: int
    who: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """One card.

    Attributes
    ----------
    answer
        The one line that is read first.
    tone
        ``good``, ``bad``, or empty.
    link
        Id of the section that says more, without the data set.
    doubts
        Of the models whose numbers it shows.
    """

    title: str
    answer: str
    tone: str
    lines: tuple[str, ...] = ()
    groups: tuple[tuple[str, tuple[Bar, ...]], ...] = ()
    lights: tuple[Light, ...] = ()
    link: str = ""
    doubts: tuple[Doubt, ...] = ()


def cards(
    rows: Sequence[ModelRow],
    verdicts: Mapping[str, Verdict],
    words: Mapping[str, str],
    told: Mapping[str, Mapping[str, Any]],
    predictions: Predictions | None,
    library: Library,
    doubts: Mapping[str, Sequence[Doubt]],
    criterion: str = "loo",
) -> list[Card]:
    """Make the five cards.

    Parameters
    ----------
    rows
        Models by rank.
    words
        Model -> its label.
    told
        Model -> parameter -> what the fit says of it: ``what``, ``unit``.
    predictions
        Of the data set; None where none were asked.
    doubts
        Model -> what is wrong with its fit.
    criterion
        By which the models are ranked.
    """
    best = next((row for row in rows if row.rank is not None and row.reproduces), None)
    weighted = [row.model for row in rows if (row.weight or 0.0) >= SAY]
    through = _shares(predictions)
    of = [
        (_mechanism(rows, words, library, criterion), weighted),
        (through, weighted if through.groups else []),  # without a number there is none to doubt
        (_constants(best, verdicts, told, words, _unranked(rows)), [best.model] if best else []),
        (_fit(rows, verdicts, words), []),
        _next(best, verdicts, told, words, predictions, _unranked(rows)),
    ]
    return [replace(card, doubts=together(doubts, models, words)) for card, models in of]


def _next(
    best: ModelRow | None, verdicts: Mapping[str, Verdict], told: Mapping[str, Mapping[str, Any]],
    words: Mapping[str, str], predictions: Predictions | None, unranked: bool,
) -> tuple[Card, list[str]]:  # fmt: skip
    """Card on what to measure next, and the models that it is of."""
    planned = _planned(predictions, told)
    if predictions is None or planned is None:
        return _open(best, verdicts, told, words, unranked), [best.model] if best else []
    contest = predictions.contest
    return planned, list(dict.fromkeys([predictions.planned_for, *(contest.chances if contest else ())]))


def _mechanism(rows: Sequence[ModelRow], words: Mapping[str, str], library: Library, criterion: str) -> Card:
    title = "Which mechanism"
    weighted = {row.model: row.weight for row in rows if row.weight is not None and row.weight > 0}
    if not weighted:
        sampled = [row for row in rows if row.sampled]
        if _unranked(rows):
            why = "Models that reproduce the data have no number by the criterion that ranks: see Comparison."
            return Card(title, "Not ranked", "", (why,), link="comparison")
        answer = "None of these models reproduces the data" if sampled else "No fit converged"
        return Card(title, answer, "bad", ("No mechanism has a weight, so nothing is concluded.",), link="comparison")
    if len(rows) == 1:
        asked = "Only this model was fitted, so it is held against no other: name rivals under `models`."
        return Card(title, words[rows[0].model], "", (asked,), link="comparison")
    groups, lines, alone, untried = [], [], [], []
    split = {row.model: features(row.model, library) for row in rows}
    for position, name in enumerate(("receptor", "feedback")):
        chances: dict[str, float] = {}
        part_of = {model: parts[position] if position < len(parts) else "" for model, parts in split.items()}
        for model, weight in weighted.items():
            if part_of[model]:
                chances[part_of[model]] = chances.get(part_of[model], 0.0) + weight
        held = {part_of[row.model] for row in rows if row.sampled}  # also those that miss the data were held against
        if chances and len({*part_of.values()}) == 1:
            alone += chances
        elif chances and len(held) == 1:
            rivals = sorted({*part_of.values()} - held - {""})
            untried.append(
                f"{'; '.join(chances)}: held against nothing, for no fit with {' or '.join(rivals)} converged"
            )
        elif chances:
            parts = sorted(chances.items(), key=lambda item: -item[1])
            bars = tuple(Bar(p, 100 * c, _percent(c)) for p, c in parts if c >= PARTS)
            groups.append((name, bars))
    top = max(weighted, key=lambda model: weighted[model])
    compared = sum(row.sampled for row in rows)
    left_out = len(rows) - len([row for row in rows if row.reproduces and row.sampled])
    alike = [words[row.model] for row in rows if row.level and row.model != top]
    if alike:
        told = f"Not told apart by the data: {', '.join(QUOTED.format(name) for name in [words[top], *alike])}."
        lines.append(f"{told} Weights share out an average, and are no chances.")
    ranked = [row for row in rows if row.rank is not None and row.reproduces]
    behind = [QUOTED.format(words[row.model]) for row in ranked if not row.level]
    if behind:
        lines.append(f"The data speak against {', '.join(behind)}.")
    leaning = (
        [row for row in ranked if (row.pareto_k_bad or 0) > LEANS * (row.n or math.inf)] if criterion == "loo" else []
    )
    if leaning:
        most = max(leaning, key=lambda row: row.pareto_k_bad or 0)
        lines.append(
            f"Not to be trusted: {most.pareto_k_bad} of {most.n} values of {QUOTED.format(words[most.model])} could "
            "not be left out by weights (Pareto k), and the ranks lean on them. `comparison: {evidence: true}` asks "
            "in another way."
        )
    lines.append(f"Share of the weight, of {compared} model{'s' * (compared > 1)} whose fit converged.")
    lines = [f"{line}." for line in untried] + lines
    if alone:
        lines.append(f"Held against nothing, for every model has it: {'; '.join(alone)}.")
    if left_out:
        lines.append(f"{left_out} of {len(rows)} models have no say: they did not converge or miss the data.")
    ahead = [r for r in rows if not r.sampled]
    if ahead:
        lines.append("A model whose fit did not converge might do better: see Comparison.")
    tone = "" if ahead or alike or leaning else "good"
    # A heading is read alone: of models that are alike none is it, whatever its weight.
    answer = f"{len(alike) + 1} models that the data do not tell apart" if alike else words[top]
    return Card(title, answer, tone, tuple(lines), tuple(groups), link="comparison")


def _shares(predictions: Predictions | None) -> Card:
    title = "Classic or trans"
    if predictions is None:
        return Card(title, "Not asked", "", ("The configuration names no file of predictions.",), link="methods")
    found = shares(predictions)
    if not found:
        why = predictions.unanswered or "no model with a weight has both ways"
        return Card(title, "No answer", "bad" if predictions.unanswered else "", (f"{why.capitalize()}.",),
                    link="predictions")  # fmt: skip
    given = [(part, s) for _, parts in found for part, s in parts]
    if all(s.q05 == s.q95 for _, s in given):  # 0 or 100 % in every draw: by the wiring
        alone = " and ".join(dict.fromkeys(part for part, s in given if s.median))
        lines = (f"Every model with a weight has {alone} alone: all of the signal goes there whatever the data.",)
        return Card(title, "Not asked", "", lines, link="predictions")
    groups = []
    for experiment, parts in found:
        bars = tuple(
            Bar(part, s.median or 0.0, f"{number(s.median, digits=2)} % ({interval(s.q05, s.q95, digits=2)})")
            for part, s in parts if (s.q95 or 0.0) >= 100 * PARTS
        )  # fmt: skip
        groups.append((experiment, bars))
    experiment, parts = max(found, key=lambda item: len([s for _, s in item[1] if 2 < (s.median or 0) < 98]))
    part, share = max(parts, key=lambda item: item[1].median or 0.0)
    answer = f"{number(share.median, digits=2)} % of the signal through {part}, with {experiment}"
    return Card(title, answer, "", ("Median (5\N{EN DASH}95 %) over the models by weight.",), tuple(groups),
                link="predictions")  # fmt: skip


def _unranked(rows: Sequence[ModelRow]) -> bool:
    """Whether a model converged and reproduces the data, and none such has a rank."""
    return {row.rank is None for row in rows if row.sampled and row.reproduces} == {True}


def _constants(
    best: ModelRow | None, verdicts: Mapping[str, Verdict], told: Mapping[str, Mapping[str, Any]],
    words: Mapping[str, str], unranked: bool,
) -> Card:  # fmt: skip
    title = "Binding constants"
    if best is None and unranked:
        lines = ("No model is chosen: what each says of them stands under Parameters.",)
        return Card(title, "Not ranked", "", lines, link="parameters")
    if best is None:
        return Card(title, "Nothing learnt", "bad", ("No fit can be trusted to say.",), link="parameters")
    about, statistics = told[best.model], verdicts[best.model].parameters
    names = [n for n in statistics if "dissociation constant" in about[n].get("what", "") or n.startswith("Kd_")]
    # Else all that the model depends on; of gels' scales and offsets nobody asks.
    inner = [n for n in statistics if about[n].get("in_the_model", True)] or list(statistics)
    names = names or sorted(inner, key=lambda n: -(statistics[n].contraction or 0.0))
    lines = []
    for name in names[:CONSTANTS]:
        p = statistics[name]
        what = about[name].get("what") or name.replace("_", " ")
        value = f"{number(p.median)} ({interval(p.q05, p.q95)}){after(about[name].get('unit') or '')}"
        lines.append(f"{what.replace('dissociation constant of ', '')}: {value}; {_learnt(p)}")
    known = sum((statistics[n].contraction or 0.0) >= 0.5 for n in names)
    answer = f"{known} of {len(names)} known at least twice as well as before"
    return Card(title, answer, "", (f"In {words[best.model]}, median (5\N{EN DASH}95 %):", *lines), link="parameters")


def _learnt(p: ParameterStatistics) -> str:
    """Say how much narrower the interval became, as a factor on the logarithm."""
    values = (p.q05, p.q95, p.prior_q05, p.prior_q95)
    if any(v is None or v <= 0 for v in values):
        return "contraction " + (f"{p.contraction:.2f}" if p.contraction is not None else "n/a")
    low, high, before_low, before_high = (math.log(float(v)) for v in values if v is not None)
    if high <= low:
        return "fixed"
    factor = (before_high - before_low) / (high - low)
    return f"{number(factor, digits=2)} times narrower" if factor >= 1.2 else "hardly narrower than the prior"


def _fit(rows: Sequence[ModelRow], verdicts: Mapping[str, Verdict], words: Mapping[str, str]) -> Card:
    # Of draws that are no posterior neither of the other two is known: such a fit counts for none of them.
    sampled = [row for row in rows if row.sampled]
    good = [row for row in sampled if row.reproduces]
    agreeing = [row for row in sampled if verdicts[row.model].agrees.passed]
    which = "that converged and " if len(sampled) < len(rows) else "that "
    lights = (
        Light("fits that converged", len(sampled), len(rows), tuple(words[r.model] for r in rows if not r.sampled)),
        Light(
            f"models {which}reproduce the data", len(good), len(rows),
            tuple(words[r.model] for r in rows if r not in good),
        ),
        Light(
            f"fits {which}agree with their priors and fixed constants", len(agreeing), len(rows),
            tuple(words[r.model] for r in rows if r not in agreeing),
        ),
    )  # fmt: skip
    answer = f"{words[good[0].model]} does" if len(good) == 1 else f"{len(good)} of {len(rows)} do"
    lines = []
    if len(sampled) < len(rows):
        lines.append("NOT CONVERGED: no number of such a fit is an estimate.")
    if not good:
        # A heading is read alone: it says which of the lights is out.
        fitted = "model" if len(sampled) == len(rows) else "model that converged"
        missing = f"{fitted} reproduces the data" if sampled else "fit converged"
        answer = f"No {missing}: no number below is a finding"
    return Card("Does any model fit", answer, "good" if good else "bad", tuple(lines), lights=lights, link="fit")


def _planned(predictions: Predictions | None, told: Mapping[str, Mapping[str, Any]]) -> Card | None:
    """Say what to measure next, of a plan; None where there is none."""
    plan = predictions.plan if predictions else None
    if predictions is None or plan is None or not plan.lanes:
        return None
    counts: dict[tuple[str, str, float], int] = {}
    for lane in plan.lanes:
        key = (lane.readout.replace("_", " "), lane.done, lane.time_min)
        counts[key] = counts.get(key, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    readouts = " and ".join(dict.fromkeys(key[0] for key in counts))
    answer = f"{len(plan.lanes)} lanes of {readouts}, first {ranked[0][0][1]} at {ranked[0][0][2]:g} min"
    about = told[predictions.planned_for]
    most = sorted(plan.shrinkage, key=lambda name: plan.shrinkage[name])[:2]
    learnt = [
        f"{about[n].get('what') or n.replace('_', ' ')}: interval {100 * (1 - plan.shrinkage[n]):.0f} % narrower"
        for n in most if n in about
    ]  # fmt: skip
    lanes = [f"{count} \N{MULTIPLICATION SIGN} {done}, {time:g} min" for (_, done, time), count in ranked[:4]]
    gain = f"Expected gain {plan.gain:.2f} nats; random lanes: {plan.random:.2f}."
    return Card("What to measure next", answer, "", (*lanes, *learnt, gain, *_apart(predictions)), link="next")


def _apart(predictions: Predictions) -> tuple[str, ...]:
    """Say which lane would tell the models apart, where there are models to tell apart."""
    found = predictions.contest
    if found is None or not found.lanes:
        return ()
    first = max(found.lanes, key=lambda lane: lane.gain)
    return (
        f"To tell the {len(found.chances)} models in play apart: {first.readout.replace('_', ' ')}, {first.done}, "
        f"{first.time_min:g} min; the right one from {_percent(found.now)} to {_percent(found.after)} with "
        f"{len(found.lanes)} lanes.",
    )


def _open(
    best: ModelRow | None, verdicts: Mapping[str, Verdict], told: Mapping[str, Mapping[str, Any]],
    words: Mapping[str, str], unranked: bool,
) -> Card:  # fmt: skip
    """Say what the data leave open, where no plan was computed."""
    title = "What to measure next"
    if best is None and not any(verdict.sampled.passed for verdict in verdicts.values()):
        return Card(title, "Nothing yet: first a fit that converges", "", _hindered(verdicts, words), link="fit")
    if best is None and unranked:
        return Card(
            title, "Not ranked", "", ("What each model leaves open stands under Parameters.",), link="parameters"
        )
    if best is None:
        return Card(title, "First a model that fits", "", ("See what the misfits are, under Fit.",), link="fit")
    about, statistics = told[best.model], verdicts[best.model].parameters
    known = {n: p.contraction or 0.0 for n, p in statistics.items()}
    unknown = sorted((n for n, share in known.items() if share < UNINFORMED), key=lambda n: known[n])
    lines = [f"{about[n].get('what') or n.replace('_', ' ')}" for n in unknown[:4]]
    if not lines:
        return Card(title, "Every parameter was informed by the data", "", (), link="parameters")
    answer = f"The data say little about {len(unknown)} parameters"
    return Card(title, answer, "", (f"In {words[best.model]}, the prior speaks for:", *lines), link="parameters")


def _hindered(verdicts: Mapping[str, Verdict], words: Mapping[str, str]) -> tuple[str, ...]:
    """Say what hinders fits that did not converge, and what was not tried."""
    lines = []
    for model, verdict in list(verdicts.items())[:HINDERED]:
        lines.append(f"{words[model]} fails by {', '.join(dict.fromkeys(r.check for r in verdict.sampled.failed))}.")
    if all(verdict.sampler.asked == "auto" for verdict in verdicts.values()):
        lines.append("'sampler: auto' was taken: more draws (fit.draws), or priors that exclude what cannot be.")
    else:
        lines.append("Longer chains (fit.tune, fit.draws), or 'sampler: auto'.")
    return (*lines, "What each check asks for stands under Fit.")


def _percent(chance: float) -> str:
    percent = 100 * chance
    return "> 99 %" if percent > 99 else f"{percent:.0f} %"
