"""Fitted models as the page's explorer reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from il6infer.report.sections import MISFIT, NOT_CONVERGED
from il6infer.stages.codec import encode
from il6infer.stages.comparison import SAY
from il6infer.stages.predictions import ModelPredictions

WANTED = {
    "tocilizumab": "tocilizumab: none of these models has it; add option +antibodies.",
    "ruxolitinib": "ruxolitinib: none of these models has it; add option +drugs.",
}
"""Inhibitor that people look for -> what to do where no model has it."""


def explored(
    found: Mapping[str, ModelPredictions],
    weights: Mapping[str, float],
    words: Mapping[str, str],
    doubts: Mapping[str, Sequence[str]],
    title: str,
) -> Markup | str:
    """Write the models as JSON for a script element; empty where no model can be explored.

    Parameters
    ----------
    found
        Model -> its predictions, with the model for a browser.
    weights
        Model -> weight in the comparison.
    words, doubts
        Model -> its label; model -> what is wrong with its fit.
    title
        Stands in figures and tables that are saved.
    """
    models = [
        {
            "name": model,
            "label": words[model],
            "weight": weights.get(model, 0.0),
            "doubts": list(doubts.get(model, ())),
            "grey": bool({NOT_CONVERGED, MISFIT} & set(doubts.get(model, ()))),
            **encode(one.explorer),
        }
        for model, one in found.items()
        if one.explorer is not None
    ]
    if not models:
        return ""
    sliders = {slider["name"] for model in models for slider in model["sliders"]}
    missing = [words for name, words in WANTED.items() if name not in sliders]
    content = {"title": title, "averaged": bool(weights), "say": SAY, "models": models, "missing": missing}
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 (JSON, in which no element can end)
