"""Settings of a stage: the sections of the configuration that it reads, checked, and no other."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from il6infer._errors import Fault, nearest, raise_faults
from il6infer._yaml import read_yaml
from il6infer.stages.codec import Bounds, Record, check_fields, decode

SECTIONS = (
    "title", "question", "seed", "results", "claims", "predictions", "hold_out", "noise", "datasets", "models",
    "modules", "constraints", "values", "free", "without_studies", "fit", "verdict", "sbc", "comparison",
    "identifiability",
)  # fmt: skip
"""Keys of a configuration; `il6infer.configuration` says what each holds."""

SEED = 20261121
"""Root of all random numbers, where the configuration gives none."""

Count = Annotated[int, Bounds(minimum=1, maximum=1_000_000)]
Few = Annotated[int, Bounds(minimum=1, maximum=1_000)]
Steps = Annotated[int, Bounds(minimum=1, maximum=1_000_000_000)]
Share = Annotated[float, Bounds(minimum=0, maximum=1)]
Tolerance = Annotated[float, Bounds(above=0, maximum=0.01)]
Root = Annotated[int, Bounds(minimum=0, maximum=2**63 - 1)]


@dataclass(frozen=True)
class Sampling:
    """How the posterior is sampled; section ``fit`` of the configuration.

    Attributes
    ----------
    chains
        Chains of NUTS, run side by side on threads.
    tune
        Tuning iterations a chain, thrown away.
    draws
        Draws a chain, kept.
    target_accept
        Acceptance rate that the step size is tuned to; nearer 1 is slower and diverges less.
    starts
        Prior draws improved by optimisation to start from; the first is the nominal point.
    engine
        Solver of the equations; diffsol is slow, and independent.
    rtol
        Relative tolerance of the solver.
    atol
        Absolute tolerance of the solver [nM].
    max_steps
        Steps of the solver that one simulation may take; one that needs more fails.
    mass_matrix
        Form of the sampler's mass matrix; low_rank copes with correlated parameters.
    nuisance
        Whether scales, offsets and noise parameters are integrated out where that is exact, or sampled.
    sampler
        nutpie is NUTS on the compiled density; tempered is sequential Monte Carlo from the prior on it, for modes that
        are apart; auto is nutpie and, where its chains have not met, hops between modes, then replica exchange, at last
        tempered (where they have met and draws are worth little, hops); pymc is PyMC's NUTS and pymc_smc its sequential
        Monte Carlo, both slow and on the pm.Model itself.
    """

    chains: Few = 4
    tune: Count = 400
    draws: Count = 1000
    target_accept: Annotated[float, Bounds(above=0, below=1)] = 0.9
    starts: Count = 8
    engine: Literal["rosenbrock", "diffsol"] = "rosenbrock"
    rtol: Tolerance = 1e-6
    atol: Tolerance = 1e-8
    max_steps: Steps = 10_000
    mass_matrix: Literal["low_rank", "diagonal"] = "low_rank"
    nuisance: Literal["integrated", "sampled"] = "integrated"
    sampler: Literal["nutpie", "tempered", "auto", "pymc", "pymc_smc"] = "nutpie"


@dataclass(frozen=True)
class FitSettings(Sampling):
    """How one fit is made.

    Attributes
    ----------
    seed
        Root of all random numbers of this fit.
    threads
        Chains that run at once; beyond these, threads of each gradient of many conditions. Changes no draw.

    Raises
    ------
    UserError
        With every setting that cannot be.
    """

    seed: Root = 1
    threads: Few = 4

    def __post_init__(self) -> None:
        """Check."""
        check_fields(self, "settings of the fit")


@dataclass(frozen=True)
class Thresholds:
    """Limits of the checks of a verdict; section ``verdict`` of the configuration.

    Attributes
    ----------
    rhat_max
        Largest rank-normalised R-hat.
    ess_min
        Smallest bulk and tail effective sample size.
    divergences_max
        Largest share of divergent draws.
    ebfmi_min
        Smallest E-BFMI of a chain.
    depth_hits_max
        Largest share of draws at the tree-depth limit.
    failed_max
        Largest share of simulations that failed.
    integration_error_max
        Largest error of the log-likelihood from the solver's tolerances.
    pareto_k_max
        Pareto k above which a measurement's LOO is not trusted.
    tail_k_max
        Largest Pareto k of the tails of the draws of a parameter that was sampled (what is integrated out is drawn
        exactly), of the logarithms of a positive one.
    pull_max
        Largest rise of the log-evidence that freeing a fixed constant may promise.
    misfit_p_min
        Smallest p of a model that reproduces the data, of all its tests of misfit together.

    Raises
    ------
    UserError
        With every threshold that cannot be.
    """

    rhat_max: Annotated[float, Bounds(minimum=1)] = 1.01
    ess_min: Annotated[float, Bounds(minimum=0)] = 400
    divergences_max: Share = 0.001
    ebfmi_min: Annotated[float, Bounds(minimum=0)] = 0.3
    depth_hits_max: Share = 0.05
    failed_max: Share = 0.01
    integration_error_max: Annotated[float, Bounds(above=0)] = 0.1
    pareto_k_max: Annotated[float, Bounds(minimum=0)] = 0.7
    tail_k_max: Annotated[float, Bounds(minimum=0)] = 0.7
    pull_max: Annotated[float, Bounds(minimum=0)] = 3.0
    misfit_p_min: Share = 0.01

    def __post_init__(self) -> None:
        """Check."""
        check_fields(self, "thresholds of the verdict")


@dataclass(frozen=True)
class Calibrating:
    """How a problem is calibrated by simulated data; section ``sbc`` of the configuration.

    Attributes
    ----------
    fits
        Simulated data sets, each fitted.
    batch
        Fits of one job, and of one file.
    chains
        Chains of each fit.
    tune
        Tuning iterations a chain.
    draws
        Draws a chain.
    starts
        Points that each fit climbs from.
    """

    fits: Count = 100
    batch: Count = 10
    chains: Few = 2
    tune: Count = 200
    draws: Annotated[int, Bounds(minimum=50, maximum=1_000_000)] = 300
    starts: Count = 3

    def __post_init__(self) -> None:
        """Check."""
        check_fields(self, "settings of the calibration")


@dataclass(frozen=True)
class Comparing:
    """How models are compared; section ``comparison`` of the configuration.

    Attributes
    ----------
    criterion
        What models are ranked, weighed and averaged by: loo leaves one value out at a time (PSIS), leave_out all values
        of a gel, condition or data set, evidence is the probability of all data before any was seen.
    weights
        Of loo and leave_out: pseudo_bma shares out by how far models are apart and how uncertain that is (pseudo-BMA+),
        stacking by how well their mixture predicts, which may give one of two that predict alike everything.
    leave_out
        What is left out at a time, data_set of a joint fit and gels of others; none is not computed.
    jobs
        Jobs that share the refits of one fit.
    evidence
        Whether it is computed; it is where it is the criterion.
    runs
        Independent runs of sequential Monte Carlo, the second estimator of the evidence.
    particles
        Of each run.
    """

    criterion: Literal["loo", "leave_out", "evidence"] = "loo"
    weights: Literal["pseudo_bma", "stacking"] = "pseudo_bma"
    leave_out: Literal["none", "batch", "condition", "data_set"] = "none"
    jobs: Few = 4
    evidence: bool = False
    runs: Annotated[int, Bounds(minimum=3, maximum=1_000)] = 6
    particles: Annotated[int, Bounds(minimum=100, maximum=1_000_000)] = 500

    def __post_init__(self) -> None:
        """Check."""
        check_fields(self, "settings of the comparison")


@dataclass(frozen=True)
class EvidenceSections:
    """What `il6infer evidence` reads of a configuration."""

    comparison: Comparing = field(default_factory=Comparing)
    seed: Root = SEED


@dataclass(frozen=True)
class LeaveOutSections:
    """What `il6infer leaveout` reads of a configuration."""

    comparison: Comparing = field(default_factory=Comparing)
    fit: Sampling = field(default_factory=Sampling)
    verdict: Thresholds = field(default_factory=Thresholds)
    seed: Root = SEED


@dataclass(frozen=True)
class Identifying:
    """What the workflow asks of identifiability; section ``identifiability`` of the configuration.

    Attributes
    ----------
    profiles
        Whether the report has profile likelihoods, which `snakemake profiles` makes in any case.
    parts
        Jobs that share the profiles of one fit.
    """

    profiles: bool = False
    parts: Few = 4

    def __post_init__(self) -> None:
        """Check."""
        check_fields(self, "settings of identifiability")


@dataclass(frozen=True)
class CalibrationSections:
    """What `il6infer sbc run` reads of a configuration."""

    sbc: Calibrating = field(default_factory=Calibrating)
    fit: Sampling = field(default_factory=Sampling)
    verdict: Thresholds = field(default_factory=Thresholds)
    seed: Root = SEED


@dataclass(frozen=True)
class FitSections:
    """What `il6infer fit` reads of a configuration."""

    fit: Sampling = field(default_factory=Sampling)
    seed: Root = SEED


@dataclass(frozen=True)
class VerdictSections:
    """What `il6infer diagnose` reads of a configuration."""

    verdict: Thresholds = field(default_factory=Thresholds)


@dataclass(frozen=True)
class CompareSections:
    """What `il6infer compare` reads of a configuration: of the thresholds only ``pareto_k_max``."""

    comparison: Comparing = field(default_factory=Comparing)
    verdict: Thresholds = field(default_factory=Thresholds)
    seed: Root = SEED


def read_sections(path: Path | None, kind: type[Record]) -> Record:
    """Read those sections of a configuration that a stage needs.

    Parameters
    ----------
    path
        Configuration, or what rule ``settings`` wrote of it; None: all defaults.
    kind
        `FitSections` and the like.

    Raises
    ------
    UserError
        If a key is unknown, or one of these sections holds what it cannot.
    """
    content: dict[str, Any] = {} if path is None else read_yaml(path)
    unknown = [key for key in content if key not in SECTIONS]
    raise_faults([Fault(f"key '{key}'", "is unknown.", nearest(str(key), SECTIONS)) for key in unknown], str(path))
    wanted = kind.__dataclass_fields__  # type: ignore[attr-defined]
    return decode(kind, {key: content[key] for key in wanted if key in content}, str(path), key="key")
