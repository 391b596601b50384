"""Spaces of models: read, searched forward, backward and whole, and their faults."""

from __future__ import annotations

import json
import math

import pytest
import yaml

from il6infer._errors import UserError
from il6infer.cli import main as cli
from il6infer.evidence.select import select
from il6infer.exchange.select_space import read_space, search, write_candidate
from il6infer.petab_files.read import load
from il6infer.stages import read
from il6infer.stages.selection import Selection
from tests.zoo import decay_v1


def write_space(folder, rows, method="brute_force", criterion="AIC", **more):
    """A PEtab Select problem; rows are tab-separated, of the parameters of `decay_v1`."""
    decay_v1.write(folder / "decay")
    header = "model_subspace_id\tmodel_subspace_petab_yaml\ta0\tk\tscale"
    (folder / "space.tsv").write_text("\n".join([header, *rows]) + "\n")
    content = {"format_version": "1.0.0", "criterion": criterion, "method": method, "model_space_files": ["space.tsv"]}
    path = folder / "select.yaml"
    path.write_text(yaml.safe_dump(content | more))
    return path


WHOLE = ["M\tdecay/problem.yaml\t1;estimate\t0.5;estimate\t2;estimate"]


def scored(values):
    """Criterion by the estimated parameters, as a text of their sorted names."""
    return lambda candidate: values.get(" ".join(sorted(candidate.estimated)))


def estimated(space, steps):
    known = {c.name: " ".join(sorted(c.estimated)) for c in space.candidates}
    return [[known[name] for name in step.models] for step in steps]


def test_a_space_is_every_combination_of_its_choices(tmp_path):
    space = read_space(write_space(tmp_path, WHOLE))

    assert len(space.candidates) == 8
    assert [c.name for c in space.candidates] == [f"M_{i}" for i in range(1, 9)]
    assert space.candidates[0].fixed == {"a0": 1.0, "k": 0.5, "scale": 2.0}
    assert space.candidates[-1].estimated == {"a0", "k", "scale"}


def test_forward_adds_one_parameter_at_a_time_while_the_criterion_falls(tmp_path):
    space = read_space(write_space(tmp_path, WHOLE, "forward"))
    values = {
        "": 9.0,
        "a0": 8.0,
        "k": 5.0,
        "scale": 7.0,
        "a0 k": 6.0,
        "k scale": 4.0,
        "a0 k scale": 4.5,
        "a0 scale": 0.0,
    }
    steps = list(search(space, scored(values)))

    assert estimated(space, steps) == [[""], ["scale", "k", "a0"], ["k scale", "a0 k"], ["a0 k scale"]]
    assert [step.predecessor for step in steps][:2] == ["", space.candidates[0].name]


def test_backward_drops_one_parameter_at_a_time(tmp_path):
    space = read_space(write_space(tmp_path, WHOLE, "backward"))
    values = {"a0 k scale": 9.0, "a0 k": 8.0, "k scale": 7.0, "a0 scale": 7.5, "k": 7.2, "scale": 7.1}

    assert estimated(space, search(space, scored(values))) == [
        ["a0 k scale"], ["k scale", "a0 scale", "a0 k"], ["scale", "k"]
    ]  # fmt: skip


def test_a_step_keeps_what_both_models_fix(tmp_path):
    rows = [
        "A\tdecay/problem.yaml\t1\t0.5\t2",
        "B\tdecay/problem.yaml\t1\testimate\t2",
        "C\tdecay/problem.yaml\t3\testimate\t2",
    ]
    space = read_space(write_space(tmp_path, rows, "forward"))
    steps = list(search(space, lambda candidate: -float(len(candidate.estimated))))

    assert [step.models for step in steps] == [("A",), ("B",)]


def test_models_without_a_value_are_passed_over(tmp_path):
    space = read_space(write_space(tmp_path, WHOLE, "forward"))
    steps = list(search(space, scored({"": 9.0, "k": 5.0})))

    assert estimated(space, steps)[-1] == ["k scale", "a0 k"]


