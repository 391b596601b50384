"""State of an analysis, from the files that its stages wrote: one line a fit."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from il6infer._errors import UserError
from il6infer.configuration.hold_out import fitted
from il6infer.configuration.load import load_config, models_of
from il6infer.stages import read
from il6infer.stages.verdict import Verdict

QUIET = 300.0
"""Seconds without a line after which a fit that has not ended is not said to be running."""

HEADS = ("data set", "model", "fit", "sampled?", "fits the data?", "where to look")
_PROGRESS = re.compile(r"(\d+)/(\d+) draws")
_DATED = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+ ")


@dataclass(frozen=True)
class FitState:
    """One fit.

    Attributes
    ----------
    state
        ``done``, ``stale``, ``running``, ``stopped``, ``failed`` or ``waiting``, with how far it is.
    sampled, reproduces
        Answers of its verdict in words; empty where there is none.
    look
        File that says more.
    """

    dataset: str
    model: str
    state: str
    sampled: str
    reproduces: str
    look: str


def states(
    results: Path, now: float | None = None, changed: Callable[[Path], Sequence[Path] | None] = lambda _: None
) -> list[FitState]:
    """Look at every fit of an analysis.

    Parameters
    ----------
    results
        Folder that the stages wrote into.
    now
        Time to judge by [s since the epoch]; None: that of the clock.
    changed
        Result -> files that are not those that it was made from; None where that is not known, and the times of the
        files have to tell.

    Raises
    ------
    UserError
        If the folder holds no analysis.
    """
    settings = results / "settings" / "report.json"
    if settings.is_file():
        config = load_config(settings)
        pairs = [(name, model) for name in fitted(config) for model in models_of(config, name)]
    else:
        found = sorted({*results.glob("*/*/posterior.nc"), *results.glob("*/*/problem")})
        pairs = list(dict.fromkeys((path.parent.parent.name, path.parent.name) for path in found))
    if not pairs:
        raise UserError(f"{results}: no analysis. Give the folder that `snakemake` wrote into, 'results' by default.")
    when = time.time() if now is None else now
    return [_state(results, dataset, model, when, changed) for dataset, model in pairs]


def _state(
    results: Path, dataset: str, model: str, now: float, changed: Callable[[Path], Sequence[Path] | None]
) -> FitState:
    folder, log = results / dataset / model, results / "logs" / "fit" / dataset / f"{model}.log"
    posterior, problem = folder / "posterior.nc", folder / "problem" / "problem.yaml"
    report = results / "report" / "index.html"
    look = f"{report}#{dataset}-{model}" if report.is_file() else str(folder / "verdict.json")
    if not posterior.is_file():
        state = _unfinished(log, now)
        return FitState(dataset, model, state, "", "", str(log) if log.is_file() else "")
    if newer := _newer(posterior, problem, changed(posterior)):
        state = f"stale: its {_part(newer)} is newer, run snakemake"
        return FitState(dataset, model, state, "", "", str(newer))
    verdict_file = folder / "verdict.json"
    if not verdict_file.is_file():
        return FitState(dataset, model, "done, not judged yet", "", "", str(log))
    if _newer(verdict_file, posterior, changed(verdict_file)):
        return FitState(dataset, model, "stale: its verdict is older, run snakemake", "", "", str(verdict_file))
    verdict = read(verdict_file, Verdict)
    sampled, reproduces = (
        "yes" if answer.passed else "NO: " + ", ".join(dict.fromkeys(reason.check for reason in answer.failed))
        for answer in (verdict.sampled, verdict.reproduces)
    )
    reproduces = reproduces if verdict.sampled.passed else "not known: it did not sample"
    return FitState(dataset, model, "done", sampled, reproduces, look)


def _newer(result: Path, source: Path, changed: Sequence[Path] | None) -> Path | None:
    """Give a file that came after a result that was made from it."""
    if changed is not None:
        return changed[0] if changed else None
    return source if source.is_file() and source.stat().st_mtime > result.stat().st_mtime else None


def _part(path: Path) -> str:
    return "configuration" if path.parent.name == "settings" else "problem"


def _unfinished(log: Path, now: float) -> str:
    if not log.is_file():
        return "waiting"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    last = _DATED.sub("", lines[-1]) if lines else ""
    if any(line.startswith(("error:", "Traceback")) for line in lines):
        return f"failed: {last[:80]}"
    done = [(int(a), int(b)) for a, b in _PROGRESS.findall(last)]
    share = f" {100 * sum(a for a, _ in done) / sum(b for _, b in done):.0f} %" if done else ""
    left = re.search(r"[^;,:]*\bleft\b", last)
    words = share + (f", {left[0].strip()}" if left else "")
    return ("running" if now - log.stat().st_mtime < QUIET else "stopped") + words


def table(found: Sequence[FitState]) -> str:
    """Write the states as a table of text."""
    rows = [HEADS, *((f.dataset, f.model, f.state, f.sampled, f.reproduces, f.look) for f in found)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS) - 1)]
    return "\n".join(
        "  ".join([*(word.ljust(width) for word, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )
