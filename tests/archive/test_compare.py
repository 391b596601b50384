"""What two files of one result are said to differ in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from il6infer.archive.compare import OF_THE_RUN, compare

GROUPS = ("posterior", "sample_stats", "prior", "prior_predictive", "posterior_predictive", "log_likelihood")
MORE = ("observed_data", "constant_data", "predictions")


def pair(folder: Path, name: str, one: str, other: str) -> tuple[Path, Path]:
    for place, text in (("one", one), ("other", other)):
        (folder / place).mkdir(exist_ok=True)
        (folder / place / name).write_text(text, "utf-8")
    return folder / "one" / name, folder / "other" / name


def posterior(path: Path, draws: np.ndarray, **attrs: object) -> Path:
    """A file with the groups of a fit."""
    import arviz as az

    path.parent.mkdir(exist_ok=True)
    data = az.dict_to_dataset({"k": draws})
    data.attrs = {"problem_id": "p", **attrs}
    other = az.dict_to_dataset({"x": np.zeros((2, 3))})
    other.attrs = {}
    idata = az.InferenceData(**dict.fromkeys(GROUPS[1:3], other), posterior=data)
    idata.add_groups(dict.fromkeys([*GROUPS[3:], *MORE], other))
    idata.to_netcdf(str(path), engine="h5netcdf")
    return path


CASES = {
    "a number of a stage file": (
        "a.json", '{"a": {"b": [1, 2.0]}}', '{"a": {"b": [1, 2.5]}}', "differs", "a.b.1: 2.0 became 2.5 (0.2 of it)",
    ),
    "a key": ("a.json", '{"a": 1}', '{"b": 1}', "differs", "a is gone; b is new"),
    "entries": ("a.json", '{"a": [1]}', '{"a": [1, 2]}', "differs", "a has 1 entries, then 2"),
    "how it is written": ("a.json", '{"a": 1}', '{"a":  1}', "content", "times, threads, versions, or where files lie"),
    "a time": ("a.json", '{"x": {"wall_time_s": 1}}', '{"x": {"wall_time_s": 2}}', "content", None),
    "a cell": ("a.csv", "x,y\n1,2\n", "x,y\n1,3\n", "differs", "row 2, column 'y': 2 became 3 (0.3 of it)"),
    "a zero": ("a.csv", "x\n0\n", "x\n0.0\n", "differs", "row 2, column 'x': 0 became 0.0"),
    "a cell of text": ("a.tsv", "x\ty\n1\ta\n", "x\ty\n1\tb\n", "differs", "row 2, column 'y': 'a' became 'b'"),
    "a row": ("a.csv", "x\n1\n", "x\n1\n2\n", "differs", "row 3 is in one only, or has another number of cells"),
    "a line": ("a.svg", "<a>\n<b>\n", "<a>\n<c>\n", "differs", "1 of 2 lines, the first of them line 2"),
    "line ends": ("a.svg", "<a>\n", "<a>\r\n", "differs", "only the line ends"),
    "a duration of the page": (
        "a.html", 'took <span class="run">3 s</span>', 'took <span class="run">4.0 min</span>', "content", None,
    ),
    "a number of the page": ("a.html", "<p>0.3</p>", "<p>0.4</p>", "differs", "1 of 1 lines, the first of them line 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_differs_is_named(case, tmp_path):
    name, one, other, outcome, what = CASES[case]
    found = compare(*pair(tmp_path, name, one, other))

    assert found[0] == outcome
    assert what is None or found[1] == what


def test_the_same_bytes_are_the_same(tmp_path):
    assert compare(*pair(tmp_path, "a.json", "{}", "{}")) == ("bytes", "")


def test_many_differences_are_counted(tmp_path):
    one, other = (json.dumps({str(i): i + more for i in range(10)}) for more in (0, 1))

    assert compare(*pair(tmp_path, "a.json", one, other))[1].endswith("; and 7 more")


def test_a_folder_that_lies_elsewhere_is_no_difference(tmp_path):
    moved = {"../my data": "outside/1_my data"}
    one, other = ('{"folder": "../my data"}', '{"folder": "outside/1_my data"}')
    page = "<pre>&#34;folder&#34;: &#34;{}&#34;</pre>"

    assert compare(*pair(tmp_path, "a.json", one, other), moved)[0] == "content"
    assert compare(*pair(tmp_path, "a.json", one, other))[0] == "differs"
    assert (
        compare(*pair(tmp_path, "a.html", *(page.format(p) for p in next(iter(moved.items())))), moved)[0] == "content"
    )


def test_draws_that_differ_are_told_by_how_far_their_means_are_apart(tmp_path):
    rng = np.random.default_rng(1)
    draws = rng.normal(size=(4, 500))
    settings = {"settings": json.dumps({"threads": 1, "draws": 500}), "wall_time_s": 1.0}
    one = posterior(tmp_path / "one" / "posterior.nc", draws, **settings)
    faster = {"settings": json.dumps({"threads": 4, "draws": 500}), "wall_time_s": 0.5}
    same = posterior(tmp_path / "same" / "posterior.nc", draws, **faster)
    moved = posterior(tmp_path / "moved" / "posterior.nc", draws + 0.5 * draws.std(), **settings)

    assert compare(one, same) == ("content", "times, threads, versions, or where files lie")
    outcome, what = compare(one, moved)
    assert outcome == "differs"
    assert what.startswith("posterior.k: 2000 of 2000 values, means 1")
    # Half a standard deviation, with 2,000 independent draws of each: 0.5 / sqrt(2 / 2000).
    assert float(what.split("means ")[1].split()[0]) == pytest.approx(0.5 / np.sqrt(2 / 2000), rel=0.1)


def test_draws_of_another_number_and_settings_are_named(tmp_path):
    one = posterior(tmp_path / "one" / "posterior.nc", np.zeros((2, 4)), settings='{"draws": 4}')
    other = posterior(tmp_path / "other" / "posterior.nc", np.zeros((2, 5)), settings='{"draws": 5}')
    outcome, what = compare(one, other)

    assert outcome == "differs"
    assert "posterior.settings.draws: 4 became 5" in what
    assert "posterior.k: shape (2, 4), then (2, 5)" in what


def test_what_is_of_the_run_is_written_by_the_fit(root):
    """A field that is no longer written under its name would be taken for a difference, or hide one."""
    text = "".join(path.read_text("utf-8") for path in (root / "il6infer" / "inference").glob("*.py"))

    assert {name for name in OF_THE_RUN if f'"{name}"' not in text and f"{name}:" not in text} == set()


def test_the_templates_mark_what_is_of_the_run(root):
    text = "".join(path.read_text("utf-8") for path in (root / "il6infer" / "report" / "templates").glob("*.j2"))

    assert text.count("| duration") == text.count('class="run">{{ model.verdict.sampler.sampling_time_s | duration') + (
        text.count('class="run">{{ model.attrs.wall_time_s | duration')
    )


def test_values_that_are_equal_in_other_bits_are_said_to_be(tmp_path):
    one = posterior(tmp_path / "one" / "posterior.nc", np.array([[0.0, np.nan]]))
    other = posterior(tmp_path / "other" / "posterior.nc", np.array([[-0.0, np.nan]]))
    nothing = posterior(tmp_path / "nothing" / "posterior.nc", np.array([[np.nan, np.nan]]))

    assert compare(one, other)[1] == "posterior.k: the same numbers in other bits: signs of zeros, or kinds of NaN"
    assert compare(one, nothing)[1] == "posterior.k: 1 of 2 values, none of them a number in both"
