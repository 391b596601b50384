"""Receptors of a cell written by hand, reaction by reaction, per cell: nothing of the library but its constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.integrate import solve_ivp

AVOGADRO = 6.02214076e23


@dataclass
class Cell:
    """Mass action of molecules per cell and of nM in the medium that cells share.

    Attributes
    ----------
    start
        Species -> where it starts; those of `medium` in nM, the others in molecules per cell.
    reactions
        (from, to, rate forth, rate back); two partners of the cell meet at `meeting` nM a molecule.
    """

    meeting: float
    start: dict[str, float] = field(default_factory=dict)
    medium: set[str] = field(default_factory=set)
    reactions: list[tuple[tuple[str, ...], tuple[str, ...], float, float]] = field(default_factory=list)

    def react(self, left: str, right: str, forth: float, back: float = 0.0) -> None:
        """Add a reaction, its partners divided by blanks."""
        self.reactions.append((tuple(left.split()), tuple(right.split()), forth, back))

    def run(self, times: np.ndarray, cells_per_ml: float) -> dict[str, np.ndarray]:
        """Courses of all species."""
        names = list(self.start)
        at = {name: i for i, name in enumerate(names)}
        nM_of_one_per_cell = cells_per_ml * 1e3 / AVOGADRO * 1e9

        def slopes(_: float, x: np.ndarray) -> np.ndarray:
            change = np.zeros(len(x))
            for left, right, forth, back in self.reactions:
                on_cell = [name not in self.medium for name in left]
                rate = forth * np.prod([x[at[name]] for name in left]) * (self.meeting if sum(on_cell) == 2 else 1.0)
                rate -= back * np.prod([x[at[name]] for name in right]) if back else 0.0
                of_cell = any(name not in self.medium for name in (*left, *right))
                for names_of, sign in ((left, -1.0), (right, 1.0)):
                    for name in names_of:
                        shared = of_cell and name in self.medium
                        change[at[name]] += sign * rate * (nM_of_one_per_cell if shared else 1.0)
            return change

        found = solve_ivp(slopes, (0, times[-1]), list(self.start.values()), t_eval=times, method="LSODA",
                          rtol=1e-9, atol=1e-12)  # fmt: skip
        return dict(zip(names, found.y, strict=True))


def receptors(
    name: str, p: Mapping[str, float], doses: Mapping[str, float], times: np.ndarray, cells_per_ml: float
) -> dict[str, np.ndarray]:
    """Courses of IL-6 [nM] and of gp130 in active complexes, per cell.

    Parameters
    ----------
    name
        Of a library model: classic, trans, both or cluster; hexamer, dimer and surface_trap.
    p
        Its constants.
    doses
        Of IL6, sIL6R, sgp130Fc and HyperIL6 [nM].
    times
        (times,) [min].
    cells_per_ml
        How many share the medium.
    """
    cell = Cell(p.get("concentration_membrane", 0.0))
    on, kd = p["kon_IL6_IL6R"], p["Kd_IL6_IL6R"]
    kon, trap, sites = p["kon_complex_gp130"], p["Kd_complex_sgp130Fc"], 2.0 if "dimer" in name else 1.0
    for species in ("IL6", "sIL6R", "sgp130Fc", "HyperIL6", "pair", "pair_Fc", "hyper_Fc", "pair_Fc_pair",
                    "pair_Fc_hyper", "hyper_Fc_hyper"):  # fmt: skip
        cell.medium.add(species)
        cell.start[species] = doses.get(species, 0.0)
    cell.react("IL6 sIL6R", "pair", on, on * kd)
    ends = {"pair": "pair", "HyperIL6": "hyper"}  # what sgp130Fc holds, and its word in names

    def made(ligand: str, whole: str, *, of_cell: bool) -> None:
        """Begin a receptor complex on the cell, made anew where it is a receptor alone."""
        cell.start[whole] = p[ligand] if of_cell else 0.0
        cell.react(whole, "", p["k_turnover"])
        if of_cell:
            cell.react("", whole, p["k_turnover"] * p[ligand])

    made("gp130_0", "gp130", of_cell=True)
    active = []
    own = {"classic": "IL6R_0", "cluster": "IL6R_presenting_0"}
    for mode in ("classic", "cluster"):
        if mode not in name and not (mode == "classic" and "both" in name):
            continue
        made(own[mode], f"R_{mode}", of_cell=True)
        made("", f"RL_{mode}", of_cell=False)
        cell.react(f"IL6 R_{mode}", f"RL_{mode}", on, on * kd)
        touching = p["contact"] if mode == "cluster" else 1.0
        cell.start[mode] = 0.0
        cell.react(f"RL_{mode} gp130", mode, kon * touching, kon * p["Kd_complex_gp130"])
        active.append(mode)
        if mode == "cluster" or "surface_trap" in name:
            ends[f"RL_{mode}"] = "surface"
    if "trans" in name or "both" in name:
        for mode, ligand, affinity in (
            ("trans", "pair", "Kd_complex_gp130"),
            ("hyper", "HyperIL6", "Kd_HyperIL6_gp130"),
        ):
            cell.start[mode] = 0.0
            cell.react(f"{ligand} gp130", mode, kon, kon * p[affinity])
            active.append(mode)
    for ligand, word in ends.items():
        if word == "surface":
            made("", "surface_Fc", of_cell=False)
        cell.react(f"{ligand} sgp130Fc", f"{word}_Fc", sites * kon, kon * trap)
    if "dimer" in name:
        words = list(ends.items())
        for i, (ligand, word) in enumerate(words):
            for other_ligand, other in words[i:]:
                both = f"{word}_Fc_{other}"
                if both not in cell.start:
                    made("", both, of_cell=False)
                cell.react(f"{ligand} {other}_Fc", both, kon, (2.0 if word == other else 1.0) * kon * trap)
                if word != other:
                    cell.react(f"{other_ligand} {word}_Fc", both, kon, kon * trap)
    for mode in active:
        cell.react(mode, "", p["k_internalisation"])
    signal = dict.fromkeys(active, 1.0)
    if "hexamer" in name:
        signal = {}
        for i, one in enumerate(active):
            for other in active[i:]:
                six = f"{one}:{other}"
                cell.start[six], signal[six] = 0.0, 2.0
                apart = kon * p["Kd_complex_gp130"] / p["cooperativity"]
                cell.react(f"{one} {other}", six, kon * (1.0 if one == other else 2.0), apart)
                cell.react(six, "", p["k_internalisation"])
    found = cell.run(times, cells_per_ml)
    return {"IL6": found["IL6"], "active": np.sum([n * found[s] for s, n in signal.items()], axis=0)}
