"""Models as text: Antimony or SBML in, SBML, networks or the refusal out."""

from __future__ import annotations

import antimony
import pytest
import sympy as sp

from il6infer._errors import UserError
from il6infer.network.network import Network, symbol
from il6infer.network.sbml import read_sbml

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4">'
)
MATH = 'xmlns="http://www.w3.org/1998/Math/MathML"'


def x(*ids: str) -> tuple[sp.Symbol, ...]:
    return tuple(symbol(i) for i in ids)


def to_sbml(text: str) -> str:
    """SBML of a model in Antimony."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) != -1, antimony.getLastError()
    return antimony.getSBMLString(antimony.getMainModuleName())


def from_antimony(text: str) -> Network:
    return read_sbml(to_sbml(text), "toy.xml")


def sbml(body: str) -> str:
    return f'{HEAD}<model id="toy">{body}</model></sbml>'


def refused(text: str) -> str:
    with pytest.raises(UserError) as error:
        read_sbml(text, "toy.xml")
    return str(error.value)
