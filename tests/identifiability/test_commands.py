"""`il6infer identify` as a process, on a fit that is written here, and the same through Python."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from il6infer.interface.fits import Fit
from il6infer.petab_files.lint import check
from il6infer.stages import read
from il6infer.stages.identifiability import Identifiability, Profiles
from il6infer.stages.settings import FitSettings
from tests.identifiability.test_identifiability import groups
from tests.zoo import decay_v1
from tests.zoo.posterior import normal_mean


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Folder with a problem and a posterior of it, and the problem."""
    folder = tmp_path_factory.mktemp("identify")
    path = decay_v1.write(folder)
    problem = check(path)
    idata = normal_mean()  # with all groups that a fit has
    for name, group in groups(problem, spread=0.05).items():
        idata[name] = group
    idata["posterior"].attrs["settings"] = json.dumps(asdict(FitSettings(seed=2)))
    idata.to_netcdf(str(folder / "posterior.nc"), engine="h5netcdf")
    return path, problem, idata


def _run(folder, *words):
    return subprocess.run(
        [sys.executable, "-m", "il6infer", "identify", *words], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_commands_and_python_say_the_same(fitted):
    path, problem, idata = fitted
    folder, names = path.parent, [p.id for p in problem.estimated]
    done = _run(folder, "run", path.name, "posterior.nc", "--output", "found.json")
    assert done.returncode == 0, done.stderr
    assert f"of {len(names)} directions the data tell" in done.stderr
    found = read(folder / "found.json", Identifiability)
    assert list(found.parameters) == names

    for part in ("0", "1"):
        done = _run(
            folder, "profile", path.name, "posterior.nc", "--from", "found.json", "--part", part, "--parts", "2",
            "--output", f"profiles/{part}.json",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    done = _run(
        folder, "gather", "profiles/0.json", "profiles/1.json", "--output", "profiles.json", "--figure", "profiles.svg"
    )
    assert done.returncode == 0, done.stderr
    profiles = read(folder / "profiles.json", Profiles)
    assert sorted(profiles.profiles) == sorted(names)
    assert (folder / "profiles.svg").read_text("utf-8").startswith("<svg")

    fit = Fit(problem, idata)
    fit.posterior.attrs["settings"] = json.dumps(asdict(FitSettings()))
    again = fit.profile(names[0])
    assert again.intervals[names[0]].says == profiles.intervals[names[0]].says
    assert fit.identify().rank == found.rank == len(names) - 1  # of a0 and scale only the product
    assert np.isfinite(found.log_likelihood)


@pytest.mark.slow
def test_what_is_not_there_is_refused_by_name(fitted):
    path, problem, _ = fitted
    name = problem.estimated[0].id
    _run(path.parent, "run", path.name, "posterior.nc", "--output", "found.json")
    words = ("profile", path.name, "posterior.nc", "--from", "found.json", "--output", "p.json")
    done = _run(path.parent, *words, "--parameter", f"{name}x")
    assert done.returncode == 2
    assert f"--parameter {name}x: is not estimated." in done.stderr
    assert name in done.stderr

    done = _run(path.parent, *words, "--part", "2", "--parts", "2")
    assert done.returncode == 2
    assert done.stderr == "error: --part 2: a number from 0 to 1 was expected, as --parts is.\n"
