"""PEtab v1: what the converter would lose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from il6infer._errors import UserError
from il6infer.engine.evaluate import evaluate
from il6infer.petab_files.read import load
from il6infer.problems.spec import Prior
from tests.zoo import decay_v1

LN10 = np.log(10.0)


def _log10(y, s):
    return stats.norm(np.log10(s), decay_v1.SIGMA).logpdf(np.log10(y)) - np.log(y * LN10)


@pytest.mark.parametrize(
    ("transformation", "noise", "density"),
    [
        ("lin", "normal", lambda y, s: stats.norm(s, decay_v1.SIGMA).logpdf(y)),
        ("lin", "laplace", lambda y, s: stats.laplace(s, decay_v1.SIGMA).logpdf(y)),
        ("log", "normal", lambda y, s: stats.norm(np.log(s), decay_v1.SIGMA).logpdf(np.log(y)) - np.log(y)),
        ("log10", "normal", _log10),
        (
            "log10",
            "laplace",
            lambda y, s: stats.laplace(np.log10(s), decay_v1.SIGMA).logpdf(np.log10(y)) - np.log(y * LN10),
        ),
    ],
)
def test_noise_keeps_its_scale_and_its_logarithm(tmp_path: Path, transformation: str, noise: str, density) -> None:
    path = decay_v1.write(tmp_path, transformation=transformation, noise=noise)
    expected = density(np.array(decay_v1.VALUES), decay_v1.prediction()).sum()
    assert evaluate(path).llh == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    ("given", "prior"),
    [
        (("parameterScaleNormal", "0.5;2"), Prior("log-normal", (0.5 * LN10, 2 * LN10))),
        (("parameterScaleLaplace", "0.5;2"), Prior("log-laplace", (0.5 * LN10, 2 * LN10))),
        (("parameterScaleUniform", "-2;1"), Prior("log-uniform", (0.01, 10.0))),
        (("logNormal", "0.5;2"), Prior("log-normal", (0.5, 2.0))),
        (("normal", "0.5;2"), Prior("normal", (0.5, 2.0))),
        (("uniform", "0.5;2"), Prior("uniform", (0.5, 2.0))),
    ],
)
def test_priors_on_the_scale_of_the_parameter(tmp_path: Path, given: tuple[str, str], prior: Prior) -> None:
    problem = load(decay_v1.write(tmp_path, prior=given))
    a0, k, scale = problem.parameters
    assert k.prior.distribution == prior.distribution
    assert k.prior.parameters == pytest.approx(prior.parameters)
    assert (a0.scale, k.scale, scale.scale) == ("lin", "log10", "log")
    assert scale.prior.parameters == pytest.approx((np.exp(-2), np.exp(3)))


def test_gradient_is_on_the_scale_of_each_parameter(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path)
    found = evaluate(path, gradient=True)
    measured = np.array(decay_v1.VALUES)
    scales = {"a0": (float, float), "k": (np.log10, lambda u: 10.0**u), "scale": (np.log, np.exp)}
    for name, (to_scale, from_scale) in scales.items():
        middle, ends = to_scale(decay_v1.NOMINAL[name]), []
        for shift in (1e-5, -1e-5):
            values = {**decay_v1.NOMINAL, name: from_scale(middle + shift)}
            ends.append(_log10(measured, decay_v1.prediction(values)).sum())
        assert found.gradient[name] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5)


def test_unknown_words_are_all_named(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path, transformation="log2", prior=("parameterScaleNormall", "0;1"))
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value) == (
        f"PEtab problem {path}: 2 faults\n"
        "  - observables.tsv, row 2, column observableTransformation: 'log2'. Did you mean 'log'? Known: lin, log, "
        "log10.\n"
        "  - parameters.tsv, row 3, column objectivePriorType: 'parameterScaleNormall'. Did you mean "
        "'parameterScaleNormal'? Known: laplace, logLaplace, logNormal, normal, parameterScaleLaplace, "
        "parameterScaleNormal, parameterScaleUniform, uniform."
    )


def test_prior_parameters_that_are_not_two_numbers(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path, prior=("normal", "0,1"))
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value) == (
        f"PEtab problem {path}: 1 fault\n"
        "  - parameters.tsv, row 3, column objectivePriorParameters: '0,1': two numbers with "
        "';' between them were expected."
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path)
    (tmp_path / "conditions.tsv").unlink()
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value) == (
        f"PEtab problem {path}: 1 fault\n"
        f"  - problem.yaml: names the file 'conditions.tsv': no such file in {tmp_path}. Check the name."
    )


def test_placeholders_are_filled_by_number(tmp_path: Path) -> None:
    names = [f"observableParameter{i}_obs" for i in range(1, 12)]
    path = decay_v1.write(tmp_path, formula="+".join(f"{n}*A" for n in names))
    table = tmp_path / "measurements.tsv"
    values = ";".join(["scale", *map(str, range(2, 12))])
    table.write_text(table.read_text().replace("\tscale\n", f"\t{values}\n"))
    problem = load(path)
    assert problem.observables[0].placeholders == tuple(names)
    assert [str(v) for v in problem.measurements["observable_parameters"][0]][0] == "scale"


def test_a_placeholder_of_another_observable_has_no_value(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = decay_v1.write(tmp_path)
    with (tmp_path / "observables.tsv").open("a") as table:
        table.write("other\tA\tnoiseParameter1_obs\tlin\tnormal\n")
    what = "'noiseParameter1_obs' is a placeholder of 'obs', and has no value in a formula of 'other'."
    where = "observables.tsv, row 3, column noiseFormula"

    with caplog.at_level("WARNING", logger="il6infer"):
        llh = evaluate(path).llh

    assert llh == pytest.approx(_log10(np.array(decay_v1.VALUES), decay_v1.prediction()).sum(), rel=1e-7)
    assert {record.getMessage() for record in caplog.records} == {
        f"{where}: {what} Nothing measures 'other', so the row is passed over."
    }
    with (tmp_path / "measurements.tsv").open("a") as table:
        table.write("other\tc\t1.0\t1\t\n")
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value) == (f"PEtab problem {path}: 1 fault\n  - {where}: {what} Write 'noiseParameter1_other'.")


def test_reading_imports_no_plots_and_leaves_them_importable():
    code = (
        "import sys, il6infer.petab_files.read; assert 'matplotlib' not in sys.modules; "
        "import petab.v1.visualize; assert 'matplotlib' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert done.returncode == 0
