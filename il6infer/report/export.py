"""Figures for a manuscript: SVG and PDF with text as text, and the numbers of each as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from il6infer._files import Groups, atomic_path, atomic_write_text, read_posterior
from il6infer._tables import sound_sheet
from il6infer.configuration.check import library_of
from il6infer.configuration.configuration import Configuration
from il6infer.configuration.hold_out import fitted
from il6infer.configuration.load import load_config
from il6infer.report import criteria, figures, predictions
from il6infer.report.labels import labels_apart
from il6infer.report.sections import doubts, labelled
from il6infer.report.style import marked, styled
from il6infer.stages import read
from il6infer.stages.comparison import Comparison
from il6infer.stages.conditions import condition_labels
from il6infer.stages.predictions import Predictions
from il6infer.stages.tables import MEASUREMENTS, adopted, read_table
from il6infer.stages.verdict import Verdict

QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}


def write_figures(config_path: Path, results: Path, folder: Path) -> list[Path]:
    """Write the figures of each data set: data, fit of the best model, comparison, predictions.

    Parameters
    ----------
    config_path
        Configuration of the analysis.
    results
        Folder that the stages wrote into.
    folder
        To write into: ``<data set>-<figure>.svg``, ``.pdf`` and ``.csv``. A fit that did not converge, or a model that
        does not reproduce the data, says so on its figure and in a column of its table.

    Returns
    -------
    list
        Files that were written.
    """
    config = load_config(config_path)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    with styled(), mpl.rc_context({"pdf.fonttype": 42, "savefig.facecolor": "white"}):
        for name in fitted(config):
            for what, figure, table in _figures(name, config, results):
                if figure is None:
                    continue
                stem = folder / f"{name}-{what}"
                for ending in ("svg", "pdf"):
                    path = stem.with_suffix(f".{ending}")
                    about = {"Date": None} if ending == "svg" else {"CreationDate": None}
                    with atomic_path(path) as temporary:
                        figure.savefig(temporary, format=ending, bbox_inches="tight", metadata=about)
                    written.append(path)
                written.append(stem.with_suffix(".csv"))
                atomic_write_text(written[-1], table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    return written


def _figures(name: str, config: Configuration, results: Path) -> Iterator[tuple[str, Figure | None, pd.DataFrame]]:
    """Name, figure and table of each figure of a data set."""
    folder = results / name
    measurements = read_table(folder / "measurements.csv", adopted(MEASUREMENTS), "report")
    steps = [dict(row.cells) for row in sound_sheet(folder / "protocol.csv", "report", without_rows=True).rows]
    words = condition_labels(steps, dict.fromkeys(measurements["condition"]))
    comparison = read(folder / "comparison.json", Comparison)
    labels, _ = labels_apart([row.model for row in comparison.models], library_of(config))
    best = min(comparison.models, key=lambda row: (not row.reproduces, row.rank is None, row.rank or 0)).model
    verdict = read(folder / best / "verdict.json", Verdict)
    said = [doubt.label for doubt in doubts(verdict)]
    idata = read_posterior(folder / best / "posterior.nc", *figures.NEEDED)
    for readout, rows in measurements.groupby("observable", sort=False):
        unit = labelled(str(readout), str(rows["unit"].iloc[0]))
        yield f"data-{readout}", figures.data_figure(rows, unit, words), _worded(rows, words)
        fitted = figures.fit_figure(rows, idata, str(readout), unit, words)
        yield f"fit-{readout}", marked(fitted, said), _curves(idata, str(readout), words, labels[best], said)
    rows = pd.DataFrame(
        [(labels[r.model], r.rank, r.sampled, r.reproduces, not r.conflicts, r.elpd, r.elpd_diff, r.diff_se,
          r.stacking, r.pseudo_bma, r.weight)
         for r in comparison.models],
        columns=["model", "rank", "sampled", "reproduces", "agrees", "elpd", "elpd_diff", "diff_se", "stacking",
                 "pseudo_bma", "weight"],
    )  # fmt: skip
    yield "comparison", figures.comparison_figure(comparison.models, labels), rows
    if about := criteria.section(comparison, labels):
        table = comparison.criteria.reset_index()
        yield "criteria", about["figure"], table.assign(model=table["model"].map(labels))
    if config.predictions:
        found = read(folder / "predictions.json", Predictions)
        order = [row.model for row in comparison.models]
        doubted = {model: doubts(read(folder / model / "verdict.json", Verdict)) for model in order}
        for view, one in zip(predictions.views(found, order, labels, doubted), found.predictions, strict=True):
            path = folder / "predictions" / f"{one.id}.csv"
            if view.figure is not None and path.is_file():
                yield f"prediction-{one.id}", view.figure, pd.read_csv(path)


def _worded(rows: pd.DataFrame, words: Mapping[str, str]) -> pd.DataFrame:
    keys = ["observable", "condition", "time_min", "batch", "replicate", "value", "unit", "simulated"]
    return rows[keys].assign(done=rows["condition"].map(words))


def _curves(idata: Groups, readout: str, words: Mapping[str, str], model: str, said: list[str]) -> pd.DataFrame:
    """Quantiles of the fitted curves, a row a time."""
    if readout not in idata["predictions"]:
        return pd.DataFrame()
    about = idata["predictions_constant_data"]
    curves, grid = idata["predictions"][readout].values, about[f"{readout}_grid"].values
    parts = []
    series = zip(about[f"{readout}_series_experiment"].values, about[f"{readout}_series_batch"].values, strict=True)
    for i, (experiment, batch) in enumerate(series):
        present = np.isfinite(grid[i])
        drawn = curves[:, i, present]
        drawn = drawn[np.isfinite(drawn).all(axis=1)]
        if not len(drawn):
            continue
        columns = {key: np.quantile(drawn, q, axis=0) for key, q in QUANTILES.items()}
        about_it = {
            "condition": str(experiment),
            "done": words.get(str(experiment), str(experiment)),
            "batch": str(batch),
        }
        parts.append(pd.DataFrame({**about_it, "time_min": grid[i][present], **columns}))
    verdict = ", ".join(said) or "converged, reproduces the data"
    return pd.concat(parts, ignore_index=True).assign(model=model, verdict=verdict) if parts else pd.DataFrame()