def test_a_model_is_written_as_a_problem_of_its_own(tmp_path):
    space = read_space(write_space(tmp_path, WHOLE))
    problem = load(write_candidate(space.candidates[1], tmp_path / "out"))

    assert [p.id for p in problem.estimated] == ["scale"]
    assert {p.id: p.nominal for p in problem.parameters if not p.estimate} == {"a0": 1.0, "k": 0.5}


@pytest.mark.slow
def test_the_command_finds_the_model_of_the_data_and_its_criteria(tmp_path, capsys):
    """A decays at 0.5 from 1, read at scale 2: scale and start are one product, so one of them is enough."""
    path = write_space(tmp_path, WHOLE, "forward", "BIC")

    assert cli.main(["petab", "select", str(path), "--starts", "4", "--output", str(tmp_path / "out")]) == 0
    found = read(tmp_path / "out" / "selection.json", Selection)
    best = found.models[0]
    k, n = best.criteria.parameters, best.criteria.measurements
    assert best.model == found.best
    assert best.value == pytest.approx(k * math.log(n) - 2.0 * best.criteria.log_likelihood)
    assert all(one.value >= best.value for one in found.models)
    assert (tmp_path / "out" / best.model / "problem.yaml").is_file()
    assert set(best.estimated) != {"a0", "k", "scale"}
    assert json.loads((tmp_path / "out" / "selection.json").read_text())["steps"][0]["predecessor"] == ""


def test_forward_backward_and_all_agree_where_the_space_is_simple(tmp_path):
    best = set()
    for method in ("forward", "backward", "brute_force"):
        path = write_space(tmp_path / method, ["M\tdecay/problem.yaml\t1\t0.5;estimate\t2;estimate"], method)
        best.add(select(path, tmp_path / method / "out", starts=3).best)

    assert len(best) == 1


@pytest.mark.parametrize("order", ["estimate;0.5", pytest.param("0.5;estimate", marks=pytest.mark.slow)])
def test_a_model_is_never_lower_than_one_that_it_holds(tmp_path, order):
    """From k = 90, where nothing is left of A, no climb leads back: the likelihood does not depend on k there."""
    path = write_space(tmp_path, [f"M\tdecay/problem.yaml\t1\t{order}\t2"])
    table = decay_v1.write(tmp_path / "decay", transformation="lin").with_name("parameters.tsv")
    table.write_text(table.read_text().replace("\t100\t0.5\t", "\t100\t90\t"))
    found = {one.estimated: one.criteria.log_likelihood for one in select(path, tmp_path / "out", starts=1).models}

    assert found["k",] >= found[()]
    assert found[()] == pytest.approx(4.8981, abs=1e-3)


@pytest.mark.parametrize("method", ["forward", "backward", "brute_force"])
def test_a_parameter_may_be_fixed_at_a_bound_or_beyond_and_estimated_on_a_logarithmic_scale(tmp_path, method, caplog):
    """What is switched off is mostly fixed at 0, which a logarithm does not have."""
    path = write_space(tmp_path, ["M\tdecay/problem.yaml\t1\t0;0.5;estimate\t2"], method)
    found = {one.fixed.get("k"): one.criteria for one in select(path, tmp_path / "out", starts=2).models}

    assert None not in found.values()
    assert found[None].log_likelihood >= found[0.5].log_likelihood > found[0.0].log_likelihood
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    path = write_space(tmp_path, WHOLE)
    table = tmp_path / "space.tsv"
    table.write_text(table.read_text().replace("\ta0\t", "\tk\t", 1))
    with pytest.raises(UserError, match="space.tsv, row 1: column 'k' is there twice."):
        read_space(path)


