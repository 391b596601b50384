"""Structures that are off by default: each does what it says, and is the plain model where it should be."""

from __future__ import annotations

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer.library.compose import compose
from il6infer.library.names import parse_model_name
from tests.library.cells import TIMES, course, odes
from tests.library.odes import medians

IL6, HYPER, WITH_SIL6R = {"IL6": 0.48}, {"HyperIL6": 0.18}, {"IL6": 0.48, "sIL6R": 0.5}


def test_more_stages_delay_socs3_mrna_as_long_and_more_sharply():
    plain, sharp = (course(f"classic_none{o}", {"IL6": 50.0}, "SOCS3_mRNA") for o in ("", "+delay9"))
    early, half = list(TIMES).index(5), 0.5 * plain.max()

    assert sharp[early] - sharp[0] < 0.2 * (plain[early] - plain[0])
    moments = [np.interp(half, np.maximum.accumulate(c), TIMES) for c in (plain, sharp)]
    assert abs(moments[1] - moments[0]) < 5


@pytest.mark.parametrize("number", [3, 5, 12])
def test_the_number_of_stages_stands_in_the_name(number):
    model = compose(f"both_socs3+delay{number}")
    stages = [s for s in odes(model.name).network.states if s.startswith("SOCS3_d")]

    assert stages == [f"SOCS3_d{i}" for i in range(1, number + 1)]
    assert f"delay{number}" in model.modules
    assert medians(model.priors).keys() == medians(compose("both_socs3").priors).keys()


@pytest.mark.parametrize("word", ["delay", "delay2", "delay13"])
def test_a_number_out_of_range_is_refused_with_a_near_one(word):
    with pytest.raises(UserError, match=f"unknown option '{word}'.*Did you mean 'delay"):
        parse_model_name(f"both_socs3+{word}")


def test_basal_phosphorylation_is_estimated_in_place_of_the_fixed_one():
    priors = compose("both_socs3+basal+jak").priors.set_index("parameter")

    assert "k_basal" not in priors.index
    assert priors.loc["k_basal_STAT3", "distribution"] == "log-normal"
    rest = [course("classic_none+basal", {}, k_basal_STAT3=k)[0] for k in (0.0002, 0.002, 0.02)]
    assert rest == sorted(rest)
    assert rest[1] == pytest.approx(course("classic_none", {})[0], rel=1e-6)


def test_deactivated_gp130_returns():
    name = "classic_none+deactivation"
    plain, off = (course(n, {"IL6": 5.0}, "pgp130") for n in ("classic_none", name))
    slow, fast = (course(name, {"IL6": 5.0}, "pgp130", k_return=k)[-1] for k in (0.01, 0.25))

    assert off.max() < plain.max()
    assert slow < fast
    counted = course(f"{name}@HepG2", IL6, "gp130_per_cell", k_internalisation=0.0, k_turnover=0.0)
    np.testing.assert_allclose(counted, counted[0], rtol=1e-6)


def test_stat1_takes_places_from_stat3():
    few, many = ({r: course("trans_none+competition+stat1", HYPER, r, STAT1_per_STAT3=k).max()
                  for r in ("pSTAT1", "pSTAT3")} for k in (1e-6, 3.0))  # fmt: skip

    assert many["pSTAT3"] < 0.9 * few["pSTAT3"]


def test_unphosphorylated_stat3_is_in_the_nucleus_at_rest():
    system = odes("classic_none+shuttling")
    rest = dict(zip(system.network.states, system.rest(medians(compose("classic_none+shuttling").priors)), strict=True))

    assert rest["STAT3_n"] / rest["STAT3"] == pytest.approx(0.059 / 1.97, rel=0.3)


def test_socs3_is_counted():
    relative, counted = (course("classic_none+socs3_per_cell", IL6, r) for r in ("SOCS3_protein", "SOCS3_per_cell"))

    np.testing.assert_allclose(counted, 8000 * relative)
    assert compose("classic_none+socs3_per_cell").readout_units["SOCS3_per_cell"] == "molecules/cell"


def test_socs3_that_binds_takes_receptor_at_rest_too():
    plain, bound = (course(f"classic_loss{o}@HepG2", IL6, "gp130_per_cell", SOCS3_basal=0.02) for o in
                    ("", "+socs3_binding"))  # fmt: skip

    assert bound[0] < plain[0]
    assert bound.min() < plain.min()


def test_uptake_by_mode_is_of_trans_alone():
    name = "both_none+uptake_by_mode"
    for doses, changed in ((IL6, False), (HYPER, True)):
        slow, fast = (course(name, doses, k_internalisation_trans=k) for k in (0.01, 0.3))
        assert np.allclose(slow, fast, rtol=1e-6) != changed
    np.testing.assert_allclose(course(name, WITH_SIL6R), course("both_none", WITH_SIL6R), rtol=1e-6)


def test_socs3_by_mode_is_of_trans_alone_and_the_plain_model_where_both_are_alike():
    name = "both_socs3+delay5+socs3_by_mode"
    np.testing.assert_allclose(course(name, WITH_SIL6R), course("both_socs3+delay5", WITH_SIL6R), rtol=1e-6)
    classic, hyper = (
        [course(name, doses, "SOCS3_mRNA", induction_trans=k).max() for k in (0.2, 1.0)] for doses in (IL6, HYPER)
    )

    assert classic[0] == pytest.approx(classic[1], rel=0.01)
    assert hyper[0] < 0.5 * hyper[1]
