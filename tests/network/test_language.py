"""What SBML's formulas, sizes and values mean at the edges, and what is refused by name within seconds."""

from __future__ import annotations

import time

import numpy as np
import pytest
import sympy as sp

from il6infer._errors import UserError
from il6infer.engine import compile
from il6infer.network.network import TIME, symbol
from il6infer.network.sbml import read_sbml
from il6infer.problems.spec import Experiment, Period
from il6infer.runs.plan import make_plan
from tests.zoo.systems import problem

MATH = 'xmlns="http://www.w3.org/1998/Math/MathML"'
CORE = "http://www.sbml.org/sbml/level3/version2/core"
COMP = "http://www.sbml.org/sbml/level3/version1/comp/version1"
A, B = symbol("A"), symbol("B")
CI = {"A": "<ci> A </ci>", "B": "<ci> B </ci>"}
SPECIES = '<species id="{}" compartment="c" hasOnlySubstanceUnits="{}" boundaryCondition="false" constant="false" {}/>'


def model(rate: str, *, before: str = "", size: str = 'size="1"', species: str = "", root: str = "", more: str = ""):
    """Text of a model with the states A (0.5 at the start, rate as given) and B (0.25)."""
    species = species or "".join(
        SPECIES.format(name, "false", f'initialConcentration="{value}"') for name, value in (("A", 0.5), ("B", 0.25))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<sbml xmlns="{CORE}" level="3" version="2" {root}><model id="m">{before}'
        f'<listOfCompartments><compartment id="c" {size} constant="true"/></listOfCompartments>'
        f"<listOfSpecies>{species}</listOfSpecies>"
        f'<listOfParameters><parameter id="k" constant="true"/></listOfParameters>{more}'
        f'<listOfRules><rateRule variable="A"><math {MATH}>{rate}</math></rateRule></listOfRules></model></sbml>'
    )


def apply(name: str, *arguments: str | float) -> str:
    """MathML of a call."""
    inner = [a if isinstance(a, str) else f"<cn> {a} </cn>" for a in arguments]
    return f"<apply><{name}/>{''.join(CI.get(a, a) for a in inner)}</apply>"


def rate_of(text: str) -> sp.Expr:
    """Rate of A."""
    return read_sbml(text).rhs[0]


@pytest.mark.parametrize(
    ("mathml", "expected"),
    [
        (apply("times", apply("gt", "A", 1), "B"), B * sp.Piecewise((1, A > 1), (0, True))),
        (f"<piecewise><piece>{CI['A']}{CI['B']}</piece><otherwise><true/></otherwise></piecewise>",
         sp.Piecewise((A, sp.Ne(B, 0)), (1, True))),
        (apply("implies", apply("gt", "A", 1), apply("gt", "B", 1)), sp.Piecewise((1, (A <= 1) | (B > 1)), (0, True))),
        (apply("eq", apply("gt", "A", 1), apply("gt", "B", 1)),
         sp.Piecewise((1, sp.Not(sp.Xor(A > 1, B > 1))), (0, True))),
        (apply("lt", 0, "A", "B"), sp.Piecewise((1, (A > 0) & (A < B)), (0, True))),
        (apply("quotient", "A", "B"), sp.sign(A / B) * sp.floor(sp.Abs(A / B))),
        (apply("plus"), sp.Integer(0)), (apply("and"), sp.Integer(1)), (apply("minus", "A"), -A),
        (apply("max", "A"), A), (apply("power", 9, apply("power", 9, apply("power", 9, 9.0))), sp.oo),
        (apply("factorial", 1e8), sp.oo), (apply("factorial", 5), sp.Integer(120)),
        (f"<apply><plus/>{CI['A'] * 2_000}</apply>", 2_000 * A),
    ],
)  # fmt: skip
def test_a_formula_means_what_sbml_says(mathml: str, expected: sp.Expr) -> None:
    found = rate_of(model(mathml))
    point = {A: sp.Rational(3, 2), B: sp.Rational(7, 10), TIME: sp.Integer(0)}
    assert found == expected or found.xreplace(point) == sp.sympify(expected).xreplace(point)


def test_a_sum_may_lean_to_the_left_for_thousands_of_terms() -> None:
    text = CI["A"]
    for _ in range(2_000):
        text = apply("plus", text, "B")
    assert rate_of(model(text)) == A + 2_000 * B


def nested(name: str, depth: int) -> str:
    """MathML of a function of itself."""
    return f"<apply><{name}/>" * depth + CI["A"] + "</apply>" * depth


