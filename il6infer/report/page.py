"""Gather the files of all stages and write the page."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from il6infer._errors import Fault, raise_faults
from il6infer._files import versions
from il6infer._tables import sound_sheet
from il6infer.configuration.check import library_of
from il6infer.configuration.configuration import Configuration, DataSet, as_keys
from il6infer.configuration.hold_out import fitted, held_out_of
from il6infer.configuration.load import load_config, models_of, values_of
from il6infer.configuration.raw import truth_of
from il6infer.report import criteria, figures, freed_constants, hold_out, joint, predictions
from il6infer.report.cards import cards
from il6infer.report.citing import methods
from il6infer.report.claims import grouped, leans
from il6infer.report.conclusions import influences, near, summary, vocabulary
from il6infer.report.explore import explored
from il6infer.report.hold_out import estimated_alone, fitted_rows
from il6infer.report.labels import labels_apart
from il6infer.report.links import grouped_by_reason, in_words, linked
from il6infer.report.numbers import chance, duration, interval, number, tenth
from il6infer.report.paper import printed
from il6infer.report.prior_checks import findings, prior_figure, read_checks
from il6infer.report.sections import (
    MEANS,
    MISFIT,
    NOT_CONVERGED,
    SAID,
    Figures,
    ModelView,
    draw_model,
    hedged,
    hedged_by,
    labelled,
    together,
)
from il6infer.report.style import again, styled
from il6infer.stages import read
from il6infer.stages.claims import WeighedClaims
from il6infer.stages.comparison import SAY, UNRANKED, Comparison
from il6infer.stages.conditions import condition_labels
from il6infer.stages.ingest import IngestSummary
from il6infer.stages.predictions import Contest, ModelPredictions, Predictions
from il6infer.stages.tables import MEASUREMENTS, adopted, read_table

_FIT_FILES = ("posterior.nc", "verdict.json", "identifiability.json", "diagram.svg", "prior_check.json")
_SET_FILES = ("measurements.csv", "protocol.csv", "ingest.json", "comparison.json")


def render(config_path: Path, results: Path, threads: int = 1, *, paper: bool = False) -> str:
    """Write the report as HTML text.

    Parameters
    ----------
    config_path
        Configuration of the analysis.
    results
        Folder that the stages wrote into.
    threads
        Models that are drawn at once.
    paper
        For print: the best model alone, without tables that a screen folds away; what is left out is named.

    Raises
    ------
    UserError
        Naming every file that is missing.
    """
    config = load_config(config_path)
    _require(config, results)
    template = environment().get_template("page.html.j2")
    # Matplotlib works on one core a process. New processes, not copies of this one: its threads would not survive.
    pool = ProcessPoolExecutor(max(1, threads), get_context("spawn"), gc.set_threshold, gc.get_threshold())
    with styled(), pool:
        sets = [_dataset(name, i, config, results, pool.submit, paper) for i, name in enumerate(fitted(config))]
    models = list(dict.fromkeys(model for one in sets for model in one["words"]))
    if paper:
        sets = printed(sets)
    # Ours, and nobody else's: what users wrote goes through the template.
    style, page_script, explorer_script = (
        Markup(_template(name))
        for name in ("style.css", "page.js", "explorer.js")  # noqa: S704
    )
    return template.render(
        config=config, sets=sets, versions=versions(),
        config_text=json.dumps(as_keys(config), indent=2, ensure_ascii=False),
        style=style, page_script=page_script, explorer_script=explorer_script, paper=paper,
        methods=methods(config, versions(), models),
    )  # fmt: skip


def environment() -> jinja2.Environment:
    """Templates of the page, with the filters that they use."""
    made = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        loader=jinja2.FunctionLoader(_template),
    )  # fmt: skip
    made.filters |= {"number": number, "tenth": tenth, "duration": duration, "chance": chance, "alone": estimated_alone}
    made.filters |= {"doi": linked, "groups": grouped_by_reason, "hedged": hedged, "hedged_by": hedged_by}
    made.globals |= {"interval": interval, "spread": predictions.spread_text}
    return made


def _template(name: str) -> str:
    return files("il6infer.report").joinpath("templates", name).read_text("utf-8")


def _require(config: Configuration, results: Path) -> None:
    names = fitted(config)
    wanted = [results / name / file for name in names for file in _SET_FILES]
    if config.claims:
        wanted += [results / name / "claims.json" for name in names]
    if config.predictions:
        wanted += [results / name / "predictions.json" for name in names]
    wanted += [
        results / name / model / hold_out.FILE
        for name in names if held_out_of(config, name) for model in models_of(config, name)
    ]  # fmt: skip
    wanted += [
        results / name / model / file
        for name in names for model in models_of(config, name) for file in (*_FIT_FILES, *_profiles(config))
    ]  # fmt: skip
    missing = [path for path in wanted if not path.is_file()]
    raise_faults([Fault(str(path), "no such file.", "Run the stage that writes it.") for path in missing], "report")
    raise_faults(_other_models(config, results), "report")


def _profiles(config: Configuration) -> list[str]:
    """File of the profile likelihoods of a fit, where the configuration asks for them."""
    return ["profiles.json"] if config.identifiability.profiles else []


def _other_models(config: Configuration, results: Path) -> Iterator[Fault]:
    """Comparisons of other models than those of the configuration: a model left out would be dropped unseen."""
    for name in fitted(config):
        path, wanted = results / name / "comparison.json", models_of(config, name)
        found = [row.model for row in read(path, Comparison).models]
        if sorted(found) != sorted(wanted):
            what = f"compares {', '.join(found)}; the configuration names {', '.join(wanted)}."
            yield Fault(str(path), what, "Run `il6infer compare` again.")


def _dataset(
    name: str, position: int, config: Configuration, results: Path, draw: Callable[..., Future], paper: bool
) -> dict[str, Any]:
    """Context of one data set's sections."""
    folder = results / name
    # A problem that was adopted says in words what an ingested one says in numbers, and lacks some: both are read.
    measurements = read_table(folder / "measurements.csv", adopted(MEASUREMENTS), "report")
    protocol = sound_sheet(folder / "protocol.csv", "report", without_rows=True)
    summary_of_ingest = read(folder / "ingest.json", IngestSummary)
    comparison = read(folder / "comparison.json", Comparison)
    order = [row.model for row in comparison.models]
    claims = read(folder / "claims.json", WeighedClaims) if config.claims else None
    readouts = {
        str(readout): (rows, str(rows["unit"].iloc[0]))
        for readout, rows in measurements.groupby("observable", sort=False)
    }
    library = library_of(config)
    words, common = joint.labels(config, name, order, library)
    words, common = (words, common) if words else labels_apart(order, library)
    steps = [dict(row.cells) for row in protocol.rows]
    conditions = condition_labels(steps, dict.fromkeys(measurements["condition"]))
    simulated = bool(measurements["simulated"].any())
    truth = _truth(config.datasets[name]) if simulated else {}
    out = held_out_of(config, name)
    seen = fitted_rows(measurements, out)
    fits = {r: (seen[seen["observable"] == r], u) for r, (_, u) in readouts.items() if r in set(seen["observable"])}
    drawn = {
        model: draw(draw_model, model, folder, f"s{position}m{i}", fits, conditions, truth, _profiles(config))
        for i, model in enumerate(order)
    }
    predicted = read(folder / "predictions.json", Predictions) if config.predictions else None
    figure_of, checks = Figures(f"s{position}-f"), read_checks(folder, order)
    data = [
        (
            readout,
            _described(rows),
            figure_of(figures.data_figure(rows, labelled(readout, unit), conditions), f"{readout} as measured"),
        )
        for readout, (rows, unit) in readouts.items()
    ]
    views = {model: picture.result() for model, picture in drawn.items()}
    verdicts, told = {m: v.verdict for m, v in views.items()}, {m: v.estimated for m, v in views.items()}
    doubts = {model: found for model, view in views.items() if (found := view.context["doubts"])}
    return {
        "name": name,
        "about": summary_of_ingest,
        "simulated": simulated,
        "words": words,
        "conditions": conditions,
        "truth": truth,
        "cards": cards(comparison.models, verdicts, words, told, predicted, library, doubts, comparison.criterion),
        "best": _shown_first(comparison, views),
        **_predicted(predicted, folder, comparison, words, doubts, figure_of, simulated),
        "protocol": steps,
        "count": len(measurements),
        "unseen": len(measurements) - len(seen),
        "data": data,
        "models": [views[model].context for model in (order[:1] if paper else order)],
        "compared": len(order),
        "priors": {
            "checks": checks,
            "figure": figure_of(prior_figure(checks), "priors against published ranges"),
            "findings": in_words(findings(checks), words),
            "sources": checks[order[0]].checks,
        },
        "comparison": replace(comparison, notes=tuple(in_words(comparison.notes, words))),
        "comparison_figure": figure_of(figures.comparison_figure(comparison.models, words), "models compared"),
        "criteria": (about := criteria.section(comparison, words)),
        "criteria_figure": figure_of(about["figure"], "models by every criterion") if about else None,
        "summary": in_words(
            summary(comparison.models, verdicts, comparison.criterion, comparison.weights, conditions), words
        ),
        "vocabulary": vocabulary(order, library),
        "common": common,
        "influences": [
            in_words(influences(rows, verdicts, told), words)
            for rows in (
                [row for row in comparison.models if near(row)],
                [row for row in comparison.models if not near(row)],
            )
            if rows
        ],
        "held_out": hold_out.section(folder, order, out, doubts, words, figure_of, conditions) if out else None,
        "joint": joint.section(config, name, order, results),
        "freed": freed_constants.section(folder, order, words, comparison, verdicts),
        "leans": leans(claims, words, told),
        "averaged_claims": together(doubts, comparison.heavy, words),
        "claims": grouped(claims.claims if claims else (), comparison.models),
        "doubts": doubts,
        "left_out": {
            model: out
            for model, found in doubts.items()
            if (out := [doubt for doubt in found if doubt.label in (NOT_CONVERGED, MISFIT)])
        },
        "answers": [
            (label, means, found)
            for label, means in MEANS.items()
            if (found := {m: d for m, v in views.items() for d in v.context["doubts"] if d.label == label})
        ],
        "doubted": SAID,
        "unanswered": claims.unanswered if claims else "",
        "given": values_of(config, name),
        "cautions": cautions(views.values(), config),
    }


