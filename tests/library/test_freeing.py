"""Constants that are estimated though the library holds them fixed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from il6infer._errors import UserError
from il6infer.configuration.check import check_config
from il6infer.configuration.values import check_free, free_of_model
from il6infer.library.catalogue import shipped
from il6infer.library.compose import compose
from il6infer.library.freeing import with_free


def _row(model, name):
    return model.priors.set_index("parameter").loc[name]


def test_a_freed_constant_has_a_prior_about_its_value_and_keeps_its_source():
    before = compose("classic_socs3")
    after = with_free(before, {"k_import": None, "hill_SOCS3": (1.0, 4.0)})

    assert tuple(_row(after, "k_import")[["distribution", "median", "low", "high"]]) == (
        "log-normal", 0.37, pytest.approx(0.037), pytest.approx(3.7),
    )  # fmt: skip
    assert _row(after, "k_import")["source"] == (
        "freed, a factor of 10 either way; else held at 0.37: " + _row(before, "k_import")["source"]
    )
    assert tuple(_row(after, "hill_SOCS3")[["median", "low", "high"]]) == (2.0, 1.0, 4.0)
    assert after.sbml == before.sbml


def test_what_cannot_be_freed_is_said_in_one_message():
    with pytest.raises(UserError) as caught:
        with_free(compose("classic_socs3"), {"k_imports": None, "Kd_IL6_IL6R": None, "k_import": (4.0, 0.04)})
    first, *lines = str(caught.value).splitlines()

    assert first == "constants to free in model 'classic_socs3': 3 faults"
    assert lines[0].startswith(
        "  - k_imports: model 'classic_socs3' has no parameter of that name. Did you mean 'k_import'? Known: "
    )
    assert lines[1:] == [
        "  - Kd_IL6_IL6R: is estimated in model 'classic_socs3' already. Leave it out.",
        "  - k_import: the interval 4 to 0.04 is given, but 0 < low < high was expected. Its unit is that of `il6infer "
        "models show`.",
    ]


def _config(**known):
    files = {"description": "d.yaml", "folder": "d"}
    return check_config({"datasets": {"d": files}, "models": ["classic_none", "classic_socs3"], **known}, "config.yaml")


def test_a_configuration_frees_in_the_models_that_hold_a_constant_fixed():
    free = {"k_import": None, "hill_SOCS3": [1.0, 4.0]}

    check_free(_config(free=free), "config.yaml")
    assert free_of_model(free, {}, "classic_socs3", shipped()) == free
    assert "k_import" not in free_of_model(free, {"k_import": 0.4}, "classic_socs3", shipped())


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"free": {"Kd_IL6_IL6R": None}}, "key 'free.Kd_IL6_IL6R': is estimated in model 'classic_none' already."),
        (
            {"free": {"k_import": None}, "values": {"k_import": 0.4}},
            "key 'free.k_import': is given a value under 'values', too. Leave out one of the two",
        ),
    ],
)
def test_a_configuration_that_frees_what_it_cannot_is_refused(known, said):
    with pytest.raises(UserError) as caught:
        check_free(_config(**known), "config.yaml")

    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["k_import=4", "k_import=a:b", "k_import="])
def test_an_interval_that_is_none_is_refused(text):
    done = subprocess.run(
        [sys.executable, "-m", "il6infer", "problem", "m", "p", "--model", "x", "--output", "y", "--free", text],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert f"'{text}' is not CONSTANT or CONSTANT=LOW:HIGH, such as k_import=0.04:4" in done.stderr
