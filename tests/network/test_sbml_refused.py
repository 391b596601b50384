"""The SBML reader: what it refuses, by name and id."""

from __future__ import annotations

import pytest

from il6infer._errors import UserError
from il6infer.network.sbml import read_sbml
from tests.faults.hostile_folders import doubling, functions
from tests.zoo import decay_v1
from tests.zoo.texts import MATH, from_antimony, refused, sbml

ONE_SPECIES = (
    '<listOfCompartments><compartment id="c" size="1"/></listOfCompartments>'
    '<listOfSpecies><species id="A" compartment="c" initialConcentration="1"/></listOfSpecies>'
)


def test_all_that_is_not_supported_comes_in_one_message():
    text = sbml(
        '<listOfCompartments><compartment id="c" size="1" constant="false"/></listOfCompartments>'
        '<listOfSpecies><species id="A" compartment="c" initialConcentration="1"/></listOfSpecies>'
        '<listOfParameters><parameter id="time" value="9"/>'
        '<parameter id="p" value="1" constant="false"/></listOfParameters>'
        f"<listOfRules><algebraicRule><math {MATH}><apply><minus/><ci>A</ci><ci>p</ci></apply></math></algebraicRule>"
        f'<rateRule variable="c"><math {MATH}><cn>1</cn></math></rateRule></listOfRules>'
        '<listOfReactions><reaction id="J1" fast="true">'
        '<listOfReactants><speciesReference species="A"/></listOfReactants>'
        f"<kineticLaw><math {MATH}><ci>A</ci></math></kineticLaw></reaction>"
        '<reaction id="J2">'
        '<listOfReactants><speciesReference species="A"/></listOfReactants></reaction></listOfReactions>'
        f'<listOfEvents><event id="E"><trigger><math {MATH}><apply><geq/><csymbol encoding="text" '
        'definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol><cn>1</cn></apply></math></trigger>'
        f"<delay><math {MATH}><cn>1</cn></math></delay><listOfEventAssignments>"
        f'<eventAssignment variable="c"><math {MATH}><cn>2</cn></math></eventAssignment></listOfEventAssignments>'
        "</event></listOfEvents>"
    )

    assert refused(text).splitlines() == [
        "SBML: 6 faults",
        "  - toy.xml: parameter 'time' (the id of the time itself: rename it) is not supported.",
        "  - toy.xml: algebraicRule 'A - p = 0' is not supported.",
        "  - toy.xml: rateRule of compartment 'c' (a volume that varies) is not supported.",
        "  - toy.xml: fast reaction 'J1' is not supported.",
        "  - toy.xml: reaction 'J2' without a kineticLaw is not supported.",
        "  - toy.xml: delay of event 'E' is not supported.",
    ]


def test_not_xml():
    assert refused("model x; end") == "SBML: 1 fault\n  - toy.xml, line 2: XML content is not well-formed."


def test_empty_document():
    assert refused("").startswith("SBML: 1 fault\n  - toy.xml, line ")


def test_unknown_id_in_a_formula():
    message = refused(
        sbml(
            ONE_SPECIES + '<listOfParameters><parameter id="p" value="1" constant="false"/></listOfParameters>'
            f'<listOfRules><rateRule variable="p"><math {MATH}><ci>q</ci></math></rateRule></listOfRules>'
        )
    )

    assert message.startswith("SBML: 1 fault\n  - toy.xml, line 2: ")
    assert "'q'" in message


def test_delay_in_a_formula():
    message = refused(
        sbml(
            '<listOfParameters><parameter id="p" value="1" constant="false"/></listOfParameters>'
            f'<listOfRules><rateRule variable="p"><math {MATH}><apply><csymbol encoding="text" '
            'definitionURL="http://www.sbml.org/sbml/symbols/delay">delay</csymbol><ci>p</ci><cn>1</cn></apply></math>'
            "</rateRule></listOfRules>"
        )
    )

    assert message == "toy.xml, rateRule of 'p': 'delay(p, 1)' is not supported in a formula."


@pytest.mark.parametrize("rule", ["y' = y / 0", "y' = 0 / 0", "y = 1 / 0", "k := 2 / (1 - 1)", "at (1 / 0 > 1): y = 2"])
def test_a_division_by_zero_is_refused_where_it_stands(rule: str):
    with pytest.raises(UserError) as error:
        from_antimony(f"model m; k = 1; y = 1; {rule}; end")

    assert str(error.value).endswith(
        "a part of the formula is no real number: it divides by 0, or takes a root or logarithm of a negative number."
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (functions({"f": "f"}), "toy.xml: functions call each other in a circle: 'f' -> 'f'."),
        (functions({"f": "g", "g": "f"}), "toy.xml: functions call each other in a circle: 'f' -> 'g' -> 'f'."),
        (
            doubling(40),
            "toy.xml, functionDefinition 'f17': it has more than 1,000,000 terms when the functions that it calls are "
            "put in. Call them less often.",
        ),
    ],
    ids=["of itself", "of each other", "doubled"],
)
def test_functions_without_end(tmp_path, change, message):
    """Where libsbml follows them, it ends the process."""
    decay_v1.write(tmp_path)
    with pytest.raises(UserError) as error:
        read_sbml(change((tmp_path / "model.xml").read_text()), "toy.xml")

    assert str(error.value) == message
