"""The page for print: twelve pages at most, however large the analysis; what is not printed is named.

A printed page holds five rows of figures, or sixty lines of a table. Each list of the page has a share of the twelve,
data sets share it, and what is beyond it stays in the page for the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

PAGES = 12
"""Of A4, with the margins and letters of the page's style."""

MOST_SETS, PART = 2, 3
"""Data sets that are printed, for each has a first screen and a diagram of its own; what of a list each of two has."""

SHARES = {
    "read-outs": 5, "parameters": 50, "models compared": 12, "lines on the comparison": 8, "values by criterion": 15,
    "what would change the conclusion": 10, "values held out": 12, "figures of held-out data": 6, "predictions": 8,
    "numbers of a prediction": 10, "lanes to measure next": 12, "claims": 60, "shared parameters": 15,
    "values given": 20, "reasons of a doubt": 3,
}  # fmt: skip
"""What a list is called -> its entries of one data set; of two, each has one part in `PART` of them."""


def printed(sets: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cut the context of the page to what is printed.

    Parameters
    ----------
    sets
        Context of each data set.

    Returns
    -------
    list
        Of the first `MOST_SETS`, with ``unprinted``: sentences that name what was cut.
    """
    shown = sets[:MOST_SETS]
    beyond = [one["name"] for one in sets[MOST_SETS:]]
    done = [_cut(one, len(shown)) for one in shown]
    if beyond:
        done[0]["unprinted"].append(f"{len(beyond)} of {len(sets)} data sets: {', '.join(beyond)}")
    return done


def _cut(one: Mapping[str, Any], sets: int) -> dict[str, Any]:
    """Cut one data set."""
    left: list[str] = []
    parts = PART if sets > 1 else 1

    def most(rows: Sequence[Any], what: str, of: Callable[[Any], str] | None = None) -> list[Any]:
        count = max(1, SHARES[what] // parts)
        rest = [of(row) for row in rows[count:]] if of else []
        if len(rows) > count:
            named = f": {', '.join(rest[:20])}{', ...' if len(rest) > 20 else ''}" if rest else ""
            left.append(f"{len(rows) - count} of {len(rows)} {what}{named}")
        return list(rows[:count])

    cut = dict(one)
    cut["models"] = [_model(model, most) for model in one["models"]]
    comparison = one["comparison"]
    cut["comparison"] = replace(
        comparison,
        models=tuple(most(comparison.models, "models compared", lambda row: one["words"][row.model])),
        notes=tuple(most(comparison.notes, "lines on the comparison")),
    )
    cut["summary"] = most(one["summary"], "lines on the comparison")
    if one["criteria"]:
        lines = most([(m, x) for m, lines in one["criteria"]["lines"] for x in lines], "values by criterion")
        cut["criteria"] = {**one["criteria"], "lines": [(m, [x]) for m, x in lines]}
    if one["leans"]:
        changes = most(one["leans"].changes, "what would change the conclusion")
        cut["leans"] = replace(one["leans"], changes=tuple(changes), untold=())
    if one["freed"]:
        cut["freed"] = {**one["freed"], "rows": most(one["freed"]["rows"], "what would change the conclusion")}
    if one["held_out"]:
        cut["held_out"] = _held_out(one["held_out"], most)
    if one["joint"]:
        first = one["joint"][0]
        cut["joint"] = [{**first, "shared": most(first["shared"], "shared parameters", lambda p: p.name)}]
    cut["predictions"] = [
        (replace(view, numbers=tuple(most(view.numbers, "numbers of a prediction"))), picture)
        for view, picture in most(one["predictions"], "predictions", lambda entry: entry[0].title)
    ]
    for name in ("plan", "contest"):
        if one[name]:
            cut[name] = replace(one[name], lanes=tuple(most(one[name].lanes, "lanes to measure next")))
    room = max(4, SHARES["claims"] // parts)
    groups, all_claims = [], sum(len(claims) for _, _, claims in one["claims"])
    for kind, heading, claims in one["claims"]:
        groups.append((kind, heading, claims[:room] if kind != "silent" else claims))
        room -= len(groups[-1][2]) if kind != "silent" else 0
    cut["claims"] = groups
    if (shown := sum(len(claims) for _, _, claims in groups)) < all_claims:
        left.append(f"{all_claims - shown} of {all_claims} claims")
    cut["given"] = dict(most(list(one["given"].items()), "values given", lambda item: item[0]))
    cut["unprinted"] = list(dict.fromkeys(left))
    return cut


def _model(model: Mapping[str, Any], most: Callable[..., list[Any]]) -> dict[str, Any]:
    """Cut the best model: parameters that the data told most are kept, in their order."""
    told = sorted(model["parameters"], key=lambda p: -(p["contraction"] or 0.0))
    kept = {p["name"] for p in most(told, "parameters", lambda p: p["name"])}
    return {
        **model,
        "fits": most([fit for fit in model["fits"] if fit[1]], "read-outs", lambda fit: fit[0].replace("_", " ")),
        "parameters": [p for p in model["parameters"] if p["name"] in kept],
        "doubts": tuple(replace(d, reasons=tuple(most(d.reasons, "reasons of a doubt"))) for d in model["doubts"]),
    }


def _held_out(found: Mapping[str, Any], most: Callable[..., list[Any]]) -> dict[str, Any]:
    """Keep each model's line, and the first model's read-outs."""
    models = most(found["models"], "models compared")
    rows = most(models[0]["series"], "values held out")
    pictures = most(rows, "figures of held-out data")
    series = [(s, picture if i < len(pictures) else None) for i, (s, picture) in enumerate(rows)]
    return {
        **found,
        "conclusions": most(found["conclusions"], "lines on the comparison"),
        "models": [{**m, "series": series if i == 0 else []} for i, m in enumerate(models)],
    }
