"""Numbers that say how good a file is: what each is, and the limit beyond which a reader should look at the file.

The limits are rules of thumb of the bench, not tests: a file beyond one is read, and the report says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from il6infer.stages.ingest import QualityCheck


@dataclass(frozen=True)
class Limit:
    """What a number is, and the largest (or, with `least`, the smallest) that calls for no second look."""

    what: str
    limit: float
    least: bool = False


LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "loading_cv": Limit("loading control, variation from lane to lane", 0.3),
        "calibrator_cv": Limit("calibrator, variation from lane to lane", 0.3),
        "lane_order": Limit("lanes in the order of their times (1: a gradient over the gel looks like kinetics)", 1.0),
        "negative_bands": Limit("bands below zero after subtraction of a background", 0.0),
        "renilla_cv": Limit("Renilla, variation from well to well", 0.5),
        "blank_share": Limit("blank wells over the lowest well", 0.2),
        "technical_cv": Limit("technical wells, median variation within a sample", 0.2),
        "reference_ct_cv": Limit("Ct of the reference, variation from sample to sample", 0.03),
        "reference_drift": Limit("reference genes against each other, standard deviation [cycles]", 0.5),
        "control_gap": Limit("cycles between the latest sample and wells without template", 5.0, least=True),
        "backfit_error": Limit("standards read back from the curve, largest relative error", 0.2),
        "curve_cv": Limit("uncertainty of samples that comes from the curve, median", 0.15),
        "duplicate_cv": Limit("wells of one sample and dilution, median variation", 0.2),
        "dilution_cv": Limit("one sample over its dilutions, largest variation", 0.3),
        "bait_cv": Limit("bait, variation from lane to lane", 0.5),
        "input_cv": Limit("input, variation from lane to lane", 0.3),
        "control_share": Limit("prey of the control lanes over that of the others", 0.3),
    }
)
"""Name in ``quality`` of ``ingest.json`` -> what it is and its limit."""


def checks(quality: Mapping[str, float]) -> tuple[QualityCheck, ...]:
    """Hold the numbers of a file against their limits."""
    return tuple(
        QualityCheck(name, found.what, float(value), found.limit, _good(float(value), found))
        for name, value in quality.items()
        if (found := LIMITS.get(name)) is not None
    )


def _good(value: float, limit: Limit) -> bool:
    return value >= limit.limit if limit.least else value <= limit.limit


def line(check: QualityCheck) -> str:
    """Write a number with its limit, for a terminal."""
    side = "at least" if LIMITS[check.name].least else "at most"
    verdict = "" if check.good else ", LOOK AT IT"
    return f"{check.what}: {check.value:.3g} ({side} {check.limit:g}{verdict})"
