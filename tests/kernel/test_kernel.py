"""A model's equations as machine code: the same numbers as Python, nothing guessed, compiled once."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp
from llvmlite import binding

from il6infer.kernel import link, vector_math
from il6infer.kernel.lowering import module_of
from il6infer.kernel.model_functions import symbol_of
from il6infer.kernel.printer import code

POINT = np.array([0.7, 1.9, -0.4, 3.0, 0.0])


def _machine_code(source: str, constants: dict[str, object] | None = None) -> Callable[..., int]:
    """Address of each function by name; the code lives as long as what is returned."""
    module = binding.parse_assembly(str(module_of(source, constants or {})))
    module.verify()
    engine = binding.create_mcjit_compiler(module, link._machine())
    engine.finalize_object()
    return lambda name, **how: engine.get_function_address(symbol_of(name, **how))


def _rhs(lines: list[str], y: np.ndarray = POINT, t: float = 2.5, size: int = 4, lanes: int = 1) -> np.ndarray:
    """Result of ``rhs`` with these lines; with several lanes, (size, lanes) for the columns of `y`."""
    source = "def rhs(y, p, t, out):\n" + "\n".join(f"    {line}" for line in lines)
    address = _machine_code(source, {"LANES": lanes})
    vector = ctypes.POINTER(ctypes.c_double)
    call = ctypes.CFUNCTYPE(None, *[vector] * 4)(address("rhs", together=True))
    out = np.full((size, lanes) if lanes > 1 else size, 0.5)
    arrays = [np.ascontiguousarray(y, dtype=float), np.ones((3, lanes)), np.full(lanes, t), out]
    call(*(a.ctypes.data_as(vector) for a in arrays))
    return out


EXPRESSIONS = (
    "y[0] + 2*y[1] - y[2]/y[3]",
    "-y[0]**3 + y[1]**-2 + y[2]**0 + y[3]**11",
    "+y[0] * pi + e",
    "exp(y[2]) * log(y[1]) + sqrt(y[3]) + sin(y[0]) - cos(t)",
    "tan(y[0]) + asin(y[2]) + acos(y[2]) + atan(y[3]) + sinh(y[2]) + cosh(y[0]) + tanh(y[1])",
    "asinh(y[0]) + acosh(y[1]) + atanh(y[2])",
    "floor(y[1]) + abs(y[2]) + copysign(1, y[2])",
    "min(y[0], y[1], y[2]) + 10*max(y[0], y[3])",
    "y[1]**y[0]",
    "(y[0] if y[1] < t else y[3])",
    "(y[0] if (y[1] > t) or (not (y[2] >= 0)) else y[3])",
    "(1 if (y[1] <= t) and (y[0] != y[1]) and (y[4] == 0) else 0)",
    "(1 if 0 < y[0] < 1 else (2 if True else 3))",
    "(1 if (y[0] > 1 if y[1] < t else y[2] > 0) else 0)",
)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_has_the_value_that_python_gives(expression):
    names = {name: getattr(math, name) for name in dir(math) if not name.startswith("_")}
    expected = eval(expression, names | {"y": POINT, "t": 2.5})  # noqa: S307  (the expressions above)

    assert _rhs([f"out[0] = {expression}"])[0] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("library", ["its own", "none"])
@pytest.mark.parametrize("lanes", [2, 4, 8])
@pytest.mark.parametrize(
    "expression",
    [
        *EXPRESSIONS,
        "power(y[1], y[0]) + power_in_slope(y[0], -1.5) + logarithm(y[3]) + larger(y[0], 1) + at_least(y[2], 0)",
    ],
)
def test_every_lane_has_the_value_of_its_own(expression, lanes, library, monkeypatch):
    if library == "none":
        monkeypatch.setattr(vector_math, "library", lambda: "")
    states = POINT[:, None] + 0.01 * np.arange(lanes) * np.array([1, 1, 1, 1, 0])[:, None]
    together = _rhs([f"out[0] = {expression}"], states, lanes=lanes)[0]

    alone = [_rhs([f"out[0] = {expression}"], state)[0] for state in states.T]
    np.testing.assert_allclose(together, alone, rtol=1e-13)


def test_a_sum_of_thousands_of_terms_is_no_deeper_than_python_bears():
    """As the slope by a parameter that stands in a thousand conditions."""
    count = 5000
    terms = [sp.Symbol(f"x{n}") for n in range(count)]
    lines = [*(f"x{n} = y[0] + {n}" for n in range(count)), f"out[0] = {code(sp.Add(*terms))}"]
    assert _rhs(lines)[0] == pytest.approx(count * POINT[0] + sum(range(count)))


def test_a_loop_runs_over_the_places_of_vectors():
    lines = ["a = 2", "for i in range(3):", "    a = 10 * y[i]", "    out[i] = a + y[2 + i]", "out[3] = a"]
    np.testing.assert_allclose(_rhs(lines), [*(10 * POINT[:3] + POINT[2:5]), 2.0])


def test_assignments_change_what_they_name_and_no_more():
    out = _rhs(["a = y[0]", "a *= 2", "out[0] = a", "out[1] += a", "out[1] -= y[1]", "out[2] /= 4"])

    np.testing.assert_allclose(out, [1.4, 0.5 + 1.4 - 1.9, 0.125, 0.5])


@pytest.mark.parametrize(
    ("x", "n", "value", "in_slope"),
    [
        (2.0, 1.5, 2.0**1.5, 2.0**1.5),
        (0.0, 0.5, 0.0, 0.0),
        (0.0, 0.0, 1.0, 1.0),
        (0.0, -1.0, math.inf, 0.0),
        (-1e-9, 2.5, 0.0, 0.0),
        (-1e-3, 2.5, math.nan, math.nan),
        (-2.0, 3.0, -8.0, -8.0),
        (-2.0, 4.0, 16.0, 16.0),
        (-2.0, -1.0, -0.5, -0.5),
        (-2.0, 0.0, 1.0, 1.0),
        (-1e-9, 1.0, -1e-9, -1e-9),
        (-2.0, math.nan, math.nan, math.nan),
        (0.0, math.nan, math.nan, math.nan),
        (math.nan, 2.5, math.nan, math.nan),
    ],
)
def test_powers_at_and_around_zero(x, n, value, in_slope):
    lines = [
        f"out[{i}] = {name}(y[0], y[1])" for i, name in enumerate(("power", "power_in_slope", "power_by_exponent"))
    ]
    found = _rhs(lines, np.array([x, n]))

    by_exponent = math.nan if x == 0 and n == 0 else in_slope
    np.testing.assert_equal(found[:3], [value, in_slope, by_exponent])


def test_a_case_is_taken_for_its_index_only():
    address = _machine_code(
        "def jump(k, y, d, out):\n    if k == 0:\n        out[0] = y[0]\n    if k == 2:\n        out[0] = y[1]"
    )
    vector = ctypes.POINTER(ctypes.c_double)
    call = ctypes.CFUNCTYPE(None, ctypes.c_int64, vector, vector, vector)(address("jump"))
    found = []
    for k in range(3):
        out, state = np.array([-1.0]), np.array([5.0, 6.0])
        call(k, *(a.ctypes.data_as(vector) for a in (state, state, out)))
        found.append(out[0])

    assert found == [5.0, -1.0, 6.0]


def test_constants_are_functions_of_their_place():
    address = _machine_code("", {"N": 7, "ROW": [3, 1, 4], "A": [[0.5, 1.5], [2.5, 3.5]], "PIVOT": []})
    whole = ctypes.CFUNCTYPE(ctypes.c_int64)(address("N"))
    row = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(address("ROW"))
    entry = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64, ctypes.c_int64)(address("A"))

    assert (whole(), [row(i) for i in range(3)], entry(1, 0), entry(0, 1)) == (7, [3, 1, 4], 2.5, 1.5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("out[0] = zeta(y[0])", "function zeta"),
        ("out[0] = y[0] % 2", "operator Mod"),
        ("out[0] = unknown", "expression: unknown"),
        ("out[0] = y[k]", "element: y[k]"),
        ("out[0] = True", "expression: True"),
        ("out[0] = (1 if y[0] else 2)", "condition: y[0]"),
        ("return y", "statement: return y"),
        ("if t == 0: out[0] = 1", "condition: t == 0"),
        ("if t == 0.5: out[0] = 1", "condition: t == 0.5"),
        ("if unknown == 0: out[0] = 1", "condition: unknown == 0"),
        ("y.x = 1", "target: y.x"),
        ("for i in y: out[0] = 1", "statement: for i in y:\n    out[0] = 1"),
        ("out[0] = y[0 * k]", "element: y[0 * k]"),
    ],
)
def test_what_the_language_does_not_have_is_refused(line, message):
    with pytest.raises(NotImplementedError) as error:
        module_of(f"def rhs(y, p, t, out):\n    {line}", {})

    assert str(error.value) == message


def test_another_constant_is_another_kernel():
    source = "def rhs(y, p, t, out):\n    out[0] = y[0]"
    first, again, other = (link.Kernel(source, {"N": n}).digest for n in (1, 1, 2))

    assert first == again != other


def test_a_symbol_that_is_nowhere_is_named_and_not_called():
    module = binding.parse_assembly("declare void @il6infer.nowhere()\ndeclare double @llvm.exp.f64(double)")
    with pytest.raises(RuntimeError) as error:
        link._refuse_missing(module)

    assert str(error.value) == "the kernel calls what is not there: il6infer.nowhere"
