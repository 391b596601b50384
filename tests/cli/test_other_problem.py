"""A posterior answers for the problem that it was fitted to, and no other: every command that takes both says so."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import il6infer as il
from il6infer.cli import main as cli
from il6infer.inference.provenance import problem_digest, read_posterior_of
from tests.zoo import decay_v1
from tests.zoo.posterior import normal_mean

ROOT_FILES = {"claims": "config/claims.yaml", "predictions": "config/predictions.yaml"}
COMMANDS = {
    "claims ask": ("claims", "ask", "PROBLEM", "POSTERIOR", "--claims", "{claims}"),
    "predict ask": ("predict", "ask", "PROBLEM", "POSTERIOR", "--predictions", "{predictions}"),
    "identify run": ("identify", "run", "PROBLEM", "POSTERIOR"),
    "evidence": ("evidence", "PROBLEM", "POSTERIOR"),
    "leaveout": ("leaveout", "PROBLEM", "POSTERIOR", "--by", "condition"),
    "sbc run": ("sbc", "run", "PROBLEM", "--batch", "0", "--posterior", "POSTERIOR"),
    "sbc restart": ("sbc", "restart", "PROBLEM", "POSTERIOR"),
}


@pytest.fixture
def edited(tmp_path):
    """A problem of which one measurement was changed after it was fitted, and the posterior."""
    problem = decay_v1.write(tmp_path / "decay")
    idata = normal_mean()
    draws = {name: (("chain", "draw"), np.full((4, 100), value)) for name, value in decay_v1.NOMINAL.items()}
    idata["posterior"] = xr.Dataset(draws, attrs={"problem_digest": problem_digest(problem)})
    idata.to_netcdf(str(tmp_path / "posterior.nc"), engine="h5netcdf")
    [table] = problem.parent.glob("measurements*.tsv")
    text = table.read_text("utf-8")
    assert "\t1.9\t" in text
    table.write_text(text.replace("\t1.9\t", "\t1.8\t"), "utf-8")
    return problem, tmp_path / "posterior.nc"


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_refused(edited, root, tmp_path, capsys, command):
    problem, posterior = edited
    files = {name: str(root / path) for name, path in ROOT_FILES.items()}
    words = [
        {"PROBLEM": str(problem), "POSTERIOR": str(posterior)}.get(w, w).format(**files) for w in COMMANDS[command]
    ]

    assert cli.main([*words, "--output", str(tmp_path / "out.json")]) == 2
    assert (
        capsys.readouterr()
        .err.strip()
        .endswith(
            f"{posterior}: it was fitted to another problem than {problem} is now: tables, model or YAML file differ. "
            "Name the problem that was fitted, or fit this one with `il6infer fit`."
        )
    )


@pytest.mark.parametrize(("stuck", "said"), [(False, []), (True, ["NOT CONVERGED"])])
def test_questions_to_draws_that_did_not_converge_begin_with_that(edited, caplog, stuck, said):
    problem, path = edited
    idata = normal_mean(stuck=stuck)
    idata["posterior"].attrs["problem_digest"] = problem_digest(problem)
    idata.to_netcdf(str(path.with_name("other.nc")), engine="h5netcdf")
    read_posterior_of(problem, path.with_name("other.nc"), "posterior")

    assert [label for label in ("NOT CONVERGED",) if label in caplog.text] == said
    assert ("nothing said of these draws is a result. R-hat of mu is " in caplog.text) == stuck


def test_so_does_python(edited):
    with pytest.raises(il.UserError, match="it was fitted to another problem than"):
        il.load_fit(edited[1], edited[0])


def test_what_was_fitted_is_read(edited):
    problem, posterior = edited
    decay_v1.write(problem.parent)

    assert set(il.load_fit(posterior, problem).posterior) == set(decay_v1.NOMINAL)
