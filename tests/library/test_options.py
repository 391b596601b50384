"""Models with options: valid, at rest, balanced, conserving, and simulating from their priors."""

from __future__ import annotations

from itertools import product

import libsbml
import numpy as np
import pytest

from il6infer.library.assembly import parts_of, texts_of
from il6infer.library.catalogue import shipped
from il6infer.library.compose import compose
from il6infer.library.names import CELLS, parse_model_name
from il6infer.network.conservation import moieties
from il6infer.network.sbml import read_sbml
from tests.library.cells import TIMES, odes
from tests.library.odes import draw, medians
from tests.library.representative import EVERYTHING, LIBRARY, MEDIUM, READOUTS, REPRESENTATIVE

DOSES = {"IL6": 0.48, "sIL6R": 0.5, "sgp130Fc": 2.4, "HyperIL6": 0.18}


def texts(name: str) -> dict[str, str]:
    return texts_of(parts_of(parse_model_name(name), shipped()))


def stimulated(name: str, parameters: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """State just after the doses, and states at `TIMES`; everything that the medium may hold is added."""
    system, medium = odes(name), compose(name).medium
    extra = {s: 1.0 for s in ("tocilizumab", "anti_IL6", "sgp130", "ruxolitinib") if s in medium}
    start = system.dose(system.rest(parameters), {**DOSES, **extra})
    return start, system.run(start, TIMES, parameters)


@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_sbml_is_valid_and_every_parameter_has_a_prior_or_a_formula(name):
    model = compose(name)
    network = read_sbml(model.sbml, name)
    document = libsbml.readSBMLFromString(model.sbml)
    document.checkConsistency()
    given = {p for p, e in zip(network.parameters, network.defaults, strict=True) if e.free_symbols}

    assert document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) == document.getNumErrors(libsbml.LIBSBML_SEV_FATAL) == 0
    assert set(model.priors["parameter"]) | given == set(network.parameters) - {"medium", "cell"}
    assert not set(model.priors["parameter"]) & given
    assert set(READOUTS) <= set(model.readouts) <= set(network.derived)
    assert set(MEDIUM) <= set(model.medium) <= set(network.states)
    assert {*network.states, *network.flux_ids} == set(model.module_of)
    assert set(model.module_of.values()) <= set(model.modules)


@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_rest_is_a_steady_state_with_nothing_but_shed_receptor_in_the_medium(name):
    system, parameters = odes(name), medians(compose(name).priors)
    rest = system.rest(parameters)
    held = dict(zip(system.network.states, rest, strict=True))

    assert (np.abs(system.rhs(rest, parameters)) < 1e-10 * np.maximum(1.0, rest)).all()
    assert all(abs(held[s]) < 1e-12 for s in compose(name).medium if s != "sIL6R")
    assert (held["sIL6R"] > 1e-9) == ("shedding" in name)


@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_moieties_are_kept_and_states_stay_positive(name):
    system = odes(name)
    kept = moieties(system.network)
    start, states = stimulated(name, medians(compose(name).priors))

    assert len(kept) > 0
    np.testing.assert_allclose(states @ kept.T, np.tile(kept @ start, (len(TIMES), 1)), rtol=1e-6, atol=1e-9)
    assert states.min() > -1e-9


@pytest.mark.parametrize("name", ["both_dual", "cluster_loss", *REPRESENTATIVE])
def test_draws_of_the_prior_simulate(name):
    """With SciPy; the package's own engine goes through 1,000 draws in `tests/library/test_library_draws.py`."""
    rng = np.random.default_rng(11)
    for number in range(2):
        _, states = stimulated(name, draw(compose(name).priors, rng))
        assert np.isfinite(states).all(), number
        assert states.min() > -1e-7, number


def test_the_representatives_cover_every_receptor_with_every_feedback_every_option_and_every_cell():
    parts = [parse_model_name(name) for name in LIBRARY]

    assert {(p.receptor, p.feedback) for p in parts} == set(product(shipped().receptors, shipped().feedbacks))
    assert {option for p in parts for option in p.options} == set(shipped().shown_options)
    assert {p.cell for p in parts} == {"", *CELLS}
    assert len(set(LIBRARY)) == len(LIBRARY)


def test_a_later_module_redefines_a_reaction_once():
    text = "".join(texts(EVERYTHING).values())

    assert text.count("phosphorylate: STAT3") == text.count("internalise_classic:") == text.count("pSTAT3 :=") == 1
    assert "C_classic => C_endosome" in text
    assert "<" not in text.replace("=>", "").replace("->", "")


def test_drugs_scale_the_reactions_that_they_stop():
    found = texts("both_socs3+drugs+mapk+targets")

    assert "phosphorylate: STAT3 => pSTAT3_c; STAT3_left*(JAK_left*(" in found["stat3"]
    assert "phosphorylate_SHP2: => SHP2_a; JAK_left*(" in found["mapk"]
    assert "translate_SOCS3: => SOCS3_p; translation_left*(" in found["socs3"]
    assert "transcribe_CCL2: => CCL2_m; transcription_left*(" in found["targets"]
    assert "activate_MEK: => MEK_p; cell*" in found["mapk"]
