"""Source of a method's linear combinations over the stages of a step, for `il6infer.kernel.lanes`.

``k`` holds the increments K_0, K_1, ... of a step one after the other, ``kb`` their adjoints.
"""

from __future__ import annotations

from collections.abc import Iterator

from il6infer.kernel.printer import PART, cases, definition
from il6infer.kernel.tableau import Tableau


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
            definition("stepped", "k, w", _loop(size, [f"w[i] += {_element('k', last, size)}"])),
            definition("error", "y, k, w, rtol, atol, out", ["out[0] = 0.0", *_loop(size, error), factor]),
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
