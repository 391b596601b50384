"""Errors that hang together along a course, from the table of measurements to the problem that is read back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from il6infer._errors import UserError
from il6infer.building.build import build
from il6infer.inference.nuisance import find_nuisance
from il6infer.library.compose import compose
from il6infer.petab_files.lint import check
from il6infer.problems.courses import courses_of
from il6infer.problems.spec import Prior
from tests.zoo.data_set import measurements, protocol


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("along")
    return build(
        measurements(), protocol(), compose("both_socs3"), folder / "p", dataset="toy", along_course="correlated"
    )


def test_each_read_out_with_courses_has_a_time_and_a_share(built):
    problem = check(built)
    own = {p.id: p.stated_prior for p in problem.estimated if p.id.startswith("correlat")}

    # The plate has one value of each condition: it has no courses.
    assert set(own) == {"correlation_time_pSTAT3", "correlated_share_pSTAT3"}
    assert np.exp(own["correlation_time_pSTAT3"].parameters[0]) == pytest.approx(30.0)
    assert own["correlated_share_pSTAT3"] == Prior("uniform", (0.0, 0.95))
    assert [(list(c.times), set(problem.measurements["batch"][c.rows])) for c in courses_of(problem)] == [
        ([0.0, 30.0, 60.0], {gel}) for gel in ("gel1", "gel1", "gel2", "gel2")
    ]
    assert len(problem.data) == len(measurements())
    assert {"scale_pSTAT3_gel1", "offset_pSTAT3_gel2", "sigma_pSTAT3"} <= set(find_nuisance(problem).parameters)


def replicated():
    """The second replicate of gel2 is measured at one time alone, where it is no course of its own."""
    table = measurements()
    more = table[(table["batch"] == "gel2") & (table["time_min"] == 30.0)]
    return pd.concat([table, more.assign(replicate="2", value=1.3 * more["value"])], ignore_index=True)


@pytest.mark.parametrize(("along", "lanes", "version"), [("correlated", 3, "1.0.0"), ("shared", 4, "1.1.0")])
def test_replicates_of_a_gel_share_a_course_where_it_is_said(along, lanes, version, tmp_path):
    path = build(replicated(), protocol(), compose("both_socs3"), tmp_path / "p", dataset="toy", along_course=along)
    problem = check(path)
    found = courses_of(problem)

    assert [len(course.rows) for course in found] == [3, 3, lanes, lanes]
    for course in found[2:]:
        assert list(course.times) == [0.0, *[30.0] * (lanes - 2), 60.0]
    assert yaml.safe_load(path.read_text())["extensions"]["correlated_noise"]["version"] == version
    assert len(problem.data) == len(replicated())


def test_errors_that_hang_together_in_two_ways_are_refused(tmp_path):
    path = build(replicated(), protocol(), compose("both_socs3"), tmp_path / "p", dataset="toy", along_course="shared")
    table = path.parent / "observables.tsv"
    row = next(line for line in table.read_text().splitlines() if line.startswith("shared_"))
    table.write_text(table.read_text() + row.removeprefix("shared_") + "\n")
    with pytest.raises(UserError) as caught:
        check(path)

    assert str(caught.value) == (
        f"PEtab problem {path}: 1 fault\n"
        "  - observable 'correlation_of_obs_pSTAT3': errors of 'obs_pSTAT3' hang together in two ways. Keep one of "
        "'correlation_of_obs_pSTAT3' and 'shared_correlation_of_obs_pSTAT3'."
    )


def test_a_way_to_hang_together_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"one of \['independent', 'correlated', 'shared'\], not 'alike'"):
        build(replicated(), protocol(), compose("both_socs3"), tmp_path / "p", dataset="toy", along_course="alike")


def test_another_tool_is_told_that_it_cannot_read_the_problem(built):
    assert yaml.safe_load(built.read_text())["extensions"] == {
        "correlated_noise": {"version": "1.0.0", "required": True}
    }


def test_without_the_option_nothing_of_it_is_written(tmp_path):
    path = build(measurements(), protocol(), compose("both_socs3"), tmp_path / "p", dataset="toy")

    assert not any("correlat" in file.read_text() for file in path.parent.iterdir() if file.suffix != ".xml")


def test_other_noise_and_values_beyond_a_limit_are_refused_by_name(tmp_path):
    table = measurements(noise="log-student-t")
    table.loc[[1, 2], "censored"] = "below"
    with pytest.raises(UserError) as caught:
        build(table, protocol(), compose("both_socs3"), tmp_path / "p", dataset="toy", along_course="correlated")

    assert str(caught.value) == (
        "problem of 'toy' and model 'both_socs3': 2 faults\n"
        "  - measurements: 'pSTAT3' has log-student-t noise, and only lognormal and normal errors can hang together "
        "along a course. Choose 'noise: lognormal' or 'normal' for it, or leave 'noise: {along_course: independent}'.\n"
        "  - measurements: 2 values of 'pSTAT3' lie beyond a limit, and errors that hang together along a course need "
        "values. Read the file without values beyond limits, or leave 'noise: {along_course: independent}'."
    )


def test_what_says_how_errors_hang_together_is_refused_where_it_is_measured_or_of_nothing(built, tmp_path):
    for path in built.parent.iterdir():
        text = path.read_text()
        if path.name == "measurements.tsv":
            row = next(line for line in text.splitlines() if line.startswith("obs_luciferase"))
            cells = row.split("\t")
            cells[4] = ""
            text += "\t".join(["correlation_of_obs_pSTAT3", *cells[1:]]) + "\n"
        if path.name == "observables.tsv":
            row = next(line for line in text.splitlines() if line.startswith("correlation_of_"))
            text += row.replace("correlation_of_obs_pSTAT3", "correlation_of_obs_pSTAT4") + "\n"
        (tmp_path / path.name).write_text(text)
    with pytest.raises(UserError) as caught:
        check(tmp_path / "problem.yaml")

    assert str(caught.value) == (
        f"PEtab problem {tmp_path / 'problem.yaml'}: 2 faults\n"
        "  - observable 'correlation_of_obs_pSTAT3': says how errors of 'obs_pSTAT3' hang together, and cannot be "
        "measured. Remove its rows from the table of measurements.\n"
        "  - observable 'correlation_of_obs_pSTAT4': says how errors of 'obs_pSTAT4' hang together, which is no "
        "observable. Did you mean 'obs_pSTAT3'? Known: obs_luciferase, obs_pSTAT3."
    )


def test_a_name_that_is_taken_is_refused_where_the_extension_is_not_named(built, tmp_path):
    for path in built.parent.iterdir():
        text = path.read_text()
        (tmp_path / path.name).write_text(text.split("extensions:")[0] if path.name == "problem.yaml" else text)
    with pytest.raises(UserError) as caught:
        check(tmp_path / "problem.yaml")

    assert str(caught.value) == (
        f"PEtab problem {tmp_path / 'problem.yaml'}: 1 fault\n"
        "  - observable 'correlation_of_obs_pSTAT3': ids that begin with 'correlation_of_' say how errors hang "
        "together, by the extension 'correlated_noise'. Rename it, or add correlated_noise: {version: 1.0.0, "
        "required: true} to the problem's extensions."
    )