def _shown_first(comparison: Comparison, views: Mapping[str, ModelView]) -> dict[str, Any] | None:
    """Model over the data on the first screen: the best of those that fit, else the best there is."""
    rows = sorted(comparison.models, key=lambda row: (not row.reproduces, row.rank is None, row.rank or 0))
    for row in rows:
        drawn = [(name, picture) for name, picture in views[row.model].context["fits"] if picture]
        fits = [(name, Markup(again(picture, "first-"))) for name, picture in drawn]  # noqa: S704 (our own SVG)
        if fits:
            level = sum(other.level and other.reproduces for other in rows) if row.level else 1
            return {**views[row.model].context, "fits": fits, "rank": row.rank, "level": level}
    return None


def _truth(described: DataSet) -> dict[str, float]:
    """Parameter -> value that simulated data were made with, where it lies beside them."""
    path = truth_of(described)
    if path is None:
        return {}
    table = pd.read_csv(path)
    return dict(zip(table["parameter"].astype(str), table["value"].astype(float), strict=True))


def _predicted(
    found: Predictions | None, folder: Path, comparison: Comparison, words: Mapping[str, str],
    doubts: Mapping[str, Any], figure_of: Figures, simulated: bool,
) -> dict[str, Any]:  # fmt: skip
    """Context of the predictions; empty where none were asked."""
    empty = {
        "predictions": [],
        "explored": "",
        "unexplored": {},
        "predictions_unanswered": "",
        "averaged": (),
        "shown_models": [],
        "plan": None,
        "planned_for": "",
        "contest": None,
    }
    if found is None:
        return empty
    order = [row.model for row in comparison.models]
    own = {model: read(folder / model / "predictions.json", ModelPredictions) for model in order}
    shown = [model for model in order if found.weights.get(model, 0.0) >= SAY or model == order[0]]
    if found.unanswered == UNRANKED:  # none is ahead: each that can be trusted has its own numbers
        shown = [row.model for row in comparison.models if row.sampled and row.reproduces]
    return {
        "predictions": [
            (view, figure_of(view.figure, ", ".join([view.title, *(d.label.lower() for d in view.doubts)])))
            for view in predictions.views(found, order, words, doubts)
        ],
        "averaged": together(doubts, [m for m, w in found.weights.items() if w >= SAY], words),
        "explored": explored(own, found.weights, words, {m: [d.label for d in v] for m, v in doubts.items()},
                             ("SIMULATED DATA, " if simulated else "") + comparison.dataset),
        "unexplored": {model: one.unexplored for model, one in own.items() if one.explorer is None},
        "predictions_unanswered": found.unanswered,
        "shown_models": shown,
        "plan": found.plan,
        "planned_for": found.planned_for,
        "contest": _in_words(found.contest, words),
    }  # fmt: skip


