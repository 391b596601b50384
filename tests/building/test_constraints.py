"""Literature constraints: what they say is the equilibrium of the models, and they are never taken for data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.optimize import brentq
from scipy.stats import norm

from il6infer._errors import UserError
from il6infer.building.build import build
from il6infer.building.constraints import constraint_table
from il6infer.configuration.load import SCHEMA
from il6infer.engine import compile
from il6infer.exchange.adopt import adopt, write_tables
from il6infer.ingestion.joint import join
from il6infer.library.compose import compose
from il6infer.library.constraint_names import CONSTRAINTS
from il6infer.library.priors import Z90, log_normal, prior_table
from il6infer.petab_files.read import load
from il6infer.problems.priors import draw
from il6infer.problems.spec import Problem
from il6infer.stages.tables import MEASUREMENTS, read_table
from il6infer.stages.tables import adopted as columns
from tests.building.test_joint import member
from tests.library.cells import odes
from tests.library.odes import medians
from tests.library.representative import EVERYTHING
from tests.zoo.data_set import measurements, protocol

SIL6R, SGP130 = 1.5, 3.0
NAME, ID = "free_IL6", "literature_free_IL6"
PUBLISHED, SD = 0.75, 0.25 / Z90

# Kd of IL-6 and sIL-6R, of the pair and sgp130 [nM], and the free share, as the collected facts have it.
COLLECTED = [(1, 0.8, 0.12), (5, 0.05, 0.05), (5, 0.8, 0.41), (20, 0.05, 0.18), (20, 0.8, 0.74), (34, 10, 0.95)]


def free_share(kd1: float, kd2: float, il6: float = 1e-5) -> float:
    """Free share of IL-6 from mass balance of all three, solved for the free IL-6."""

    def bound(free: float) -> float:
        def excess(receptor: float) -> float:
            pair = free * receptor / kd1
            return receptor + pair + SGP130 * pair / (kd2 + pair) - SIL6R

        return SIL6R - brentq(excess, 0.0, SIL6R, xtol=1e-16, rtol=1e-15)

    return brentq(lambda free: free + bound(free) - il6, 0.0, il6, xtol=1e-18, rtol=1e-12) / il6


def problem(folder: Path, name: str = "trans_none+sgp130", **more) -> Problem:
    return load(build(measurements(), protocol(), compose(name), folder / "problem", dataset="toy", **more))


@pytest.mark.parametrize(("kd1", "kd2", "share"), COLLECTED)
def test_formula_is_the_equilibrium_of_mass_balance_and_of_the_collected_facts(kd1, kd2, share, tmp_path):
    (observable,) = [o for o in problem(tmp_path, constraints=[NAME]).observables if o.is_literature]
    values = {s: {"Kd_IL6_IL6R": kd1, "Kd_complex_sgp130": kd2}[s.name] for s in observable.formula.free_symbols}

    assert float(observable.formula.subs(values)) == pytest.approx(free_share(kd1, kd2), rel=1e-5)
    assert free_share(kd1, kd2) == pytest.approx(share, abs=0.006)


@pytest.mark.parametrize("name", ["trans_none+sgp130", "cluster_socs3+antibodies+sgp130", EVERYTHING])
@pytest.mark.parametrize(("kd1", "kd2"), [(5.0, 0.05), (20.0, 0.8)])
def test_formula_is_the_models_own_equilibrium_in_a_vessel_without_cells(name, kd1, kd2):
    still = dict.fromkeys(("k_turnover", "k_shedding", "k_clearance_sIL6R"), 0.0)
    parameters = {**medians(compose(name).priors), **still, "Kd_IL6_IL6R": kd1, "Kd_complex_sgp130": kd2}
    system = odes(name)
    parameters = {p: v for p, v in parameters.items() if p in system.network.parameters}
    held = dict(zip(system.network.states, system.initial(parameters), strict=True))
    held |= {s: 0.0 for s in ("gp130", "IL6R", "IL6R_presenting") if s in held}
    held |= {"IL6": 1e-3, "sIL6R": SIL6R, "sgp130": SGP130}
    end = system.run(np.array(list(held.values())), np.array([0.0, 1e5]), parameters)[-1]
    state = dict(zip(system.network.states, end, strict=True))

    assert state["IL6"] / 1e-3 == pytest.approx(free_share(kd1, kd2, 1e-3), rel=1e-4)
    assert state["IL6"] / 1e-3 == pytest.approx(1 / (1 + SIL6R / kd1 * (1 + SGP130 / kd2)), rel=1e-3)


@pytest.mark.parametrize("name", ["classic_none@hepatocyte", "both_socs3+assays"])
def test_high_affinity_sites_are_what_a_binding_assay_shows(name, tmp_path):
    """Little IL-6 on cells at equilibrium that take nothing up: bound and free, from the model's own runs."""
    (observable,) = [o for o in problem(tmp_path, name, constraints=["high_affinity_sites"]).observables
                     if o.is_literature]  # fmt: skip
    system = odes(name)
    still = dict.fromkeys(("k_turnover", "k_internalisation"), 0.0)
    values = {**medians(compose(name).priors), **still, "cell_number": 1e5, "Kd_complex_gp130": 0.9}
    start = system.dose(system.initial(values), {"IL6": 1e-5})
    end = system.run(start, np.array([0.0, 1e5]), values)[-1]
    state = dict(zip(system.network.states, end, strict=True))
    everything = dict(zip(system.network.parameters, system.values(values), strict=True))
    bound = state["IL6_IL6R"] + state["C_classic"]
    asked = {s: everything[s.name] for s in observable.formula.free_symbols}

    assert float(observable.formula.subs(asked)) == pytest.approx(everything["IL6R_0"] * state["IL6"] / bound, rel=1e-3)
    assert 0.01 < everything["Kd_IL6_IL6R"] * state["IL6_IL6R"] / bound < 1


