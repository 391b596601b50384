"""Moieties and detailed balance, on networks small enough to know the answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from il6infer.network.balance import cycles, equilibrium_constants
from il6infer.network.conservation import moieties, moieties_of_course, names
from il6infer.network.network import symbol
from il6infer.network.sbml import read_sbml
from tests.zoo.systems import network
from tests.zoo.texts import from_antimony

# Ligand L and co-receptor G bind receptor R in either order: one cycle of four reactions.
CYCLE = """
model cycle
  compartment c = 1;
  species L in c = 1, R in c = 1, G in c = 1, LR in c = 0, RG in c = 0, LRG in c = 0, idle in c = 3;
  J1: L + R -> LR; c*k1*(L*R - K1*LR);
  J2: LR + G -> LRG; c*k2*(LR*G - K2*LRG);
  J3: R + G -> RG; c*k3*(R*G - K3*RG);
  J4: L + RG -> LRG; c*k4*(L*RG - {last}*LRG);
  J5: -> G; c*ks; J6: G -> ; c*kd*G;
  k1 = 1; k2 = 1; k3 = 1; k4 = 1; K1 = 5; K2 = 0.8; K3 = 2; K4 = 2; ks = 1; kd = 1;
end
"""


def test_cycle_whose_last_constant_follows_from_the_others_is_balanced():
    (cycle,) = cycles(from_antimony(CYCLE.format(last="(K1*K2/K3)")))

    assert {name: abs(power) for name, power in cycle.reactions.items()} == {"J1": 1, "J2": 1, "J3": 1, "J4": 1}
    assert cycle.balanced


def test_cycle_with_a_free_fourth_constant_is_not_balanced():
    (cycle,) = cycles(from_antimony(CYCLE.format(last="K4")))
    ratio = cycle.product * symbol("K1") * symbol("K2") / (symbol("K3") * symbol("K4"))

    assert not cycle.balanced
    assert sp.simplify(ratio) == 1 or sp.simplify(1 / cycle.product * symbol("K1") * symbol("K2")) == symbol(
        "K3"
    ) * symbol("K4")


def test_reaction_written_as_two_one_way_reactions_is_reversible():
    pair = from_antimony("model m; species A = 1, B = 0; J1: A -> B; kf*A; J2: B -> A; kr*B; kf = 1; kr = 2; end")

    assert equilibrium_constants(pair) == {"J1": symbol("kf") / symbol("kr")}
    assert cycles(pair) == ()


def test_driven_reactions_and_exchange_are_not_bound():
    driven = from_antimony(
        "model m; species A = 1, B = 0; J1: A -> B; V*A/(K + A); J2: B -> A; kr*B; J3: -> A; ks - kd*A;"
        "V = 1; K = 1; kr = 1; ks = 1; kd = 1; end"
    )

    assert equilibrium_constants(driven) == {}


def test_moieties_by_name():
    system = from_antimony(CYCLE.format(last="K4"))

    assert names(system) == ("L + LR + LRG", "R + LR + RG + LRG", "idle")
    np.testing.assert_allclose(moieties(system) @ system.stoichiometry, 0)


def test_states_lost_together_leave_their_difference():
    system = from_antimony("model m; species A = 1, B = 2, C = 0; J1: A + B -> C; k*A*B; J2: C -> ; k*C; k = 1; end")

    assert names(system) == ("A - B",)


def test_nothing_happens_so_all_is_kept():
    system = from_antimony("model m; species A = 1, B = 2; J1: A -> B; 0; end")

    np.testing.assert_array_equal(moieties(system), np.eye(2))


def test_nothing_is_kept():
    assert moieties(from_antimony("model m; species A = 1; J1: A -> ; k*A; k = 1; end")).shape == (0, 1)


def test_amounts_are_kept_across_volumes_that_are_numbers(shared: Path):
    path = shared / "benchmark_problems/Boehm_JProteomeRes2014/model_Boehm_JProteomeRes2014.xml"
    system = read_sbml(path.read_text())
    volumes = {symbol("cyt"): sp.Rational(7, 5), symbol("nuc"): sp.Rational(9, 20)}
    kept = moieties(system, volumes)

    assert moieties(system).shape == (0, 8)
    assert kept.shape == (2, 8)
    total = sp.Matrix(kept) * sp.Matrix([e.xreplace(volumes) for e in system.rhs])
    point = {
        s: sp.Float(v) for s, v in zip(sorted(total.free_symbols, key=str), np.linspace(0.5, 1.5, 40), strict=False)
    }
    assert max(abs(float(e)) for e in total.xreplace(point).evalf()) == pytest.approx(0, abs=1e-12)


def test_rate_rules_conserve_what_the_terms_of_their_rates_do():
    net = from_antimony("model m; a=4; b=0; c=1; k=1; a'=-k*a+b/2; b'=k*a-b/2-k*b*c; c'=k*b*c-3*c; end")
    assert moieties(net).tolist() == []

    closed = from_antimony("model m; a=4; b=0; c=1; k=1; a'=-k*a+b/2; b'=k*a-b/2-k*b*c; c'=k*b*c; end")
    assert moieties(closed).tolist() == [[1.0, 1.0, 1.0]]


def test_what_a_course_conserves_while_its_drug_is_absent():
    """A and B turn into each other; A is lost by a drug D that nothing makes, and by a drug E that F makes."""
    a, b, d, e, f, k = map(symbol, ("A", "B", "D", "E", "F", "k"))
    rates = {"A": k * (b - a) - d * a - e * a, "B": k * (a - b), "D": sp.Integer(0), "E": k * f, "F": -k * f}
    system = network(rates, {"A": 1.0}, {"k": 1.0})
    names, present = "ABDEF", {}
    for absent in ("", "D", "DE", "DEF", "DEFB"):
        rows = moieties_of_course(system, {}, {}, [names.index(name) for name in absent])
        present[absent] = [[*row] for row in rows]
    assert present[""] == present["D"] == present["DE"] == [[0, 0, 1, 0, 0], [0, 0, 0, 1, 1]]
    # B is absent and is made.
    assert present["DEF"] == present["DEFB"] == [
        [1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]
    ]  # fmt: skip
    zero = {k: sp.Float(0.0)}
    assert len(moieties_of_course(system, zero, zero, [names.index("D")])) == 4, "but A, which E lessens"
