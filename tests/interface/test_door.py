"""`import il6infer as il`: light until something is asked for, and what it gives is what the stages give."""

from __future__ import annotations

import importlib
import subprocess
import sys

import numpy as np
import pytest

import il6infer as il


def test_import_is_light_and_every_public_name_is_there():
    heavy = {"numpy", "pandas", "sympy", "petab", "arviz"}
    code = f"import sys, il6infer; sys.exit(bool({heavy!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert [name for name in il.__all__ if getattr(il, name, None) is None] == []
    assert set(il.__all__) <= set(dir(il))
    with pytest.raises(AttributeError, match="module 'il6infer' has no attribute 'fits'"):
        _ = il.fits


def test_public_functions_are_no_packages():
    """A package of the same name would take the function's place as soon as it is imported."""
    for package in ("inference.run", "interface.fits", "petab_files.read"):
        importlib.import_module(f"il6infer.{package}")
    functions = ("claims", "compare", "config", "diagnose", "fit", "ingest", "model", "petab", "predict", "problem")
    assert all(callable(getattr(il, name)) for name in functions)


@pytest.fixture(scope="module")
def model():
    return il.model("both_socs3")


def test_model_says_what_it_is(model):
    assert repr(model) == "<Model both_socs3: 23 states, 19 parameters to estimate, 8 read-outs>"
    assert il.model("both_socs3", cell="HepG2").name == "both_socs3@HepG2"
    assert model._repr_svg_().startswith("<svg")


def test_doses_by_mass_and_in_nanomolar_are_the_same(model):
    by_mass = model.simulate({"HyperIL6": "60 ng/ml"}, times=[0, 30], readouts=["pSTAT3"])
    weight = il.model("both_socs3").simulate({"HyperIL6": 1.0}, times=[0, 30], readouts=["pSTAT3"])

    from il6infer._units import concentration_nM

    factor = concentration_nM(60, "ng/ml", "HyperIL6")
    same = model.simulate({"HyperIL6": factor}, times=[0, 30], readouts=["pSTAT3"])
    np.testing.assert_array_equal(by_mass["pSTAT3"], same["pSTAT3"])
    assert factor == pytest.approx(1.0, rel=0.2)
    assert weight["pSTAT3"].dims == ("time",)
    assert weight["time"].attrs["units"] == "min"


@pytest.mark.slow
def test_varied_doses_and_prior_draws_are_dimensions(model):
    found = model.simulate(
        {"IL6": "10 ng/ml", "sIL6R": ["0 nM", "1 nM"], "sgp130Fc": [0, 10.0]},
        times=[0, 15], readouts=["pSTAT3", "luciferase"], prior_draws=3, seed=4,
    )  # fmt: skip
    alone = model.simulate({"IL6": "10 ng/ml", "sIL6R": "1 nM", "sgp130Fc": "10 nM"}, [0, 15], prior_draws=3, seed=4)

    assert found["pSTAT3"].dims == ("draw", "sIL6R", "sgp130Fc", "time")
    assert found["sgp130Fc"].values.tolist() == [0, 10]
    assert found.attrs["failed"] == 0
    np.testing.assert_allclose(found["pSTAT3"].sel(sIL6R=1, sgp130Fc=10), alone["pSTAT3"], rtol=1e-9)


def test_a_wash_ends_the_stimulus_and_a_knock_out_is_zero(model):
    kept, washed = (
        model.simulate({"HyperIL6": "10 ng/ml"}, [0, 10, 120], readouts=["HyperIL6"], wash=wash)["HyperIL6"]
        for wash in ((), (20,))
    )
    lacking = model.simulate({"IL6": "10 ng/ml"}, [0, 20], readouts=["pgp130"], knock_out=["IL6R_0"])["pgp130"]
    whole = model.simulate({"IL6": "10 ng/ml"}, [0, 20], readouts=["pgp130"])["pgp130"]

    np.testing.assert_array_equal(kept.sel(time=[0, 10]), washed.sel(time=[0, 10]))
    assert float(washed.sel(time=120)) < 0.2 * float(kept.sel(time=120))  # what leaves the receptors is left
    assert float(whole[1]) > 2 * float(whole[0])
    assert float(lacking[1]) == pytest.approx(float(lacking[0]), rel=1e-6)


def test_priors_are_values_with_units(model):
    changed = model.with_priors({"Kd_IL6_IL6R": il.LogNormal(2.5, 0.5, 12, unit="nM", source="our plate")})
    row = changed.priors.set_index("parameter").loc["Kd_IL6_IL6R"]

    assert (row["median"], row["source"]) == (2.5, "our plate")
    assert model.priors.set_index("parameter").loc["Kd_IL6_IL6R", "median"] == 4.12
    with pytest.raises(il.UserError) as error:
        model.with_priors({"Kd_IL6_IL6R": il.LogNormal(2.5, 0.5, 12, unit="pM"), "Kd": il.LogNormal(1, 0.5, 2, "nM")})
    assert str(error.value).startswith(
        "priors for model 'both_socs3': 2 faults\n"
        "  - prior of 'Kd_IL6_IL6R': it is given in 'pM', the parameter's unit is 'nM'. "
        "Convert it: nothing is converted here.\n"
        "  - prior of 'Kd': the model has no such parameter."
    )
    with pytest.raises(il.UserError, match="prior: 0 < low < median < high was expected, found 3, 2, 4"):
        il.LogNormal(2, 3, 4, unit="nM")


def test_problem_in_memory_is_the_problem_of_the_folder(root, tmp_path):
    data = il.ingest(root / "config/datasets/example.yaml", root / "resources/example")
    kept = il.problem(data, "both_none", folder=tmp_path / "problem")
    again = il.petab(tmp_path / "problem" / "problem.yaml")

    assert repr(data).startswith("<Data example: 308 measurements of pSTAT3, luciferase, SOCS3_mRNA in ")
    assert repr(kept) == "<Problem example_both_none: 29 parameters, 308 measurements of 3 read-outs in 7 experiments>"
    assert kept.measurements.equals(again.measurements)
    assert kept.parameters == again.parameters