def test_mass_moves_to_where_most_il6_is_free(tmp_path):
    """Prior draws weighted by the constraint's likelihood, against quadrature over both constants."""
    constrained = problem(tmp_path, constraints=[NAME])
    asked = constrained.measurements[~constrained.measurements.index.isin(constrained.data.index)]
    engine = compile(constrained.with_measurements(asked))
    thetas = draw(constrained.estimated, 4000, np.random.default_rng(3))
    ids = [p.id for p in constrained.estimated]
    kd1, kd2 = (thetas[:, ids.index(name)] for name in ("Kd_IL6_IL6R", "Kd_complex_sgp130"))
    found = np.array([engine.log_likelihood(theta)[0] for theta in thetas])
    share = np.array([free_share(*pair) for pair in zip(kd1[:200], kd2[:200], strict=True)])
    np.testing.assert_allclose(found[:200], norm.logpdf(PUBLISHED, share, SD), rtol=1e-4, atol=1e-4)

    priors = prior_table().set_index("parameter")
    grids = []
    for name in ("Kd_IL6_IL6R", "Kd_complex_sgp130"):
        mean, sd = log_normal(*priors.loc[name, ["median", "low", "high"]])
        grids.append((np.exp(mean + sd * (z := np.linspace(-5, 5, 161))), norm.pdf(z)))
    (a, wa), (b, wb) = grids
    shares = np.array([[1 / (1 + SIL6R / x * (1 + SGP130 / y)) for y in b] for x in a])
    before = np.outer(wa, wb) / np.outer(wa, wb).sum()
    after = before * norm.pdf(PUBLISHED, shares, SD)
    after /= after.sum()
    weights = np.exp(found) / np.exp(found).sum()

    assert (kd1 < 10).mean() == pytest.approx(before[a < 10].sum(), abs=0.02)
    assert weights[kd1 < 10].sum() == pytest.approx(after[a < 10].sum(), abs=0.03)
    assert weights[kd2 < 0.8].sum() == pytest.approx(after[:, b < 0.8].sum(), abs=0.03)
    docs = (Path(__file__).parents[2] / "docs" / "models.md").read_text("utf-8")
    assert (
        f"at {before[shares > 0.5].sum():.0%} of the draws, with the constraint at {after[shares > 0.5].sum():.0%}"
    ).replace("%", " %") in docs
    # Both constants below the values that the collected facts name become rare.
    both = np.outer(a < 10, b < 0.8)
    assert after[both].sum() < 0.05 < 0.4 < before[both].sum()


def test_it_is_one_row_more_in_three_tables_and_nothing_else(tmp_path):
    plain, constrained = (tmp_path / kind / "problem" for kind in ("plain", "constrained"))
    problem(plain.parent)
    problem(constrained.parent, constraints=[NAME])
    for path in sorted(plain.iterdir()):
        before, after = path.read_text(), (constrained / path.name).read_text()
        assert "literature" not in before
        added = after.removeprefix(before).splitlines()
        assert len(added) == (1 if path.stem in ("experiments", "observables", "measurements") else 0), path.name
        assert all(line.startswith(ID) for line in added)
    table = pd.read_csv(constrained / "observables.tsv", sep="\t").set_index("observableId")

    assert table.loc[ID, "observableName"].startswith("literature, not data: ")
    assert "doi 10.1074/jbc.RA117.001163" in table.loc[ID, "observableName"]
    assert float(table.loc[ID, "noiseFormula"]) == pytest.approx(SD, rel=1e-4)


