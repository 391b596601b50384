"""Detailed balance of every model: each receptor with each feedback and each option, and combinations of options.

`test_a_broken_module_is_found` breaks modules on purpose, so that a test that cannot fail would be seen.
"""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer.library.catalogue import shipped
from il6infer.library.compose import compose
from il6infer.library.names import CELLS, ModelName, base_names, parse_model_name
from il6infer.network.balance import cycles, equilibrium_constants
from il6infer.network.network import Network, symbol
from il6infer.network.sbml import read_sbml
from tests.library.odes import Odes, draw
from tests.library.representative import REPRESENTATIVE
from tests.zoo.texts import from_antimony

REVERSIBLE = ("bind_", "trap_", "engage_", "join_", "dimerise_")
DRIVEN = {"internalise_gp130", "recycle_gp130", "import_STAT3", "export_STAT3"}
"""Endocytosis and recycling, import and export, undo each other and look like reactions in balance; they are driven."""

# Of the modules that bind, those that may meet: their pairs on each receptor.
BINDING = ("antibodies", "dimer", "hexamer", "jak", "sgp130", "shedding", "surface_trap", "trafficking")


def exists(name: str) -> bool:
    try:
        parse_model_name(name)
    except UserError:
        return False
    return True


ONE_OPTION = [
    name
    for base in base_names()
    for o in ("", *shipped().shown_options)
    if exists(name := f"{base}+{o}" if o else base)
]
TWO_OPTIONS = [
    name
    for receptor in ("classic", "trans", "both", "cluster")
    for pair in combinations(BINDING, 2)
    if exists(name := str(ModelName(receptor, "dual", pair)))
]
CELL = [f"both_dual+dimer+surface_trap@{cell}" for cell in CELLS]
EVERY = list(dict.fromkeys([*ONE_OPTION, *TWO_OPTIONS, *CELL, *REPRESENTATIVE]))
SLOW = {
    name for name in ONE_OPTION
    if parse_model_name(name).options and parse_model_name(name).feedback != "dual"
} - {*REPRESENTATIVE}  # fmt: skip
"""Feedbacks bind nothing: an option beside two of them is in the tests that take seconds."""


def closed(name: str) -> int:
    """Count the independent cycles: a dimer closes one for each pair of complexes; nothing else closes any."""
    parts = parse_model_name(name)
    if "dimer" not in parts.options:
        return 0
    return 3 if "surface_trap" in parts.options or parts.receptor == "cluster" else 1


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in EVERY])
def test_binding_obeys_detailed_balance(name):
    network = read_sbml(compose(name).sbml, name)
    binding = {i for i in network.flux_ids if i.startswith(REVERSIBLE)}
    found = cycles(network)

    # Every reaction that binds is seen as reversible mass action, or no cycle through it would be.
    assert set(equilibrium_constants(network)) - DRIVEN == binding
    assert [dict(cycle.reactions) for cycle in found if not cycle.balanced] == []
    assert len(found) == closed(name)


def broken(name: str, *edits: tuple[str, str], more: str = "") -> Network:
    """Read a model with its text changed; each edit must find what it changes."""
    text = compose(name).antimony
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return from_antimony(re.sub(r"\nend\n$", f"\n{more}\nend\n", text))


FOURTH = """
  species IL6R_gp130 in membrane = 0;
  bind_IL6R_gp130: IL6R + gp130 -> IL6R_gp130; membrane*kon_pre*(IL6R*gp130 - Kd_pre*IL6R_gp130);
  bind_IL6_IL6R_gp130: IL6 + IL6R_gp130 -> C_classic; membrane*kon_IL6_IL6R*(IL6*IL6R_gp130 - {last}*C_classic);
  kon_pre = 1e-3; Kd_pre = 100; {more}
"""
"""IL-6 and gp130 bind IL-6R in either order: the fourth constant must follow from the other three."""


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        # the statistical factor of two free sites forgotten once
        ("trans_none+dimer", "(2*HyperIL6*sgp130Fc - ", "(HyperIL6*sgp130Fc - "),
        # another affinity for the second site, from one side only
        ("both_socs3+dimer", "(HyperIL6*IL6_sIL6R_sgp130Fc - ", "(4*HyperIL6*IL6_sIL6R_sgp130Fc - "),
        # the membrane's advantage given to one of two routes
        ("both_loss+dimer+surface_trap", "(IL6_IL6R*IL6_sIL6R_sgp130Fc - ", "(7*IL6_IL6R*IL6_sIL6R_sgp130Fc - "),
        ("cluster_none+dimer", "(2*IL6_IL6R_presenting*sgp130Fc - ", "(contact*2*IL6_IL6R_presenting*sgp130Fc - "),
    ],
)
def test_a_broken_module_is_found(name, old, new):
    assert not all(cycle.balanced for cycle in cycles(broken(name, (old, new))))


def test_a_binding_that_is_no_mass_action_is_found():
    """It has no equilibrium constant, so the test above would miss it among those that bind."""
    network = broken(
        "classic_none", ("(IL6*IL6R - Kd_IL6_IL6R*IL6_IL6R)", "(IL6*IL6R/(1 + IL6) - Kd_IL6_IL6R*IL6_IL6R)")
    )

    assert "bind_IL6_IL6R" not in equilibrium_constants(network)


CLOSED = {"k_turnover": 0.0, "k_internalisation": 0.0, "k_loss_SOCS3": 0.0}
"""A vessel that nothing enters or leaves: what binds comes to equilibrium."""


@pytest.mark.parametrize("name", ["both_none+dimer+hexamer+sgp130+surface_trap", "cluster_none+antibodies+dimer"])
def test_at_equilibrium_no_reaction_runs_either_way(name):
    """By simulation, apart from the algebra above: without balance a cycle would turn for ever."""
    model = compose(name)
    system = Odes(read_sbml(model.sbml, name))
    network = system.network
    values = {**draw(model.priors, np.random.default_rng(2)), **CLOSED}
    medium = {s: 1.0 for s in ("IL6", "sIL6R", "sgp130Fc", "HyperIL6", "sgp130", "tocilizumab") if s in network.states}
    end = system.run(system.dose(system.initial(values), medium), np.array([0.0, 1e7]), values)[-1]
    point = {symbol(s): x for s, x in zip(network.states, end, strict=True)}
    point |= {symbol(p): x for p, x in zip(network.parameters, system.values(values), strict=True)}
    fluxes = {reaction.id: reaction.rate for reaction in network.reactions}
    binding = [flux_id for flux_id in fluxes if flux_id.startswith(REVERSIBLE)]

    assert len(binding) > 5
    for flux_id in binding:
        forward, backward = (abs(float(term.xreplace(point))) for term in fluxes[flux_id].expand().args)
        assert forward == pytest.approx(backward, rel=1e-4), flux_id
