"""Gather the files of all stages and write the page."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import arviz as az
import jinja2
import pandas as pd
from markupsafe import Markup

from il6infer._config import models_of
from il6infer._errors import Fault, raise_faults
from il6infer._io import load_config, read_posterior, versions
from il6infer.report import figures
from il6infer.report.conclusions import influences, summary
from il6infer.report.style import styled, svg

_TEXT = dict.fromkeys(("observable", "condition", "batch", "unit", "noise", "assay", "simulated"), str)
_FIT_FILES = ("posterior.nc", "verdict.json", "diagram.svg")
_SET_FILES = ("measurements.csv", "protocol.csv", "ingest.json", "comparison.json")


@dataclass(frozen=True)
class ModelView:
    """Everything of one model that the page shows."""

    name: str
    idata: az.InferenceData
    verdict: dict[str, Any]
    diagram: str
    estimated: dict[str, Any]
    attrs: dict[str, Any]

    @property
    def failures(self) -> list[str]:
        """Why the fit cannot be trusted; empty when it can."""
        return [r["message"] for r in self.verdict["reasons"] if r["kind"] == "sampling" and not r["passed"]]


def render(config_path: Path, results: Path) -> str:
    """Write the report as HTML text.

    Parameters
    ----------
    config_path
        Configuration of the analysis.
    results
        Folder that the stages wrote into.

    Raises
    ------
    UserError
        Naming every file that is missing.
    """
    config = load_config(config_path)
    _require(config, results)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": number, "tenth": tenth, "duration": duration}
    template = environment.from_string(
        files("il6infer.report").joinpath("templates", "page.html.j2").read_text("utf-8")
    )
    with styled():
        sets = [_dataset(name, i, config, results) for i, name in enumerate(config["datasets"])]
    return template.render(
        config=config, sets=sets, versions=versions(), config_text=json.dumps(config, indent=2, ensure_ascii=False)
    )


def _require(config: Mapping[str, Any], results: Path) -> None:
    wanted = [results / name / file for name in config["datasets"] for file in _SET_FILES]
    wanted += [
        results / name / model / file
        for name in config["datasets"] for model in models_of(config, name) for file in _FIT_FILES
    ]  # fmt: skip
    missing = [path for path in wanted if not path.is_file()]
    raise_faults([Fault(str(path), "no such file.", "Run the stage that writes it.") for path in missing], "report")
    raise_faults(_other_models(config, results), "report")


def _other_models(config: Mapping[str, Any], results: Path) -> Iterator[Fault]:
    """Comparisons of other models than those of the configuration: a model left out would be dropped unseen."""
    for name in config["datasets"]:
        path, wanted = results / name / "comparison.json", models_of(config, name)
        found = [row["model"] for row in json.loads(path.read_text("utf-8"))["models"]]
        if sorted(found) != sorted(wanted):
            what = f"compares {', '.join(found)}; the configuration names {', '.join(wanted)}."
            yield Fault(str(path), what, "Run `il6infer compare` again.")


def _dataset(name: str, position: int, config: Mapping[str, Any], results: Path) -> dict[str, Any]:
    """Context of one data set's sections."""
    folder = results / name
    measurements = pd.read_csv(folder / "measurements.csv", keep_default_na=False, dtype=_TEXT)
    measurements["value"] = measurements["value"].astype(float)
    protocol = pd.read_csv(folder / "protocol.csv", keep_default_na=False, dtype=str)
    summary_of_ingest = json.loads((folder / "ingest.json").read_text("utf-8"))
    comparison = json.loads((folder / "comparison.json").read_text("utf-8"))
    views = {model: _view(model, folder, f"s{position}") for model in models_of(config, name)}
    order = [row["model"] for row in comparison["models"]]
    readouts = {
        str(readout): (rows, str(rows["unit"].iloc[0]))
        for readout, rows in measurements.groupby("observable", sort=False)
    }
    figure_of = _Figures(f"s{position}f")
    return {
        "name": name,
        "about": summary_of_ingest,
        "simulated": bool(measurements["simulated"].astype(str).str.lower().eq("true").any()),
        "protocol": protocol.to_dict("records"),
        "count": len(measurements),
        "data": [
            (
                readout,
                _described(rows),
                figure_of(figures.data_figure(rows, labelled(readout, unit)), f"{readout} as measured"),
            )
            for readout, (rows, unit) in readouts.items()
        ],
        "models": [_model_context(views[model], readouts, figure_of) for model in order],
        "comparison": comparison,
        "comparison_figure": figure_of(figures.comparison_figure(comparison["models"]), "models compared"),
        "summary": summary(comparison, {m: v.verdict for m, v in views.items()}),
        "influences": influences(
            comparison, {m: v.verdict for m, v in views.items()}, {m: v.estimated for m, v in views.items()}
        ),
        "cautions": cautions(views.values(), config),
    }


