"""The SBML reader: what each element means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from il6infer.network.network import TIME, Network, symbol
from il6infer.network.sbml import read_sbml
from il6infer.network.times import crossing_time
from tests.zoo.texts import MATH, from_antimony, sbml, x


def flux_product(network: Network) -> list[sp.Expr]:
    return [
        sp.Add(*[sp.nsimplify(n) * flux for n, flux in zip(row, network.fluxes, strict=True)])
        for row in network.stoichiometry
    ]


def test_every_shared_model_loads(shared: Path):
    paths = [
        *sorted((shared / "petab_suite").glob("*/sbml/*/_model.xml")),
        *sorted((shared / "benchmark_problems").glob("*/model*.xml")),
    ]
    assert len(paths) > 25
    for path in paths:
        network = read_sbml(path.read_text(), path.name)
        known = {*x(*network.states, *network.parameters), TIME}

        for expression in (*network.rhs, *network.fluxes, *network.derived.values()):
            assert expression.free_symbols <= known
        for expression in (*network.initial, *network.defaults):
            assert expression.free_symbols <= set(x(*network.parameters))
        product = flux_product(network)
        assert all(sp.expand(a - b) == 0 for a, b in zip(product, network.rhs, strict=True)), path


def test_hepatocyte_model_has_conditions_on_the_times_of_its_inputs(shared: Path):
    path = shared / "benchmark_problems/Sobotta_nine/model_Sobotta_Frontiers2017.xml"
    network = read_sbml(path.read_text())
    relations = set().union(*[e.atoms(Relational) for e in network.rhs])

    assert {crossing_time(r) for r in relations} == {sp.Integer(-60), sp.Integer(-10), sp.Integer(0)}
    assert {"IL6", "ActD", "Stattic", "Ruxolitinib"} == set(network.derived)


def test_concentrations_amounts_and_volumes():
    network = from_antimony(
        """model m
          compartment cell = 2, nucleus = 0.5;
          species A in cell = 3; substanceOnly species N in nucleus = 4; species B in nucleus = 1;
          J1: A -> 2 B; cell*k*A; J2: N -> ; k*N; k = 0.1;
        end"""
    )
    a, b, n, k, cell, nucleus = x("A", "B", "N", "k", "cell", "nucleus")
    rhs = dict(zip(network.states, network.rhs, strict=True))

    assert rhs == {"A": -k * a, "B": 2 * cell * k * a / nucleus, "N": -k * n}
    assert dict(zip(network.states, network.initial, strict=True)) == {"A": 3, "B": 1, "N": 4}
    assert set(network.flux_ids) == {"J1", "J2"}
    assert flux_product(network) == list(network.rhs)
    assert not {b, n} & set().union(*(flux.free_symbols for flux in network.fluxes[:2]))


def test_initial_amount_of_a_concentration_is_divided_by_the_volume():
    network = read_sbml(
        sbml(
            '<listOfCompartments><compartment id="c" size="2"/></listOfCompartments><listOfSpecies>'
            '<species id="A" compartment="c" initialAmount="6"/>'
            '<species id="B" compartment="c" initialConcentration="3" hasOnlySubstanceUnits="true"/></listOfSpecies>'
        )
    )

    assert network.initial == (6 / symbol("c"), 3 * symbol("c"))
    assert dict(zip(network.parameters, network.defaults, strict=True)) == {"c": 2}


def test_inert_species_are_states_and_fixed_ones_parameters():
    network = from_antimony(
        """model m
          compartment c = 1; species idle in c = 3; const species fed in c = 4; species $bound in c = 5;
          species S in c = 0;
          J: fed + $bound -> S; c*k*fed*bound; k = 1;
        end"""
    )

    assert network.states == ("idle", "S")
    assert network.rhs == (0, symbol("k") * symbol("fed") * symbol("bound"))
    assert dict(zip(network.parameters, network.defaults, strict=True)) == {"c": 1, "k": 1, "fed": 4, "bound": 5}


def test_initial_assignments_reach_through_states_and_rules():
    network = from_antimony(
        """model m
          compartment c = v; v = 2; p = 3; q = 2*p; A0 = q + 1;
          species A in c, B in c; A = A0; B = total - A; total := A0 + r; r = 5; derived := A + B;
          J: A -> B; c*k*A; k = 1;
        end"""
    )
    a0, r, p, q, v, a, b = x("A0", "r", "p", "q", "v", "A", "B")

    assert dict(zip(network.states, network.initial, strict=True)) == {"A": a0, "B": r}
    defaults = dict(zip(network.parameters, network.defaults, strict=True))
    assert (defaults["A0"], defaults["q"], defaults["c"], defaults["r"]) == (q + 1, 2 * p, v, 5)
    assert network.derived == {"total": a0 + r, "derived": a + b}


def test_rate_rules_functions_piecewise_and_time():
    network = from_antimony(
        """function mm(s, v, K) v*s/(K + s) end
        model m
          y = 1; y' = piecewise(mm(y, V, Km), time >= t_on && time < 2*t_on + 5, 0) - k*y^2; V = 2;
          Km = 3; k = 1; t_on = 10;
        end"""
    )
    y, v, km, k, t_on = x("y", "V", "Km", "k", "t_on")
    pulse = sp.Piecewise((v * y / (km + y), sp.And(sp.Ge(TIME, t_on), sp.Lt(TIME, 2 * t_on + 5))), (0, True))

    assert network.states == ("y",)
    assert sp.simplify(network.rhs[0] - (pulse - k * y**2)) == 0
    assert network.flux_ids == ("d(y)/dt",)


def test_local_parameters_hide_global_ones():
    network = read_sbml(
        sbml(
            '<listOfCompartments><compartment id="c" size="1"/></listOfCompartments>'
            '<listOfSpecies><species id="A" compartment="c" initialConcentration="1"/></listOfSpecies>'
            '<listOfParameters><parameter id="k" value="9"/></listOfParameters>'
            '<listOfReactions><reaction id="J" reversible="false"><listOfReactants><speciesReference species="A"/>'
            f"</listOfReactants><kineticLaw><math {MATH}><apply><times/><ci>c</ci><ci>k</ci><ci>A</ci></apply></math>"
            '<listOfParameters><parameter id="k" value="0.5"/></listOfParameters></kineticLaw></reaction>'
            "</listOfReactions>"
        )
    )

    assert network.rhs == (sp.Float(-0.5) * symbol("A"),)
    assert np.array_equal(network.stoichiometry, [[-1.0]])


def test_timed_events():
    network = from_antimony(
        """model m
          compartment c = 1; species A in c = 1; J: A -> ; c*k*A; k = 1; t1 = 5; dose = 2;
          E1: at (time >= t1): A = A + dose; E2: at (time - 2*t1 > 0): k = 0;
        end"""
    )
    a, dose, t1 = x("A", "dose", "t1")

    assert [(e.id, e.trigger, dict(e.changes)) for e in network.events] == [
        ("E1", sp.Ge(TIME, t1), {"A": a + dose}),
        ("E2", sp.Gt(TIME - 2 * t1, 0), {"k": 0}),
    ]
    assert [crossing_time(e.trigger) for e in network.events] == [t1, 2 * t1]
    assert network.states == ("A",)
    assert "k" in network.parameters


def test_parameter_that_an_event_sets_from_a_state_becomes_a_state():
    network = from_antimony(
        """model m
          compartment c = 1; species A in c = 1; J: A -> ; c*A*k; k = 1; mark = 0;
          E1: at (time >= 5): mark = A;
        end"""
    )

    assert network.states == ("A", "mark")
    assert network.rhs[1] == 0


def test_a_reactions_id_is_its_rate():
    network = from_antimony("model m; species A = 1; J: A -> ; k*A; k = 2; seen := 3*J; end")

    assert network.derived == {"seen": 3 * symbol("k") * symbol("A")}


def test_what_exporters_write_and_sbml_forbids_is_read_where_it_means_one_thing_alone():
    """A name with the type of a number, and a name that is no function applied to nothing."""
    nought = f'<functionDefinition id="two"><math {MATH}><lambda><cn>2</cn></lambda></math></functionDefinition>'
    network = read_sbml(
        sbml(
            f"<listOfFunctionDefinitions>{nought}</listOfFunctionDefinitions>"
            '<listOfParameters><parameter id="A" value="1" constant="false"/><parameter id="k" value="3"/>'
            f'</listOfParameters><listOfRules><rateRule variable="A"><math {MATH}><apply><divide/>'
            '<apply><times/><ci type="integer"> A </ci><apply><ci> two </ci></apply></apply>'
            "<apply>\n<ci> k </ci>\n</apply></apply></math></rateRule></listOfRules>"
        )
    )

    assert sp.simplify(network.rhs[0] - 2 * symbol("A") / symbol("k")) == 0