def test_it_is_no_data(tmp_path):
    constrained = problem(tmp_path, constraints=[NAME])
    plain = measurements()

    assert len(constrained.measurements) == len(plain) + 1
    assert list(constrained.data["value"]) == list(plain["value"])
    adopted, summary = adopt(tmp_path / "problem" / "problem.yaml", "toy", tmp_path / "out")
    assert summary.values == len(plain)
    assert ID not in summary.observables
    names = {o.id: o.id for o in adopted.observables}
    write_tables(adopted, tmp_path / "problem" / "problem.yaml", "toy", names, tmp_path / "out")
    written = read_table(tmp_path / "out" / "measurements.csv", columns(MEASUREMENTS))
    assert list(written["source_row"]) == list(range(2, len(plain) + 2))
    assert list(written["value"]) == list(plain["value"])


def test_faults_name_a_model_that_can(tmp_path):
    steps = protocol().replace({"condition": {"vehicle": "literature_x"}})
    table = measurements().replace({"condition": {"vehicle": "literature_x"}})
    with pytest.raises(UserError) as caught:
        build(table, steps, compose("both_socs3+mapk@HUVEC"), tmp_path / "p", dataset="toy", constraints=["a", NAME])

    assert str(caught.value) == (
        "problem of 'toy' and model 'both_socs3+mapk@HUVEC': 3 faults\n"
        "  - constraints: unknown constraint 'a'. Known: free_IL6, high_affinity_sites.\n"
        "  - constraints: model 'both_socs3+mapk@HUVEC' has no sgp130, which constraint 'free_IL6' is about (most IL-6 "
        "in serum is free, beside sIL-6R and sgp130 (Baran 2018)). Use 'both_socs3+mapk+sgp130@HUVEC', or leave the "
        "constraint out.\n"
        "  - protocol: condition 'literature_x': names that begin with 'literature_' are those of constraints. "
        "Give it another name."
    )
    assert not (tmp_path / "p").exists()


def test_table_names_and_schema_know_the_same(root):
    schema = yaml.safe_load(SCHEMA.read_text("utf-8"))
    table = constraint_table()

    assert list(table["constraint"]) == list(CONSTRAINTS) == schema["$defs"]["constraints"]["items"]["enum"]
    assert table.notna().all(axis=None)
    middle = {"normal": (table["low"] + table["high"]) / 2, "log-normal": (table["low"] * table["high"]) ** 0.5}
    for kind, values in middle.items():
        rows = table["distribution"] == kind
        assert rows.any()
        np.testing.assert_allclose(table["value"][rows], values[rows], rtol=1e-12)
    docs = (root / "docs" / "models.md").read_text("utf-8")
    assert all(f"`{name}`" in docs for name in CONSTRAINTS)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [("gp130_0_hepatocyte", "concentration_membrane"), ("gp130_0_HepG2", "concentration_membrane")]),
        ({"own": ["concentration_membrane"]},
         [("gp130_0_hepatocyte", "concentration_membrane_mouse"), ("gp130_0_HepG2", "concentration_membrane_human"),
          ("gp130_0_HepG2", "concentration_membrane_man")]),
    ],
)  # fmt: skip
def test_a_constraint_of_a_joint_fit_is_about_each_of_its_cells(given, expected, tmp_path):
    """It was about receptors per cell of the model's own, which no cells of such a fit have."""
    members = [member("mouse", "hepatocyte"), member("human", "HepG2"), member("man", "HepG2")]
    tables = join("all", members, given.get("own", ()), ())
    path = build(tables.measurements, tables.protocol, compose("classic_none@hepatocyte"), tmp_path / "p",
                 dataset="all", constraints=["high_affinity_sites"])  # fmt: skip
    found = load(path)
    values = {p.id: p.nominal * (1.0 + 0.1 * i) for i, p in enumerate(found.estimated)}
    asked = found.measurements[found.measurements["observable"].str.startswith("literature_")]
    engine = compile(found.with_measurements(asked))
    got = engine.simulate(np.array([values[p.id] for p in found.estimated])).prediction

    assert "gp130_0" not in values
    np.testing.assert_allclose(
        got,
        [
            values["Kd_IL6_IL6R"] / (1.0 + values[membrane] * values[gp130] / values["Kd_complex_gp130"])
            for gp130, membrane in expected
        ],
        rtol=1e-9,
    )


def test_a_constraint_is_about_no_cells_where_every_condition_has_others(tmp_path):
    few = protocol().assign(set="gp130_0=few")
    with pytest.raises(UserError) as error:
        build(measurements(), few, compose("classic_none@hepatocyte"), tmp_path / "p", dataset="toy",
              constraints=["high_affinity_sites"])  # fmt: skip

    assert str(error.value) == (
        "problem of 'toy' and model 'classic_none@hepatocyte': 1 fault\n"
        "  - constraints: 'high_affinity_sites' is about parameters that every condition sets: no cells are the "
        "model's own. Leave it out, or set these parameters in some conditions only (of all: 'values')."
    )