FUNCTION = (
    '<functionDefinition id="f{}"><math {}><lambda><bvar><ci> x </ci></bvar><apply><plus/><ci> x </ci>'
    "<apply><times/><ci> x </ci><ci> x </ci></apply><apply><sin/><ci> x </ci></apply></apply></lambda></math>"
    "</functionDefinition>"
)
FUNCTIONS = (
    f"<listOfFunctionDefinitions>{''.join(FUNCTION.format(i, MATH) for i in range(30))}</listOfFunctionDefinitions>"
)
COMPOSED = "".join(f"<apply><ci> f{i} </ci>" for i in range(30)) + CI["A"] + "</apply>" * 30


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (model(nested("sin", 2_000)), "model, rateRule of 'A': a formula nested more than 100 levels deep. Split it "
                                      "into assignment rules."),
        (model(nested("sin", 100_000)), "model, line 1: elements nested more than 3000 levels deep."),
        (model(COMPOSED, before=FUNCTIONS), "model, rateRule of 'A': with its function definitions written out, the "
                                            "formula has more than 10000 terms."),
        (model(apply("ln", -1)), "model, rateRule of 'A', 'ln(-1)': a part of the formula is no real number: it "
                                 "divides by 0, or takes a root or logarithm of a negative number."),
        (model(""), "model, rateRule of 'A': the formula is missing."),
    ],
)  # fmt: skip
def test_a_formula_without_end_is_refused_within_seconds(text: str, message: str) -> None:
    start = time.monotonic()
    with pytest.raises(UserError) as error:
        read_sbml(text)
    assert str(error.value) == message
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(("amounts", "value"), [("false", 1.5), ("true", 3.0)])
def test_a_compartment_without_dimensions_has_the_size_that_it_says(amounts: str, value: float) -> None:
    """3 of A in a 0-D compartment of size 2: a concentration of 1.5 unless the species is an amount."""
    text = model(
        apply("minus", "A", "A"), size='spatialDimensions="0" size="2"',
        species=SPECIES.format("A", amounts, 'initialAmount="3"'),
    )  # fmt: skip
    network = read_sbml(text)
    assert float(network.initial[0].xreplace({symbol("c"): network.defaults[0]})) == value


def test_what_has_no_value_is_refused_by_name_where_it_is_needed() -> None:
    used, unused = read_sbml(model("<ci> k </ci>")), read_sbml(model(CI["B"]))
    with pytest.raises(UserError) as error:
        make_plan(problem(used, [1.0]))
    assert str(error.value) == (
        "experiment 'e': 'k' has no value. Give it one in the model, in a condition or in the parameter table."
    )
    given = Experiment("e", (Period(0.0, {"k": sp.Float(2.0)}),))
    assert make_plan(problem(used, [1.0], [given])).runs
    assert make_plan(problem(unused, [1.0])).runs


def test_a_state_without_an_initial_value_is_refused_by_name_unless_a_condition_sets_it() -> None:
    network = read_sbml(model(CI["A"], species=SPECIES.format("A", "false", "")))
    with pytest.raises(UserError) as error:
        make_plan(problem(network, [1.0]))
    assert str(error.value) == ("experiment 'e': 'A' has no initial value. Give it one in the model or in a condition.")
    assert make_plan(problem(network, [1.0], [Experiment("e", (Period(0.0, {"A": sp.Float(1.0)}),))])).runs


def test_a_package_that_is_declared_and_not_used_is_no_fault() -> None:
    root = f'xmlns:comp="{COMP}" comp:required="true"'
    assert rate_of(model(CI["B"], root=root)) == B
    inside = '<comp:listOfSubmodels><comp:submodel comp:id="s" comp:modelRef="d"/></comp:listOfSubmodels>'
    definition = '<comp:listOfModelDefinitions><comp:modelDefinition id="d"/></comp:listOfModelDefinitions>'
    used = model(CI["B"], root=root).replace("</model>", f"{inside}</model>{definition}")
    with pytest.raises(UserError, match="SBML package 'comp' is not supported"):
        read_sbml(used)


def test_initial_values_of_time_follow_the_start_of_each_experiment() -> None:
    start = (
        f'<listOfInitialAssignments><initialAssignment symbol="A"><math {MATH}><apply><plus/><cn> 1 </cn><csymbol '
        'encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time"> t </csymbol></apply></math>'
        "</initialAssignment></listOfInitialAssignments>"
    )
    network = read_sbml(model(apply("minus", "B", "B"), more=start))
    experiments = [Experiment("early", (Period(0.0),)), Experiment("late", (Period(10.0), Period(12.0)))]
    asked = problem(network, [13.0], experiments, observed=["A"])
    found = compile(asked, engine="diffsol").simulate(np.array([]))
    np.testing.assert_allclose(found.prediction, [1.0, 11.0])
