"""Words of drafts of PEtab v2, as problems of the public collection still have them."""

from __future__ import annotations

from math import log
from pathlib import Path

import pytest

from il6infer.petab_files.read import load
from il6infer.problems.spec import Problem
from tests.zoo import decay_v2

PARAMETERS = "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\tpriorDistribution\tpriorParameters\n"
OBSERVABLES = "observableId\tobservableFormula\tnoiseFormula\tnoiseDistribution\n"


def _load(folder: Path, prior: str, noise: str) -> Problem:
    folder.mkdir()
    return load(
        decay_v2.write(
            folder,
            parameters=f"{PARAMETERS}a0\t0.001\t1000\t1\ttrue\t{prior}\n",
            observables=f"{OBSERVABLES}obs\tA\t{noise}\n",
        )
    )


@pytest.mark.parametrize("family", ["normal", "laplace"])
def test_decadic_distributions_are_the_natural_ones_of_another_width(family: str, tmp_path: Path) -> None:
    """log10(x) of location m and width s is ln(x) of m ln(10) and s ln(10): the same density of x."""
    decadic = _load(tmp_path / "decadic", f"log10-{family}\t-0.4;0.2", f"0.1\tlog10-{family}")
    natural = _load(
        tmp_path / "natural", f"log-{family}\t{-0.4 * log(10)};{0.2 * log(10)}", f"{0.1 * log(10)}\tlog-{family}"
    )
    (one,), (other,) = decadic.estimated, natural.estimated
    assert one.prior is not None
    assert other.prior is not None
    assert one.prior.distribution == other.prior.distribution == f"log-{family}"
    assert one.prior.parameters == pytest.approx(other.prior.parameters)
    (seen,), (expected,) = decadic.observables, natural.observables
    assert seen.distribution == expected.distribution == f"log-{family}"
    assert float(seen.noise) == pytest.approx(float(expected.noise))
