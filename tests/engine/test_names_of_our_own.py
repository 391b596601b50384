"""Ids that this package's own code uses for something else: a parameter k1, c0, w1 or v0 is only a name."""

from __future__ import annotations

import numpy as np
import pytest

from il6infer.engine import RosenbrockEngine
from il6infer.petab_files.read import load
from tests.zoo.texts import to_sbml

STATES = ("s1", "s2", "s3", "s4", "s5")
PARAMETERS = tuple(f"r{i}" for i in range(10))
VALUES = (1.0, 1.1, 0.9, 0.3, 0.5, 0.4, 0.6, 0.2, 0.8, 0.1)
MODEL = """
model names
  s1 = r0^2*0.5 + r9; s2 = 0.2*r1; s3 = 0; s4 = 1; s5 = 0; r8 = 1;
  s1' = -r2*s1*s2 + r3*s3^2 + r4*exp(-r5*time);
  s2' = -r2*s1*s2 + r6*s3;
  s3' = r2*s1*s2 - r6*s3*s4/(1 + s4) - r3*s3^2;
  s4' = piecewise(r7*s1, s3 > 0.3*r0, -0.1*r8*s4);
  s5' = 0.1*r8;
  at (s5 > 0.2*r1): s1 = s1 + r5*s2;
end
"""
"""Every kind of derivative: of rates, of their slopes, by time, of initial values, switches, events and read-outs."""

TAKEN = {
    "weights, coefficients, adjoints and increments": (
        ("v0", "g1", "k2", "w0", "y0"),
        ("c0", "c1", "c2", "w1", "w2", "k0", "k1", "g0", "v1", "d3"),
    ),
    "arguments and shared parts": (
        ("a_", "t", "x0_", "z_0", "out"),
        ("b_", "c_", "p", "y", "m", "q", "n", "h0", "theta", "v0_"),
    ),
}
"""What is taken -> names for the states and the parameters."""


def _engine(folder, states, parameters):
    """Engine of the model in these names, and where each parameter stands in it."""
    names = dict(zip(STATES + PARAMETERS, (*states, *parameters), strict=True))
    folder.mkdir()
    sbml = to_sbml(MODEL)
    for old, new in names.items():
        sbml = sbml.replace(f'"{old}"', f'"{new}"').replace(f"<ci> {old} </ci>", f"<ci> {new} </ci>")
    (folder / "model.xml").write_text(sbml)
    tables = {
        "parameters": "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\n"
        + "".join(f"{p}\t0\t10\t{v}\ttrue\n" for p, v in zip(parameters, VALUES, strict=True)),
        "observables": "observableId\tobservableFormula\tnoiseFormula\n"
        f"one\t{names['s1']}*{names['r0']} + {names['s3']}\t1\ntwo\t{names['s4']}*{names['r1']}\t1\n",
        "measurements": "observableId\texperimentId\ttime\tmeasurement\n"
        + "".join(f"{o}\t\t{t}\t1\n" for o in ("one", "two") for t in (1, 2, 4)),
    }
    for name, text in tables.items():
        (folder / f"{name}.tsv").write_text(text)
    (folder / "problem.yaml").write_text(
        "format_version: 2.0.0\nid: names\nmodel_files: {m: {language: sbml, location: model.xml}}\n"
        + "".join(f"{name.removesuffix('s')}_files: [{name}.tsv]\n" for name in tables)
    )
    engine = RosenbrockEngine(load(folder / "problem.yaml"), rtol=1e-8, atol=1e-10, lower_atol=False)
    return engine, [engine.parameters.index(p) for p in parameters]


@pytest.mark.slow
@pytest.mark.parametrize("kind", TAKEN)
def test_an_id_that_our_own_code_has_for_something_else_is_only_a_name(kind, tmp_path):
    """Parameters called k1 and k2 had wrong forward sensitivities, those called c1 or v0 a wrong gradient."""
    found = []
    for states, parameters in ((STATES, PARAMETERS), TAKEN[kind]):
        engine, order = _engine(tmp_path / states[0], states, parameters)
        theta, weights = np.empty(len(VALUES)), np.linspace(1.0, 2.0, 6)
        theta[order] = VALUES
        forward = (weights @ engine.jacobian(theta)[0])[order]
        adjoint = engine.pullback(theta, weights, 0 * weights)[order]
        np.testing.assert_allclose(forward, adjoint, rtol=1e-9, atol=1e-9)
        found.append(np.concatenate([engine.simulate(theta).prediction, adjoint]))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5, atol=1e-6)
