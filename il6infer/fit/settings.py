"""How to sample, checked; and the random numbers of each use."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from il6infer._errors import Fault, nearest, raise_faults

MASS_MATRICES = ("low_rank", "diagonal")


@dataclass(frozen=True)
class FitSettings:
    """How to sample.

    Attributes
    ----------
    seed
        Root of all random numbers of this fit.
    starts
        Prior draws that are optimised before sampling; the first is the nominal point.
    engine, rtol, atol
        Simulator and its tolerances.
    mass_matrix
        ``low_rank`` or ``diagonal``.
    threads
        Chains that run at once; changes no draw.

    Raises
    ------
    UserError
        With every setting that cannot be.
    """

    seed: int = 1
    chains: int = 4
    tune: int = 400
    draws: int = 1000
    target_accept: float = 0.9
    starts: int = 8
    engine: str = "rosenbrock"
    rtol: float = 1e-6
    atol: float = 1e-8
    mass_matrix: str = "low_rank"
    threads: int = 4

    def __post_init__(self) -> None:
        """Check."""
        faults = [
            Fault(name, f"{getattr(self, name)} is too small, at least {least} was expected.")
            for name, least in {"seed": 0, "chains": 1, "tune": 1, "draws": 1, "starts": 1, "threads": 1}.items()
            if getattr(self, name) < least
        ]
        faults += [
            Fault(name, f"{getattr(self, name):g} is not above 0 and below 1.")
            for name in ("target_accept", "rtol", "atol")
            if not 0 < getattr(self, name) < 1
        ]
        if self.mass_matrix not in MASS_MATRICES:
            faults.append(Fault("mass_matrix", f"'{self.mass_matrix}'.", nearest(self.mass_matrix, MASS_MATRICES)))
        raise_faults(faults, "settings of the fit")


def child_seed(root: int, name: str) -> np.random.SeedSequence:
    """Seed of one named use, independent of all others and of their order."""
    return np.random.SeedSequence(root, spawn_key=(zlib.crc32(name.encode()),))
