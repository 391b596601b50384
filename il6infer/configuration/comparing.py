"""What a configuration says of the comparison of models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from il6infer._errors import Fault
from il6infer.configuration.configuration import Configuration


def wants_evidence(config: Configuration) -> bool:
    """Whether the evidence is computed: asked for, or the criterion."""
    return config.comparison.evidence or config.comparison.criterion == "evidence"


def left_out_of(config: Configuration, dataset: str) -> str:
    """Say what of a data set is left out at a time, or 'none': where it is not a joint fit of several, gels."""
    unit = config.comparison.leave_out
    return "batch" if unit == "data_set" and config.datasets[dataset].joint is None else unit


def comparison_faults(config: Mapping[str, Any]) -> Iterator[Fault]:
    """Find a criterion that nothing is computed for."""
    section, datasets = config.get("comparison"), config.get("datasets")
    if not isinstance(section, Mapping):
        return
    unit = section.get("leave_out", "none")
    if section.get("criterion") == "leave_out" and unit == "none":
        what = "it is leave_out, and 'comparison.leave_out' does not say what is left out."
        yield Fault("key 'comparison.criterion'", what, "Set 'leave_out' to batch, condition or data_set.")
    described = datasets.values() if isinstance(datasets, Mapping) else ()
    if unit == "data_set" and not any(isinstance(d, Mapping) and "joint" in d for d in described):
        what = "it is data_set, and no data set is a joint fit of several."
        yield Fault("key 'comparison.leave_out'", what, "Add one with 'joint', or leave out batch or condition.")
