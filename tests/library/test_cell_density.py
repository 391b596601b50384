"""What a cell does is its own: cells per ml say only how much of what is dissolved there is for each of them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from il6infer.library.compose import compose
from tests.library.by_hand import receptors
from tests.library.cells import odes
from tests.library.odes import draw, medians

TIMES = np.array([0.0, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0])
EXCESS = {"IL6": 20.0, "sIL6R": 20.0, "HyperIL6": 2.0, "sgp130Fc": 30.0, "sgp130": 30.0, "tocilizumab": 20.0,
          "anti_IL6": 10.0}  # fmt: skip
"""nM; a million cells in a ml hold about 0.02 nM of receptors."""

MODELS = [
    "classic_none",
    "trans_loss",
    "cluster_none",
    "both_socs3",
    "classic_none+hexamer",
    "both_loss+hexamer",
    "cluster_none+hexamer",
    "both_none+dimer",
    "cluster_none+dimer+sgp130",
    "classic_none+surface_trap",
    "both_none+dimer+hexamer+sgp130+surface_trap",
    "classic_socs3+antibodies+jak",
    "both_dual+trafficking@HUVEC",
    "both_socs3@hepatocyte",
    "both_none+wiring_stat3",
]


def activity(name: str, doses: dict[str, float], values: dict[str, float], cells: float) -> np.ndarray:
    """Phosphorylated gp130 (times,) of cells that are so many in a ml."""
    system, parameters = odes(name), {**values, "cell_number": cells}
    start = system.dose(system.rest(parameters), {s: d for s, d in doses.items() if s in compose(name).medium})
    return system.read("pgp130", TIMES, system.run(start, TIMES, parameters), parameters)


@pytest.mark.parametrize("name", MODELS)
def test_a_cell_in_excess_of_ligand_answers_alike_however_many_there_are(name):
    values = [medians(compose(name).priors), draw(compose(name).priors, np.random.default_rng(11))]
    for one in values:
        found = [activity(name, EXCESS, one, cells) for cells in (1e3, 1e4, 1e5, 1e6)]

        assert found[0].max() > 1e-5
        for other in found[1:]:
            np.testing.assert_allclose(other, found[0], rtol=0.01, atol=1e-5 * found[0].max())


@pytest.mark.parametrize("name", ["classic_none", "trans_none", "cluster_none", "both_none+hexamer"])
def test_many_cells_use_the_ligand_up(name):
    values = medians(compose(name).priors)
    few, many = (activity(name, {"IL6": 0.01, "sIL6R": 0.01}, values, cells).max() for cells in (1e4, 1e8))

    assert many < 0.9 * few


@pytest.mark.parametrize("cells", [1e3, 1e5, 1e7])
@pytest.mark.parametrize(
    "name",
    [
        "classic_none@hepatocyte", "trans_none", "both_none+hexamer+surface_trap@HepG2", "both_none+dimer+surface_trap",
        "cluster_none+hexamer", "cluster_none+dimer",
    ],
)  # fmt: skip
def test_cells_of_any_number_use_up_what_reactions_written_by_hand_do(name, cells):
    """In excess of ligand and where 1e7 cells take nearly all of it: activity and IL-6 of the medium, within 1e-6."""
    values = {**medians(compose(name).priors), "cell_number": 2 * cells, "medium_volume": 2.0}
    system = odes(name)
    constants = {**values, **dict(zip(system.network.parameters, system.values(values), strict=True))}
    unit = constants.get("copies_reference", constants["gp130_0"])
    for doses in ({"IL6": 50.0, "sIL6R": 9.0, "sgp130Fc": 3.0, "HyperIL6": 5.0},
                  {"IL6": 0.02, "sIL6R": 0.03, "sgp130Fc": 0.002, "HyperIL6": 0.004}):  # fmt: skip
        start = system.dose(system.initial(values), doses)
        states = system.run(start, TIMES, values)
        expected = receptors(name, constants, doses, TIMES, cells)
        found = system.read("active_receptor", TIMES, states, values) * unit
        left = states[:, system.network.states.index("IL6")]

        np.testing.assert_allclose(found, expected["active"], rtol=1e-6, atol=1e-6 * expected["active"].max())
        np.testing.assert_allclose(left, expected["IL6"], rtol=1e-6, atol=1e-6 * doses["IL6"])


CLOSED = ("k_turnover", "k_internalisation", "k_loss_SOCS3", "k_shedding", "k_clearance_sIL6R")


def held(species: str, molecule: str) -> int:
    """Molecules of IL-6 or gp130 (not in Hyper-IL-6) that one of a species holds, by the library's names."""
    if species.startswith("H_"):
        return sum(held(f"C_{half}", molecule) for half in (species[2:].split("_") * 2)[:2])
    if species.startswith("C_"):
        return int(molecule == "gp130" or species != "C_hyper")
    pattern = r"(?<!Hyper)(?<!anti_)IL6(?!R)" if molecule == "IL6" else r"^gp130$"
    return len(re.findall(pattern, species))


@pytest.mark.parametrize(
    "name", ["both_none+antibodies+dimer+hexamer+sgp130+shedding+surface_trap", "cluster_none+dimer"]
)
@pytest.mark.parametrize("cells", [1e3, 1e6, 1e9])
def test_molecules_are_kept_between_medium_and_cells(name, cells):
    model, system = compose(name), odes(name)
    parameters = {**medians(model.priors), "cell_number": cells} | {
        p: 0.0 for p in CLOSED if p in system.network.parameters
    }
    start = system.dose(system.initial(parameters), {s: d for s, d in EXCESS.items() if s in model.medium})
    states = system.run(start, TIMES, parameters)
    size = dict(zip(system.network.parameters, system.values(parameters), strict=True))["membrane"]
    dissolved = dict(re.findall(r"(\w+) in (medium|membrane|cell)\b", model.antimony))
    for molecule in ("IL6", "gp130"):
        weights = [held(s, molecule) * (size if dissolved[s] == "membrane" else 1.0) for s in system.network.states]

        np.testing.assert_allclose(states @ weights, (start @ weights) * np.ones(len(TIMES)), rtol=1e-6)
