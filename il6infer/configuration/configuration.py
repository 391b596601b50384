"""A configuration as values: one frozen record, of which everybody reads what is theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from il6infer.stages.codec import decode, encode
from il6infer.stages.settings import Calibrating, Comparing, Identifying, Sampling, Thresholds


@dataclass(frozen=True)
class DataSet:
    """What a configuration says of one data set; None is what it does not say.

    Attributes
    ----------
    petab
        PEtab problem that is the data set.
    description, folder
        Of raw files: what they hold, and where they lie.
    cell
        Preset of its cells.
    joint, own, pooled
        Of a joint fit: its data sets, and parameters that each has of its own, or around a common mean.
    models, constraints, values, free
        In place of those of the whole analysis.
    """

    petab: str | None = None
    description: str | None = None
    folder: str | None = None
    cell: str | None = None
    joint: tuple[str, ...] | None = None
    own: tuple[str, ...] | None = None
    pooled: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    constraints: tuple[str, ...] | None = None
    values: Mapping[str, float] | None = None
    free: Mapping[str, tuple[float, float] | None] | None = None


@dataclass(frozen=True)
class Noise:
    """Noise of the measurements.

    Attributes
    ----------
    per
        Whether a read-out has one noise, or one a gel or plate, which are a factor around that of the read-out.
    along_course
        Whether errors of lanes of one gel, condition and replicate hang together over time, or those of all replicates
        of a gel or plate.
    """

    per: Literal["readout", "batch"]
    along_course: Literal["independent", "correlated", "shared"]


@dataclass(frozen=True)
class HeldOut:
    """Names of what is never fitted, and is predicted by every fit.

    Attributes
    ----------
    datasets, conditions, batches
        Data sets as a whole; conditions and gels or plates, as ``DATASET.NAME`` where there are several data sets.
    """

    datasets: tuple[str, ...]
    conditions: tuple[str, ...]
    batches: tuple[str, ...]


@dataclass(frozen=True)
class Configuration:
    """An analysis: which data, which models, how they are fitted and compared, and what a fit must satisfy.

    Keys, types and defaults are those of ``config.schema.yaml``, which describes each.
    """

    title: str
    question: str
    seed: int
    results: str
    claims: str
    predictions: str
    datasets: Mapping[str, DataSet]
    models: tuple[str, ...]
    modules: str
    constraints: tuple[str, ...]
    values: Mapping[str, float]
    free: Mapping[str, tuple[float, float] | None]
    without_studies: tuple[str, ...]
    noise: Noise
    hold_out: HeldOut
    fit: Sampling = field(default_factory=Sampling)
    verdict: Thresholds = field(default_factory=Thresholds)
    sbc: Calibrating = field(default_factory=Calibrating)
    comparison: Comparing = field(default_factory=Comparing)
    identifiability: Identifying = field(default_factory=Identifying)


def from_keys(content: Mapping[str, Any], source: str) -> Configuration:
    """Make the record of keys and values whose schema has found no fault; `source` is what a message calls them."""
    return decode(Configuration, content, source, key="key")


def as_keys(config: Configuration) -> dict[str, Any]:
    """Keys and values as YAML and JSON have them, every default filled in; what a data set does not say is left out."""
    found = encode(config)
    said = {name: {k: v for k, v in keys.items() if v is not None} for name, keys in found["datasets"].items()}
    return {**found, "datasets": said}