def _in_words(found: Contest | None, words: Mapping[str, str]) -> Contest | None:
    """Plan that tells models apart, models by their labels where it says why there is none."""
    return found and replace(found, absent=in_words([found.absent], words)[0])


def _described(rows: pd.DataFrame) -> str:
    values, conditions, batches = len(rows), rows["condition"].nunique(), rows["batch"].nunique()
    return (
        f"{values} {'value' if values == 1 else 'values'}, {conditions} "
        f"{'condition' if conditions == 1 else 'conditions'}, {batches} "
        f"{'gel or plate' if batches == 1 else 'gels or plates'}; assay {' and '.join(rows['assay'].unique())}, "
        f"noise {' and '.join(rows['noise'].unique())}"
    )


def cautions(views: Iterable[ModelView], config: Configuration) -> list[str]:
    """Sentences on fits that were made in another way than the configuration, or the others, say."""
    views = list(views)
    wanted, now = {"seed": config.seed, **vars(config.fit)}, versions()
    groups: dict[str, list[str]] = {}
    for view in views:
        for key, what, expected in (
            ("settings", "settings than this configuration's", wanted),
            ("versions", "versions than those that wrote this page", now),
        ):
            had = json.loads(view.attrs.get(key, "{}"))
            other = [f"{k} {had[k]} (now {expected[k]})" for k in expected if k in had and had[k] != expected[k]]
            if other:
                groups.setdefault(f"fitted with other {what}: {', '.join(other)}.", []).append(view.name)
    said = [f"{', '.join(names)}: {what}" for what, names in groups.items()]
    if len({view.attrs["source_digest"] for view in views}) > 1:
        said.append("The fits were made by different states of the code: their source digests differ.")
    return said
