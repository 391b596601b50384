"""What the page shows of one model: its figures are drawn here, in a process of their own."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from markupsafe import Markup

from il6infer._files import read_posterior
from il6infer.report import figures
from il6infer.report.numbers import number
from il6infer.report.sampling import sampling_figure
from il6infer.report.style import again, marked, styled, svg
from il6infer.stages import read
from il6infer.stages.identifiability import Identifiability, Profiles
from il6infer.stages.verdict import IDLE, Reason, Verdict, idle_words


@dataclass(frozen=True)
class ModelView:
    """Everything of one model that the page shows.

    Attributes
    ----------
    estimated
        Parameter -> what the fit says of it.
    attrs
        Attributes of the posterior.
    context
        For the page's template.
    """

    name: str
    verdict: Verdict
    estimated: dict[str, Any]
    attrs: dict[str, Any]
    context: dict[str, Any]


@dataclass(frozen=True)
class Doubt:
    """An answer of a verdict that is no.

    Attributes
    ----------
    label
        As loud as it stands beside each number and figure.
    means
        What follows from it, in a sentence.
    """

    label: str
    means: str
    reasons: tuple[str, ...]


NOT_CONVERGED, MISFIT = "NOT CONVERGED", "DOES NOT REPRODUCE THE DATA"
PRIOR_CONFLICT, PULLED = "PRIOR CONFLICT", "DATA PULL A FIXED CONSTANT"
MEANS = {
    NOT_CONVERGED: "The draws do not stand for the posterior: no number of such a fit is an estimate, and it counts "
    "for no ranking, weight or average.",
    MISFIT: "The model misses the data at the parameters that were drawn: what these are in it says little of the "
    "cells, and it counts for no weight or average.",
    PRIOR_CONFLICT: "The data put parameters where their priors, which are of the literature, hold them improbable: "
    "either these do not hold for these cells, or the parameters make up for what the model lacks. It counts for "
    "weights and averages all the same.",
    PULLED: "The data ask for another value of what was not estimated, and estimated parameters have moved to make up "
    "for it: those that are named are not to be trusted. It counts for weights and averages all the same.",
}
"""Label of a doubt -> what follows from it."""

SAID = {
    NOT_CONVERGED: ("did not converge", "did not converge"),
    MISFIT: ("does not reproduce the data", "do not reproduce the data"),
    PRIOR_CONFLICT: ("contradicts its priors", "contradict their priors"),
    PULLED: ("holds a constant fixed that the data pull at", "hold constants fixed that the data pull at"),
}
"""Label of a doubt -> what one model, and what several, are said to do."""


HEDGES = {
    NOT_CONVERGED: "no result (the fit did not converge)",
    MISFIT: "in a model that misses the data",
}
"""Label of a doubt -> how a sentence about such a fit begins."""


def doubts(verdict: Verdict) -> tuple[Doubt, ...]:
    """Give what a verdict doubts, the worst first; empty when every answer is yes."""
    disagreements = verdict.agrees.failed
    unfit = [label for label, answer in ((NOT_CONVERGED, verdict.sampled), (MISFIT, verdict.reproduces))
             if not answer.passed]  # fmt: skip
    found = (
        (NOT_CONVERGED, verdict.sampled.failed),
        (MISFIT, verdict.reproduces.failed),
        (PRIOR_CONFLICT, [reason for reason in disagreements if reason.subject != "constant"]),
        (PULLED, [reason for reason in disagreements if reason.subject == "constant"]),
    )
    # What follows of the draws is no finding where these, or the model, are none; of the first two, each is its own.
    before = {MISFIT: [NOT_CONVERGED], PRIOR_CONFLICT: unfit, PULLED: unfit}
    return tuple(
        Doubt(label, MEANS[label], tuple(
            hedged_by(reason.message, [x for x in before.get(label, ()) if x in unfit]) for reason in reasons
        ))
        for label, reasons in found if reasons
    )  # fmt: skip


def together(
    found: Mapping[str, Sequence[Doubt]], models: Iterable[str], words: Mapping[str, str]
) -> tuple[Doubt, ...]:
    """Doubts of a number that is of several models, the worst first; each reason names its model.

    Parameters
    ----------
    found
        Model -> its doubts.
    models
        Those that the number is of.
    words
        Model -> its label.
    """
    models = list(models)
    return tuple(
        Doubt(label, means, reasons)
        for label, means in MEANS.items()
        if (reasons := tuple(f"{words[m]}: {line}" for m in models for d in found.get(m, ()) if d.label == label
                             for line in d.reasons))
    )  # fmt: skip


def hedged(sentence: str, doubted: Iterable[Doubt], *, of_draws: bool = True) -> str:
    """Say of what a finding about a fit is one, where that is not the posterior or not the cells.

    Parameters
    ----------
    sentence
        What is said, as if the fit could be trusted.
    doubted
        Doubts of the fit.
    of_draws
        Whether it is said of draws, and not of the likelihood alone.
    """
    return hedged_by(sentence, [doubt.label for doubt in doubted], of_draws=of_draws)


def hedged_by(sentence: str, labels: Collection[str], *, of_draws: bool = True) -> str:
    """Say of a finding what `hedged` says, given labels of doubts.

    Parameters
    ----------
    sentence
        What is said, as if the fit could be trusted.
    labels
        Of the doubts.
    of_draws
        Whether it is said of draws, and not of the likelihood alone.
    """
    said = [words for label, words in HEDGES.items() if label in labels and (of_draws or label != NOT_CONVERGED)]
    return f"{', '.join(said)}: {sentence}" if said and sentence else sentence


class Figures:
    """Numbers figures, so that their ids never meet."""

    def __init__(self, prefix: str) -> None:
        self._name, self._count = prefix, 0

    def __call__(self, figure: Any, label: str) -> Markup | None:
        """Inline SVG of a figure; None of none."""
        if figure is None:
            return None
        self._count += 1
        return Markup(svg(figure, str(Markup.escape(label)), f"{self._name}{self._count}"))  # noqa: S704 (our own SVG)


def labelled(readout: str, unit: str) -> str:
    """Write a read-out with its unit, where it has one."""
    name = readout.replace("_", " ")
    return f"{name} [{unit}]" if unit else name


def draw_model(
    model: str,
    folder: Path,
    prefix: str,
    readouts: Mapping[str, tuple[pd.DataFrame, str]],
    words: Mapping[str, str],
    truth: Mapping[str, float],
    profiles: Sequence[str] = (),
) -> ModelView:
    """Read and draw one model.

    Parameters
    ----------
    folder
        Of the data set, in the results.
    prefix
        Begins every id of the model's pictures.
    readouts
        Read-out -> its measurements and unit.
    words
        Condition -> what was done, in words.
    truth
        Parameter -> value that simulated data were made with; empty where it is not known.
    """
    mpl.use("svg")
    idata = read_posterior(folder / model / "posterior.nc", *figures.NEEDED)
    attrs = dict(idata["posterior"].attrs)
    estimated = json.loads(attrs["estimated"])
    verdict = read(folder / model / "verdict.json", Verdict)
    told = read(folder / model / "identifiability.json", Identifiability)
    [profiled] = [read(folder / model / name, Profiles) for name in profiles] or [None]
    diagram = (folder / model / "diagram.svg").read_text("utf-8")
    diagram = again(diagram[diagram.index("<svg") :], f"{prefix}-")
    figure_of = Figures(f"{prefix}-")
    doubted = doubts(verdict)
    said = [doubt.label for doubt in doubted]

    def picture_of(figure: Any, label: str) -> Markup | None:
        return figure_of(marked(figure, said), ", ".join([label, *map(str.lower, said)]))

    with styled():
        pictures = {
            "fits": [
                (name, picture_of(figures.fit_figure(rows, idata, name, labelled(name, unit), words), f"fit of {name}"))
                for name, (rows, unit) in readouts.items()
            ],
            "priors": picture_of(
                figures.prior_posterior_figure(idata, estimated, truth, profiled), f"prior and posterior of {model}"
            ),
            "pairs": picture_of(figures.pair_figure(idata, verdict.worst_pairs), "most correlated parameters")
            if verdict.worst_pairs
            else None,
            "chains": picture_of(sampling_figure(idata, verdict.parameters), f"chains of {model}"),
            "pit": picture_of(figures.pit_figure(verdict.loo_pit), f"calibration of {model}"),
        }
    context = {
        "name": model,
        "verdict": verdict,
        "idle": {t: [f"'{words.get(e, e)}'" for e in names] for t, names in verdict.idle_stimuli.items()},
        "checks": [
            (question, worded(reason, verdict, words), limit(reason), [x for x in unfit if x in said])
            for question, answer, unfit in (
                ("sampled", verdict.sampled, ()),
                ("reproduces", verdict.reproduces, (NOT_CONVERGED,)),
                ("agrees", verdict.agrees, (NOT_CONVERGED, MISFIT)),
            )
            for reason in answer.reasons
        ],
        "doubts": doubted,
        "diagram": Markup(diagram),  # noqa: S704 (our own SVG)
        "parameters": [
            {
                "name": name,
                **asdict(row),
                "told_by": row.told_by,
                "unit": estimated[name]["unit"] or "1",
                "source": estimated[name]["source"],
                "what": estimated[name].get("what", ""),
            }  # fmt: skip
            for name, row in verdict.parameters.items()
        ],
        "identifiability": told,
        "profiles": profiled,
        "constants": sorted(verdict.constants.items(), key=lambda item: -item[1].gain),
        "in_conflict": {reason.where for reason in verdict.agrees.failed},
        "literature": json.loads(attrs.get("literature", "{}")),
        "correlated": json.loads(attrs.get("correlated", "{}")),
        "attrs": attrs,
        **pictures,
    }
    return ModelView(model, verdict, estimated, attrs, context)


def worded(reason: Reason, verdict: Verdict, words: Mapping[str, str]) -> Reason:
    """Name conditions of a reason by what was done in them, where a file has their identifiers.

    Parameters
    ----------
    reason
        Of the verdict.
    verdict
        Whose idle stimuli say where each was given.
    words
        Condition -> what was done, in words.
    """
    if reason.check != IDLE or reason.where not in verdict.idle_stimuli:
        return reason
    names = [f"'{words.get(name, name)}'" for name in verdict.idle_stimuli[reason.where]]
    return replace(reason, message=idle_words(reason.where, names))


def limit(reason: Reason) -> str:
    """Write the limits of a check."""
    if reason.at_least is not None and reason.at_most is not None:
        return reason.limit
    at_least = reason.at_least is not None
    return f"{'≥' if at_least else '≤'} {number(reason.at_least if at_least else reason.at_most)}"
