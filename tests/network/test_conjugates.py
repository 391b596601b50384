"""Roots of quadratic equations keep their digits where one is far smaller than the other."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy as sp

from il6infer.network.conjugates import conjugated
from il6infer.network.functions import plain
from il6infer.network.magnitudes import relative
from il6infer.network.network import symbol
from il6infer.runs.numeric import Function

x, y, k = (symbol(name) for name in ("x", "y", "k"))

ROOTS = {
    "complex, by Morrison": (x + y + k - sp.sqrt((x + y + k) ** 2 - 4 * x * y)) / 2,
    "free ligand, target-mediated": (x - y - k + sp.sqrt((x - y - k) ** 2 + 4 * k * x)) / 2,
    "its logarithm": sp.log((x - y - k + sp.sqrt((x - y - k) ** 2 + 4 * k * x)) / 2),
    "over its first coefficient": (-y + sp.sqrt(y**2 + 4 * k * x)) / (2 * x),
    "expanded": x - y + sp.sqrt(x**2 + y**2 - 2 * x * y + 4 * k * x),
    "times a constant": 3 * k * (y - sp.sqrt(y**2 - x)),
}
"""Functions of x, y and k."""


@pytest.mark.parametrize("name", ROOTS)
@pytest.mark.parametrize("small", [1e-12, 1e-7, 0.1, 3.0])
def test_a_small_root_has_its_digits_and_its_slopes(name: str, small: float) -> None:
    e, at = ROOTS[name], (small, 2e3, 0.7)
    written = plain(e)
    found = Function([x, y, k], [written, *(written.diff(by) for by in (x, y, k))])(np.array(at))
    exact = sp.lambdify((x, y, k), [e, *(e.diff(by) for by in (x, y, k))], "mpmath")
    with mpmath.workdps(60):
        right = [float(value) for value in exact(*map(mpmath.mpf, at))]
    np.testing.assert_allclose(found, right, rtol=1e-11, atol=1e-200)


def test_the_large_root_and_what_is_no_root_are_as_they_were() -> None:
    for e in (y + sp.sqrt(x + k), sp.sqrt(x + k), (sp.sqrt(x + k) + 1) * y, sp.sqrt(x) - y, sp.sqrt(x**2 + y) + k):
        assert conjugated(e) is e
    for e in ROOTS.values():
        assert relative(relative(e)) == relative(e) != e


def test_formulas_in_each_other_are_not_doubled_over_and_over():
    """Nested half-angle formulas took two minutes, and 3.5 million parts where they had five thousand."""
    e = y
    for n in range(12):
        e = (x - n + sp.sqrt((x - n) ** 2 + 1)) * (e + 2)
    assert _parts_of(conjugated(e)) < 10 * _parts_of(e)


def _parts_of(e: sp.Basic) -> int:
    return 1 + sum(map(_parts_of, e.args))
