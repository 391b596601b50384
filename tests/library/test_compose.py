"""The library's models: valid, at rest before stimulation, and doing what their hypotheses say."""

from __future__ import annotations

from functools import cache

import libsbml
import numpy as np
import pytest
import sympy as sp

from il6infer.library.compose import compose
from il6infer.library.names import base_names
from il6infer.network.balance import equilibrium_constants
from il6infer.network.conservation import moieties
from il6infer.network.network import symbol
from il6infer.network.sbml import read_sbml
from tests.library.odes import Odes, draw, medians
from tests.library.representative import LIBRARY, MEDIUM, READOUTS
from tests.zoo.texts import from_antimony

TIMES = np.array([0, 5, 10, 15, 20, 25, 30, 45, 60, 90, 120, 180, 240], dtype=float)
IL6, WITH_SIL6R = {"IL6": 0.48}, {"IL6": 0.48, "sIL6R": 0.5}
TRAPPED = {**WITH_SIL6R, "sgp130Fc": 2.4}
HYPER = {"HyperIL6": 0.18}


@cache
def odes(name: str) -> Odes:
    return Odes(read_sbml(compose(name).sbml))


@cache
def course(name: str, doses: tuple, readout: str = "pSTAT3", changed: tuple = ()) -> np.ndarray:
    """Read-out after a dose given to the cell at rest, at prior medians."""
    system, parameters = odes(name), {**medians(compose(name).priors), **dict(changed)}
    start = system.dose(system.rest(parameters), dict(doses))
    return system.read(readout, TIMES, system.run(start, TIMES, parameters), parameters)


def after(name: str, doses: dict, readout: str = "pSTAT3", **changed: float) -> np.ndarray:
    return course(name, tuple(doses.items()), readout, tuple(changed.items()))


@pytest.mark.parametrize("name", base_names())
def test_sbml_is_valid_and_the_antimony_gives_it(name):
    model = compose(name)
    document = libsbml.readSBMLFromString(model.sbml)
    document.checkConsistency()

    assert document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) == 0
    assert document.getNumErrors(libsbml.LIBSBML_SEV_FATAL) == 0
    found, written = read_sbml(model.sbml), from_antimony(model.antimony)
    assert (found.states, found.parameters, found.rhs) == (written.states, written.parameters, written.rhs)


@pytest.mark.parametrize("name", base_names())
def test_one_protocol_and_one_set_of_read_outs_serve_all_models(name):
    model = compose(name)
    network = read_sbml(model.sbml)

    assert model.readouts == READOUTS
    assert set(READOUTS) <= set(network.derived)
    assert model.medium == MEDIUM
    assert set(MEDIUM) <= set(network.states)
    assert len(network.states) <= 23


@pytest.mark.parametrize("name", base_names())
def test_every_state_and_reaction_belongs_to_a_module(name):
    model = compose(name)
    network = read_sbml(model.sbml)

    assert {*network.states, *network.flux_ids} == set(model.module_of)
    assert set(model.module_of.values()) == set(model.modules)


@pytest.mark.parametrize("name", LIBRARY)
def test_units_are_on_every_parameter(name):
    network = read_sbml(compose(name).sbml)

    assert set(network.parameters) - {"medium", "membrane", "cell"} <= set(network.units)


def test_units_are_those_of_the_table():
    network = read_sbml(compose("both_socs3").sbml)

    assert network.units["Kd_IL6_IL6R"] == "nM"
    assert network.units["kon_IL6_IL6R"] == "per_nM_min"


@pytest.mark.parametrize("name", LIBRARY)
def test_volumes_cancel_but_where_cells_take_from_the_medium(name):
    network = read_sbml(compose(name).sbml)
    volumes = {symbol("medium"), symbol("membrane"), symbol("cell")}
    found = {s for s, e in zip(network.states, network.rhs, strict=True) if volumes & e.free_symbols}

    assert found <= set(compose(name).medium)


@pytest.mark.parametrize("name", base_names())
def test_rest_is_a_steady_state_that_newton_finds(name):
    system, parameters = odes(name), medians(compose(name).priors)
    rest = system.rest(parameters)
    rest[np.abs(rest) < 1e-12] = 0.0

    assert (np.abs(system.rhs(rest, parameters)) < 1e-10 * np.maximum(1.0, rest)).all()
    assert 0.005 < system.read("pSTAT3", np.zeros(1), rest[None], parameters)[0] < 0.05
    jacobian = system.jacobian(rest, parameters)
    # Nothing depends on IL-6 or sIL-6R while its partner is absent: each then keeps its value, here 0.
    waiting = np.eye(len(rest))[np.abs(jacobian).max(axis=0) < 1e-20]
    equations = np.vstack([jacobian, waiting, moieties(system.network)])
    assert np.linalg.matrix_rank(equations) == len(rest)
    # Molecules per cell and nM are of different sizes: each equation and each state by its own.
    for axis in (0, 1, 0, 1):
        equations = equations / np.abs(equations).max(axis=axis, keepdims=True)
    assert np.linalg.cond(equations) < 1e8


