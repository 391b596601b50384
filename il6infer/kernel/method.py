"""Source of a method's linear combinations over the stages of a step, for `il6infer.kernel.lanes`.

``k`` holds the increments K_0, K_1, ... of a step one after the other, ``kb`` their adjoints.
"""

from __future__ import annotations

from collections.abc import Iterator

from il6infer.kernel.printer import PART, cases, definition
from il6infer.kernel.tableau import Tableau

HELD, ABSENT = 0.25, 0.5
"""A state is held back where the slope takes this share of its rate away; then the rate at the second stage must change
by this share at least of what the slope says. See `il6infer.kernel.doubts`."""
SEEN = 1e-4
"""A state below zero is looked at where it has fallen by more than this share of its tolerance."""


def stage_source(method: Tableau, size: int, diagonal: list[int], entries: int) -> str:
    """Source of the functions of the method; see `model_functions`.

    Parameters
    ----------
    size
        Number of states.
    diagonal
        Place of each diagonal element among the stored entries of the matrix.
    entries
        Number of these.
    """
    last = len(method.alpha) - 1
    stages = range(last + 1)
    combined = [" + ".join(["y[i]", *_terms(method.a[s], size, "k")]) for s in stages]
    rates = [" + ".join(_terms(method.c[s], size, "k")) for s in stages]
    error = [
        "e = " + _element("k", last, size) + " / (atol[i] + rtol * max(abs(y[i]), abs(w[i])))",
        f"out[0] += {1.0 / size!r} * (e * e)",
        f"out[2] = min(out[2], w[i] - min(y[i], 0.0) + {SEEN!r} * atol[i])",
    ]
    held = [
        f"a = {1.0 / method.gamma!r} * (r * k[i])",
        f"b = a - f[i] - {float(method.d[0])!r} * (h * x[i])",
        f"c = g[i] - f[i] - {float(method.alpha[1])!r} * (h * x[i])",
        "m = abs(b) - r * (atol[i] + rtol * abs(y[i]))",
        f"m = min(m, abs(b) - {HELD!r} * (abs(a) + abs(f[i])), {ABSENT * float(method.a[1, 0])!r} * abs(b) - abs(c))",
        "out[0] = max(out[0], m)",
    ]
    factor = f"out[1] = 0.9 * power(max(out[0], 1e-20), {-0.5 / method.order!r})"
    # Share of each increment in the state at the fraction x of a step.
    shares = [
        f"c{s} = x * ({float(m)!r} + (1.0 - x) * ({float(one)!r} + x * ({float(two)!r} + x * {float(three)!r})))"
        for s, (m, one, two, three) in zip(stages, method.dense.T, strict=True)
    ]
    inside = " + ".join(["y[i]", *(f"c{s} * {_element('k', s, size)}" for s in stages)])
    inside_back = [*(f"{_element('kb', s, size)} += c{s} * ybar[i]" for s in stages), "lam[i] += ybar[i]"]
    terms = [
        [f"{float(method.c[s, j])!r} * (r * v[i]) + {float(method.a[s, j])!r} * wb[i]" for j in range(s)]
        for s in stages
    ]
    back = [
        ["lam[i] += wb[i]", *(f"{_element('kb', j, size)} += {term}" for j, term in enumerate(own))] for own in terms
    ]
    ends = [f"{_element('kb', j, size)} = {float(method.a[last, j])!r} * lam[i]" for j in range(last)]
    ends.append(f"{_element('kb', last, size)} = lam[i]")
    if size > PART:
        shift = _loop(size, ["d = DIAGONAL[i]", f"m[d] += {1.0 / method.gamma!r} * r"])
    else:
        shift = [f"m[{place}] += {1.0 / method.gamma!r} * r" for place in diagonal]
    return "\n\n".join(
        [
            definition("shifted", "mj, r, m", [*_loop(entries, ["m[i] = mj[i]"]), *shift]),
            cases("stage", "s, y, k, w", "s", [_loop(size, [f"w[i] = {total}"]) for total in combined]),
            cases(
                "rate", "s, k, r, b", "s", [_loop(size, [f"b[i] += r * ({total})"]) if total else [] for total in rates]
            ),
            cases(
                "drifted", "s, h, x, b", "s", [_loop(size, [f"b[i] += {float(d)!r} * (h * x[i])"]) for d in method.d]
            ),
            definition("kept", "f, out", _loop(size, ["out[i] = f[i]"])),
            definition("strained", "k, f, g, x, h, r, y, rtol, atol, out", ["out[0] = 0.0", *_loop(size, held)]),
            definition("stepped", "k, w", _loop(size, [f"w[i] += {_element('k', last, size)}"])),
            definition(
                "error", "y, k, w, rtol, atol, out", ["out[0] = 0.0", "out[2] = 0.0", *_loop(size, error), factor]
            ),
            definition("dense", "y, k, x, out", [*shares, *_loop(size, [f"out[i] = {inside}"])]),
            definition("dense_vjp", "x, ybar, kb, lam", [*shares, *_loop(size, inside_back)]),
            definition("stepped_vjp", "lam, kb", _loop(size, ends)),
            cases("stage_vjp", "s, v, wb, r, kb, lam", "s", [_loop(size, lines) for lines in back]),
        ]
    )


def _element(name: str, stage: int, size: int) -> str:
    return f"{name}[{stage * size} + i]"


def _terms(row: list[float], size: int, name: str) -> Iterator[str]:
    return (f"{float(a)!r} * {_element(name, j, size)}" for j, a in enumerate(row) if a)


def _loop(count: int, lines: list[str]) -> list[str]:
    return [f"for i in range({count}):", *("    " + line for line in lines)]