class _Figures:
    """Numbers the figures of a data set, so that their ids never meet."""

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
    return f"{readout} [{unit}]" if unit else readout


def _described(rows: pd.DataFrame) -> str:
    batches = list(dict.fromkeys(rows["batch"]))
    return (
        f"{len(rows)} values, {rows['condition'].nunique()} conditions, "
        f"{len(batches)} {'gel or plate' if len(batches) == 1 else 'gels or plates'}; assay {rows['assay'].iloc[0]}, "
        f"noise {rows['noise'].iloc[0]}"
    )


def cautions(views: Iterable[ModelView], config: Mapping[str, Any]) -> list[str]:
    """Sentences on fits that were made in another way than the configuration, or the others, say."""
    views = list(views)
    wanted, now = {"seed": config["seed"], **config["fit"]}, versions()
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


def _view(model: str, folder: Path, prefix: str) -> ModelView:
    idata = read_posterior(folder / model / "posterior.nc")
    attrs = dict(idata["posterior"].attrs)
    diagram = (folder / model / "diagram.svg").read_text("utf-8")
    return ModelView(
        name=model,
        idata=idata,
        verdict=json.loads((folder / model / "verdict.json").read_text("utf-8")),
        diagram=re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-{model}-", diagram[diagram.index("<svg") :]),
        estimated=json.loads(attrs["estimated"]),
        attrs=attrs,
    )


def _model_context(view: ModelView, readouts: Mapping[str, Any], figure_of: _Figures) -> dict[str, Any]:
    verdict = view.verdict
    parameters = [
        {"name": name, **row, "unit": view.estimated[name]["unit"] or "1", "source": view.estimated[name]["source"]}
        for name, row in verdict["parameters"].items()
    ]
    fits = [
        (name, figure_of(figures.fit_figure(rows, view.idata, name, labelled(name, unit)), f"fit of {name}"))
        for name, (rows, unit) in readouts.items()
    ]
    return {
        "name": view.name,
        "verdict": verdict,
        "checks": [{**reason, "limit": limit(reason, verdict)} for reason in verdict["reasons"]],
        "failures": view.failures,
        "diagram": Markup(view.diagram),  # noqa: S704 (our own SVG)
        "parameters": parameters,
        "fits": fits,
        "priors": figure_of(
            figures.prior_posterior_figure(view.idata, view.estimated, {}), f"prior and posterior of {view.name}"
        ),
        "pairs": figure_of(figures.pair_figure(view.idata, verdict["worst_pairs"]), "most correlated parameters")
        if verdict["worst_pairs"]
        else None,
        "pit": figure_of(figures.pit_figure(verdict["loo_pit"]), f"calibration of {view.name}"),
        "attrs": view.attrs,
    }


def limit(reason: Mapping[str, Any], verdict: Mapping[str, Any]) -> str:
    """Write the threshold of a check with its direction; of a coverage, the range that chance allows."""
    if reason["check"].startswith("coverage"):
        level = str(round(100 * reason["threshold"]))
        low, high = verdict["coverage"][reason["where"].split(",")[0]][f"expected_{level}"]
        return f"{low:.2f} to {high:.2f}"
    at_least = reason["check"] == "E-BFMI" or reason["check"].endswith((" ESS", " p"))
    return f"{'≥' if at_least else '≤'} {number(reason['threshold'])}"


def number(value: Any, error: float | None = None, digits: int = 3) -> str:
    """Write a number with the digits that its Monte-Carlo error allows, at most `digits` + 1 of them."""
    if value is None:
        return "n/a"
    value = float(value)
    if value == 0:
        return "0"
    if error and error > 0:
        known = math.floor(math.log10(abs(value))) - math.floor(math.log10(error)) + 1
        digits = max(1, min(digits + 1, known))
    text = f"{value:.{digits}g}"
    return f"{float(text):.0f}" if "e+" in text and abs(value) < 1e7 else text


def tenth(value: Any) -> str:
    """Write a log density with one decimal, so that those of a column line up."""
    return "n/a" if value is None else f"{float(value):.1f}"


def duration(seconds: Any) -> str:
    """Seconds as a reader says them."""
    if seconds is None:
        return "n/a"
    seconds = float(seconds)
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
