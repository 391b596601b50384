"""Evidence and leave-out as commands, from a PEtab problem and a posterior on the disk."""

from __future__ import annotations

import arviz as az
import numpy as np
import pytest
import xarray as xr
import yaml

from il6infer.cli import main as cli
from il6infer.stages import read
from il6infer.stages.evidence import Evidence
from il6infer.stages.leave_out import LeaveOut
from tests.zoo import decay_v1


@pytest.fixture
def fitted(tmp_path):
    """A PEtab problem, and draws near its nominal parameters."""
    problem, rng = decay_v1.write(tmp_path / "decay"), np.random.default_rng(1)
    values = {
        name: (("chain", "draw"), value * np.exp(0.05 * rng.normal(size=(4, 100))))
        for name, value in decay_v1.NOMINAL.items()
    }
    density = xr.Dataset({"obs": (("chain", "draw", "obs_row"), np.zeros((4, 100, 4)))})
    path, nothing = tmp_path / "posterior.nc", xr.Dataset({"nothing": 0.0})
    others = ("sample_stats", "prior", "prior_predictive", "posterior_predictive", "observed_data", "constant_data")
    groups = dict.fromkeys((*others, "predictions"), nothing)
    az.InferenceData(posterior=xr.Dataset(values), log_likelihood=density, **groups).to_netcdf(
        str(path), engine="h5netcdf"
    )
    return str(problem), str(path)


def test_evidence_of_draws_that_are_not_of_the_posterior_is_not_given(fitted, tmp_path):
    config, out = tmp_path / "config.yaml", tmp_path / "evidence.json"
    config.write_text(yaml.safe_dump({"comparison": {"runs": 3, "particles": 100}, "seed": 5}))

    assert cli.main(["evidence", *fitted, "--config", str(config), "--output", str(out)]) == 0
    found = read(out, Evidence)
    assert [e.method for e in found.estimates] == ["bridge sampling", "sequential Monte Carlo"]
    assert (found.n, found.criteria.parameters, found.log_evidence) == (4, 3, None)
    assert found.notes


def test_leave_out_of_one_group_says_so(fitted, tmp_path):
    out = tmp_path / "left_out.json"

    assert cli.main(["leaveout", *fitted, "--by", "condition", "--output", str(out)]) == 0
    assert read(out, LeaveOut).why == "all measurements are of one condition"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "nothing is left out: give --by batch, condition or data_set, or 'comparison.leave_out'."),
        (("--by", "batch", "--job", "3", "--jobs", "2"), "--job 3 of --jobs 2: a number from 1 to 2 was expected."),
    ],
)
def test_leave_out_that_makes_no_sense_is_refused(fitted, tmp_path, capsys, words, message):
    assert cli.main(["leaveout", *fitted, *words, "--output", str(tmp_path / "out.json")]) == 2
    assert message in capsys.readouterr().err
