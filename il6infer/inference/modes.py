"""Modes: where climbs end, each climbed on from in its own frame; which of them chains begin at, and which are left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from il6infer.inference.frame import Frame
from il6infer.inference.starts import ROUNDS, DensityFunction, Starts, apart, climbed_from, frame_at
from il6infer.stages.elsewhere import LoneMode

WINDOW, SHARE, DOUBT = 10.0, 7.0, 8.0
"""Modes whose height is as far below the largest as the first, and whose mass as the second, in logarithms, are not
used; nor are those that are lower than the mode of the largest mass and whose mass is as far below it as the third. A
thousandth of the mass is less than draws could tell, and chains that begin there never meet the others: Boehm's second
mode, 11.2 lower, holds e^-9.7, and an image of its first, 9.1 lower, e^-8.5. To hold a hundredth it would have to be
forty times as wide, against the first, as is guessed."""

COUNTS = 4.6
"""Logarithm of the share of the largest mass that a mode needs for draws to be incomplete without it."""

GAIN = 0.05
"""When an optimum rises by less, it is not climbed on from."""

_KNOWN = "modes_known"


@dataclass(frozen=True)
class Mode:
    """An optimum that chains begin at.

    Attributes
    ----------
    frame
        Of the normal approximation there, which is its origin.
    logp
        Log-density there.
    """

    frame: Frame
    logp: float

    @property
    def mass(self) -> float:
        """Logarithm of the mass of the normal approximation, but for a constant: height and width together."""
        return self.logp + float(np.linalg.slogdet(self.frame.matrix)[1])


def find_modes(
    density: DensityFunction, starts: Starts, chains: int, threads: int = 1
) -> tuple[list[Mode], list[Mode]]:  # fmt: skip
    """Climb on from the best optima, each in the coordinates of its frame, where ridges are no longer narrow.

    Parameters
    ----------
    starts
        Optimised points.
    chains
        How many there are; twice as many optima are climbed on from, and four more.

    Returns
    -------
    list of Mode
        Those that are still apart and whose mass or height is near enough to the largest, the largest mass first. A low
        and wide mode may have more of it than a high and narrow one, the more so the more dimensions there are; and a
        width is but a guess, so that no mode is left out for its width alone.
    list of Mode
        Those whose height is near enough, and that are left out for their mass.
    """

    def climb(index: int) -> Mode:
        point, top = starts.points[index], starts.logp[index]
        for _ in range(ROUNDS):
            frame, _ = frame_at(density, point, starts.spread)
            value, z, _, _ = climbed_from(density, frame)
            gain = value - top
            if gain > 0.0:
                point, top = frame.points(z), value
            if not gain > GAIN:
                break
        return Mode(Frame(point, frame.matrix), float(top))

    # Not only those near the best: on a narrow ridge a first climb ends a hundred below the mode that it leads to.
    chosen = starts.distinct(density, np.inf)[: 2 * chains + 4]
    with ThreadPoolExecutor(max(1, threads)) as pool:
        climbed = sorted(pool.map(climb, chosen), key=lambda mode: -mode.mass)
    points = np.array([mode.frame.origin for mode in climbed]).reshape(len(climbed), -1)
    masses, heights = (np.array([getattr(mode, name) for mode in climbed]) for name in ("mass", "logp"))
    # The largest mass comes first.
    lighter, higher = masses[:1] - masses, heights > heights[:1]
    high = heights >= heights.max(initial=-np.inf) - WINDOW
    near = (lighter <= SHARE) | high & (higher | (lighter <= DOUBT))
    kept = apart(density, points, heights, starts.spread, np.inf)
    return [climbed[i] for i in kept if near[i]], [climbed[i] for i in kept if high[i] and not near[i]]


def begun_at(modes: Sequence[Mode], chains: int) -> list[Mode]:
    """Of modes, the largest mass first, those that so many chains can begin at: with the highest among them."""
    if len(modes) <= chains:
        return list(modes)
    highest = max(modes, key=lambda mode: mode.logp)
    return [*[mode for mode in modes if mode is not highest][: chains - 1], highest]


def lone(modes: Sequence[Mode], light: Sequence[Mode], chains: int) -> list[LoneMode]:
    """Tell of modes at which no chain begins, with their shares of the mass of all; the largest mass first.

    Parameters
    ----------
    modes, light
        Of `find_modes`.
    chains
        How many begin.
    """
    if not (all_modes := [*modes, *light]):
        return []
    whole, begun = float(np.logaddexp.reduce([mode.mass for mode in all_modes])), begun_at(modes, chains)
    return [
        LoneMode(round(mode.logp, 3), float(np.exp(mode.mass - whole)))
        for mode in all_modes if not any(mode is other for other in begun)
    ]  # fmt: skip


@dataclass(frozen=True)
class Known:
    """All modes that were found, for to see whether draws have come to those at which no chain began.

    Attributes
    ----------
    origins
        (modes, dimensions), in standard deviations of the prior.
    masses, logp
        (modes,) logarithms, see `Mode`.
    begun
        (modes,) whether a chain began there.
    spread
        (dimensions,) of the prior.
    """

    origins: np.ndarray
    masses: np.ndarray
    logp: np.ndarray
    begun: np.ndarray
    spread: np.ndarray

    @classmethod
    def from_search(cls, modes: Sequence[Mode], chains: int, spread: np.ndarray) -> Known:
        """Gather what is known of modes, the largest mass first.

        Parameters
        ----------
        modes
            Of `find_modes`.
        chains
            How many begin.
        spread
            (dimensions,) of the prior.
        """
        begun = begun_at(modes, chains)
        return cls(
            np.array([mode.frame.origin for mode in modes]) / spread, np.array([mode.mass for mode in modes]),
            np.array([mode.logp for mode in modes]), np.array([any(m is b for b in begun) for m in modes]), spread,
        )  # fmt: skip

    @classmethod
    def of(cls, attributes: dict[str, object]) -> Known:
        """Take them out of the attributes that tell of the search."""
        return cls(*(np.array(array) for array in json.loads(str(attributes.pop(_KNOWN)))))

    def attrs(self) -> dict[str, str]:
        """Make attributes that `of` reads."""
        return {_KNOWN: json.dumps([array.tolist() for array in vars(self).values()])}

    def left(self, points: np.ndarray) -> list[float]:
        """Log-density of modes of at least a hundredth of the largest mass to which no draw has come.

        Parameters
        ----------
        points
            (draws, dimensions), unconstrained. A draw counts for the mode that is nearest to it.
        """
        if self.begun.all():
            return []
        distances = np.stack([((points / self.spread - origin) ** 2).sum(axis=1) for origin in self.origins])
        visited = np.isin(np.arange(len(self.masses)), distances.argmin(axis=0))
        lost = ~(visited | self.begun) & (self.masses > self.masses.max() - COUNTS)
        return [round(float(value), 3) for value in self.logp[lost]]


def disperse(
    density: DensityFunction, modes: Sequence[Mode], chains: int, rng: np.random.Generator
) -> list[tuple[Frame, np.ndarray]]:
    """One starting point a chain: modes in turn, each left by one draw from the normal approximation there.

    Chains that began at the very same point could not disagree at first, and R-hat would see less than it should.
    A draw that loses more log-density than a posterior draw would is pulled back towards the mode.

    Parameters
    ----------
    modes
        Of `find_modes`.
    chains
        How many starting points.
    rng
        Of the normal draws.

    Returns
    -------
    list of (Frame, numpy.ndarray)
        For each chain the frame of its mode, and coordinates (dimensions,) in it.
    """
    chosen = []
    for chain in range(chains):
        mode = modes[chain % len(modes)]
        step = rng.normal(size=len(mode.frame.origin))
        for shrink in (1.0, 0.5, 0.25, 0.1, 0.03, 0.0):
            if density(mode.frame.points(shrink * step))[0] >= mode.logp - max(WINDOW, len(step)):
                break
        chosen.append((mode.frame, shrink * step))
    return chosen