def test_a_fault_of_a_value_of_the_space_names_the_model(tmp_path):
    path = write_space(tmp_path, ["M\tdecay/problem.yaml\t1\t0.5\t0;2"])
    table = tmp_path / "decay" / "observables.tsv"
    text = table.read_text()
    head, *_ = text.splitlines()
    noise = head.split("\t").index("noiseFormula")
    rows = [line.split("\t") for line in text.splitlines()]
    rows[1][noise] = "scale"
    table.write_text("\n".join("\t".join(row) for row in rows) + "\n")
    with pytest.raises(UserError, match=r"model 'M_1' of the space \(a0 = 1, k = 0.5, scale = 0\), made of .*decay"):
        select(path, tmp_path / "out", starts=2)


def test_a_model_whose_bounds_leave_out_what_a_smaller_one_fixes_is_named(tmp_path, caplog):
    path = write_space(tmp_path, ["M\tdecay/problem.yaml\t1\t0.5;estimate\t2"])
    table = (tmp_path / "decay" / "problem.yaml").with_name("parameters.tsv")
    lines = [line.split("\t") for line in table.read_text().splitlines()]
    [k] = [line for line in lines if line[0] == "k"]
    k[lines[0].index("lowerBound")] = "5"
    table.write_text("\n".join("\t".join(line) for line in lines) + "\n")
    with caplog.at_level("WARNING", "il6infer"):
        select(path, tmp_path / "out", starts=2)

    assert any("lower than M_1, which it holds: bounds" in m and m.endswith("k = 0.5 there") for m in caplog.messages)


def test_a_search_begins_at_the_first_size_that_has_a_value(tmp_path):
    space = read_space(write_space(tmp_path, WHOLE, "backward"))

    assert estimated(space, search(space, scored({"k": 5.0, "k scale": 6.0}))) == [
        ["a0 k scale"], ["k scale", "a0 scale", "a0 k"], ["scale", "k"], [""]
    ]  # fmt: skip
    assert len(list(search(space, scored({})))) == 4


@pytest.mark.parametrize(
    ("rows", "more", "message"),
    [
        (WHOLE, {"method": "famos"}, "key 'method': it is 'famos', one of brute_force, forward, backward was"),
        (WHOLE, {"criterion": "LH"}, "key 'criterion': it is 'LH', one of AIC, AICc, BIC was expected."),
        (WHOLE, {"candidate_space_arguments": {"predecessor_model": "m.yaml"}},
         "key 'candidate_space_arguments': a search that begins at a model of its own is not"),
        (WHOLE, {"models": []}, "key 'models': is unknown."),
        (["M\tgone.yaml\t1\t1\t1"], {}, "row 2: column 'model_subspace_petab_yaml': there is no file 'gone.yaml'."),
        (["M\tdecay/problem.yaml\t1\tfree\t1"], {}, "row 2: column 'k': 'free' is not a number or 'estimate'."),
        ([*WHOLE, *WHOLE], {}, "model space: 'M_1' is there twice."),
        ([], {}, "space.tsv: it has no rows."),
        (["M\tdecay/problem.yaml\t1\t1\t1\t1"], {}, "row 2: it has more cells than the 5 columns of row 1."),
        (["../M\tdecay/problem.yaml\t1\t1\t1"], {}, "row 2: column 'model_subspace_id': '../M' names a folder"),
        (["\tdecay/problem.yaml\t1\t1\t1"], {}, "row 2: column 'model_subspace_id': '' names a folder"),
    ],
)  # fmt: skip
def test_faults_are_named(tmp_path, rows, more, message):
    with pytest.raises(UserError) as raised:
        read_space(write_space(tmp_path, rows, **more))

    assert message in str(raised.value)


def test_a_parameter_that_the_problem_lacks_is_refused(tmp_path):
    path = write_space(tmp_path, WHOLE)
    (tmp_path / "space.tsv").write_text((tmp_path / "space.tsv").read_text().replace("\tscale\n", "\tgain\n", 1))
    [first, *_] = read_space(path).candidates
    with pytest.raises(UserError, match="its parameter table has no 'gain', which the model space names"):
        write_candidate(first, tmp_path / "out")