@pytest.mark.parametrize("name", base_names())
def test_moieties_are_kept(name):
    system, parameters = odes(name), medians(compose(name).priors)
    start = system.dose(system.rest(parameters), {**TRAPPED, **HYPER})
    states = system.run(start, TIMES, parameters)
    kept = moieties(system.network)

    np.testing.assert_allclose(states @ kept.T, np.tile(kept @ start, (len(TIMES), 1)), rtol=1e-6, atol=1e-9)
    assert len(kept) == {"classic": 4, "trans": 3, "both": 2, "cluster": 3, "linear": 5}[name.split("_")[0]]


@pytest.mark.parametrize("name", ["classic_socs3", "trans_none", "both_socs3"])
def test_states_stay_positive_on_draws_from_the_prior(name):
    system, rng = odes(name), np.random.default_rng(7)
    for _ in range(4):
        parameters = draw(compose(name).priors, rng)
        start = system.dose(system.rest(parameters), {**TRAPPED, **HYPER})
        states = system.run(start, np.array([0.0, 1, 10, 60, 1440]), parameters)

        assert np.isfinite(states).all()
        assert states.min() > -1e-7


def test_one_affinity_serves_membrane_and_soluble_receptor():
    constants = equilibrium_constants(read_sbml(compose("both_none").sbml))

    assert constants["bind_IL6_IL6R"] == constants["bind_IL6_sIL6R"] == 1 / symbol("Kd_IL6_IL6R")


def test_no_classic_response_without_membrane_receptor():
    quiet = after("classic_socs3", IL6, IL6R_0=1e-12)

    assert np.ptp(quiet) < 1e-6
    assert after("classic_socs3", IL6).max() > 0.3


def test_no_trans_response_without_soluble_receptor_but_for_hyper_il6():
    assert np.ptp(after("trans_socs3", IL6)) < 1e-6
    assert after("trans_socs3", WITH_SIL6R).max() > 0.15
    assert after("trans_socs3", HYPER).max() > 0.3


def test_classic_cell_does_not_see_hyper_il6():
    assert np.ptp(after("classic_socs3", HYPER)) < 1e-6


def test_sgp130fc_lowers_trans_more_than_classic():
    left = {
        name: np.trapezoid(after(name, TRAPPED), TIMES) / np.trapezoid(after(name, WITH_SIL6R), TIMES)
        for name in ("trans_socs3", "classic_socs3")
    }

    assert left["trans_socs3"] < 0.75
    assert 0.85 < left["classic_socs3"] <= 1


def test_pstat3_course_is_that_of_blots():
    course = after("both_socs3", IL6)
    relative = dict(zip(TIMES, course / course.max(), strict=True))

    assert 10 <= TIMES[course.argmax()] <= 30
    assert 0.3 <= course.max() <= 0.6
    assert 0.2 <= relative[60] <= 0.5
    assert 0.2 <= relative[120] <= 0.5


def test_higher_dose_peaks_earlier():
    peaks = [TIMES[after("both_socs3", {"HyperIL6": dose}).argmax()] for dose in (0.018, 0.18, 1.8)]

    assert peaks == sorted(peaks, reverse=True)
    assert peaks[0] > peaks[-1]


def test_socs3_mrna_peaks_within_the_hour():
    course = after("both_socs3", IL6, "SOCS3_mRNA")

    assert 40 <= TIMES[course.argmax()] <= 60
    assert course.max() / course[0] > 30
    assert course[list(TIMES).index(240)] < 0.5 * course.max()


@pytest.mark.parametrize("receptor", ["classic", "trans", "both"])
def test_without_socs3_the_signal_lasts(receptor):
    late = list(TIMES).index(120)
    kept = {f: after(f"{receptor}_{f}", WITH_SIL6R) for f in ("none", "socs3")}
    relative = {f: course[late] / course.max() for f, course in kept.items()}

    assert relative["none"] > 1.5 * relative["socs3"]
    assert after(f"{receptor}_none", WITH_SIL6R, "SOCS3_mRNA").max() > 0.1


def test_rates_are_smooth():
    network = read_sbml(compose("both_socs3").sbml)

    assert not any(e.has(sp.Piecewise, sp.Abs, sp.Max, sp.Min) for e in network.rhs)
    assert network.events == network.modes == ()
