"""What the measurements can tell of the parameters (``identifiability.json``), and profile likelihoods.

Profiles are made in parts (``profiles/<part>.json``) and put together (``profiles.json``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Direction:
    """Parameters that, changed together, change little or nothing of what was measured.

    Attributes
    ----------
    information
        Fisher information of the data in this direction, over that of the prior: 1 is as much as the prior holds.
    changes
        Parameter -> by what it is multiplied or, of one that is not on a logarithmic line, what is added to it.
    says
        The same in words.
    """

    information: float
    changes: Mapping[str, float]
    says: str


@dataclass(frozen=True)
class Informed:
    """What the data tell of one parameter, to second order about the posterior.

    Attributes
    ----------
    alone
        Expected contraction if all other parameters were known; 0: nothing, 1: everything.
    together
        Expected contraction with all others estimated.
    contraction
        That of the draws, as the verdict has it; null where the prior has no spread.
    says
        In words.
    """

    alone: float
    together: float
    contraction: float | None
    says: str


@dataclass(frozen=True)
class Identifiability:
    """What the measurements can tell of the parameters of one fit.

    Attributes
    ----------
    problem
        Id of the problem.
    rank
        Structural rank: independent directions in parameters that change any measured value, however little; null
        where no point could be simulated.
    ranks
        Of each point drawn from the prior that could be simulated.
    points
        Points drawn from the prior.
    draws
        Draws of the posterior over which the information is averaged.
    spectrum
        Eigenvalues of the Fisher information in units of the prior's, the largest first; empty where no draw could be
        simulated.
    informed
        How many of them are above 1: directions of which the data tell more than the prior.
    structural
        Directions that change nothing at any of the points.
    sloppy
        Those of several parameters of which the data tell less than the prior, the structural ones left out.
    parameters
        Parameter -> what the data tell of it.
    best
        Parameter -> value at the highest likelihood that was found within the range of the prior.
    log_likelihood
        There; null where no point of finite likelihood was found.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer identify run"

    problem: str
    rank: int | None
    ranks: tuple[int, ...]
    points: int
    draws: int
    spectrum: tuple[float, ...]
    informed: int
    structural: tuple[Direction, ...]
    sloppy: tuple[Direction, ...]
    parameters: Mapping[str, Informed]
    best: Mapping[str, float]
    log_likelihood: float | None


@dataclass(frozen=True)
class ProfilePoint:
    """The highest likelihood with one parameter held at a value; null where no simulation succeeded."""

    value: float
    log_likelihood: float | None


@dataclass(frozen=True)
class Profile:
    """Profile likelihood of one parameter.

    Attributes
    ----------
    parameter
        That is held.
    unit
        Of its values.
    logarithmic
        Whether it is followed on the line of its logarithm.
    range_low, range_high
        Ends of the range that was searched: the prior's central 99.9 %, and all draws of the posterior.
    points
        In order of the value; their highest log-likelihood is `log_likelihood`.
    log_likelihood
        The highest that any point reached; null where there is none.
    gradients
        Simulations with gradient that it took.
    """

    problem: str
    parameter: str
    unit: str
    logarithmic: bool
    range_low: float
    range_high: float
    points: tuple[ProfilePoint, ...]
    log_likelihood: float | None
    gradients: int


@dataclass(frozen=True)
class ProfilePart:
    """Profiles that one job made."""

    WRITTEN_BY: ClassVar[str] = "il6infer identify profile"

    problem: str
    profiles: tuple[Profile, ...]


@dataclass(frozen=True)
class Interval:
    """What a profile says.

    Attributes
    ----------
    best
        Value at its top; null where no simulation succeeded.
    low, high
        Ends of the 95 % likelihood interval; null where the profile does not fall so far within the range.
    top
        By how much its top lies below the highest likelihood that any profile of the fit reached.
    trusted
        Whether its search came near that, and any point could be simulated.
    says
        In words.
    """

    best: float | None
    low: float | None
    high: float | None
    top: float | None
    trusted: bool
    says: str


@dataclass(frozen=True)
class Profiles:
    """Profiles of all parameters of one fit (``profiles.json``).

    Attributes
    ----------
    log_likelihood
        The highest that any profile reached, from which all drops are measured; null where there is none.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer identify gather"

    problem: str
    log_likelihood: float | None
    profiles: Mapping[str, Profile]
    intervals: Mapping[str, Interval]
