"""The configuration: defaults, and every fault in one message that says what to do."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
import yaml

from il6infer._errors import UserError
from il6infer.configuration import load
from il6infer.configuration.check import check_config
from il6infer.configuration.configuration import Configuration, DataSet, as_keys, from_keys
from il6infer.library.compose import compose
from il6infer.stages.codec import encode
from il6infer.stages.settings import SECTIONS, CompareSections, FitSections, VerdictSections, read_sections


@pytest.fixture(scope="module")
def schema() -> dict:
    return load.schema()


def test_empty_configuration_is_all_defaults():
    config = check_config({}, "empty")

    assert config.fit.chains == 4
    assert config.verdict.rhat_max == 1.01
    assert config.datasets == {}
    assert len(config.models) == 6


def test_given_values_win_and_the_argument_stays_as_it_was():
    given = {"fit": {"draws": 5}, "datasets": {"a": {"description": "d.yaml", "folder": "f"}}}
    config = check_config(given, "given")

    assert (config.fit.draws, config.fit.tune) == (5, 400)
    assert config.datasets["a"] == DataSet(description="d.yaml", folder="f")
    assert given == {"fit": {"draws": 5}, "datasets": {"a": {"description": "d.yaml", "folder": "f"}}}


def test_numbers_that_snakemake_reads_as_text_are_numbers():
    config = check_config({"seed": "7", "title": "7", "fit": {"rtol": "1e-5", "draws": "20"}}, "text")

    assert (config.seed, config.title) == (7, "7")
    assert (config.fit.rtol, config.fit.draws) == (1e-5, 20)


def test_all_that_the_command_line_gives_as_text_is_what_the_file_would_say():
    said = "evidence: true, free: {k_import: [0.04, 4], k_export: null}, values: {hill_SOCS3: 2}"
    as_text = yaml.load(f"{{{said}}}", yaml.BaseLoader)
    config = check_config({"comparison": {"evidence": as_text.pop("evidence")}, **as_text}, "text")

    assert config.comparison.evidence is True
    assert config.free == {"k_import": (0.04, 4.0), "k_export": None}
    assert config.values == {"hill_SOCS3": 2.0}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("yes", "true or false"), ("1", "true or false"), ("", "true or false")],
)
def test_a_text_that_is_neither_true_nor_false_is_refused(text, wanted):
    with pytest.raises(UserError, match=f"'comparison.evidence': '{text}' is not {wanted}"):
        check_config({"comparison": {"evidence": text}}, "text")


def test_a_name_that_no_file_could_have_is_refused():
    described = {"description": "d.yaml", "folder": "f"}
    with pytest.raises(UserError) as caught:
        check_config({"datasets": {"a" * 300: described}}, "c.yaml")

    assert str(caught.value) == (
        "c.yaml: 1 fault\n  - key 'datasets': 'aaaaaaaaaaaaaaaaaaaa...' has 300 characters, 100 are allowed."
    )
    assert check_config({"datasets": {"a" * 100: described}}, "c.yaml")


@pytest.mark.parametrize("text", ["1e-400", "1.5e-999", "0.0e", "1_0", "nan", "1e"])
def test_a_text_that_is_no_number_is_refused(text):
    with pytest.raises(UserError, match=f"'fit.rtol': '{text}' is not a number"):
        check_config({"fit": {"rtol": text}}, "text")


def test_all_faults_come_in_one_message():
    faulty = {
        "titel": "x",
        "seed": -1,
        "results": "",
        "datasets": {"1a": {"folder": "x", "description": "y"}, "b": {"folder": "x", "modles": []}},
        "models": ["classic_sosc3"],
        "fit": {"chians": 3, "tune": "four", "target_accept": 1, "mass_matrix": "full", "rtol": None},
        "verdict": {"rhat_max": 0},
    }
    with pytest.raises(UserError) as caught:
        check_config(faulty, "my.yaml")

    assert str(caught.value) == "\n".join(
        [
            "my.yaml: 13 faults",
            "  - key 'titel': is unknown. Did you mean 'title'? Known: claims, comparison, constraints, datasets, fit, "
            "free, hold_out, identifiability, models, modules, noise, predictions, question, results, sbc, seed, "
            "title, values, verdict, without_studies.",
            "  - key 'datasets': '1a' is not a name: use letters, digits and _, a letter first.",
            "  - key 'datasets.b.modles': is unknown. Did you mean 'models'? Known: cell, constraints, description, "
            "folder, free, joint, models, own, petab, pooled, values.",
            "  - key 'fit.chians': is unknown. Did you mean 'chains'? Known: atol, chains, draws, engine, mass_matrix, "
            "max_steps, nuisance, rtol, sampler, starts, target_accept, tune.",
            "  - key 'fit.mass_matrix': 'full' is unknown. Known: diagonal, low_rank.",
            "  - key 'fit.rtol': nothing is not a number.",
            "  - key 'fit.target_accept': 1 is not allowed: it must be below 1.",
            "  - key 'fit.tune': 'four' is not a whole number.",
            "  - key 'models.0': unknown model 'classic_sosc3'. Did you mean 'classic_socs3'? "
            "Known: both_dual, both_loss, both_none, both_socs3, classic_dual, classic_loss, classic_none, "
            "classic_socs3, cluster_dual, cluster_loss, cluster_none, cluster_socs3, linear_dual, linear_loss, "
            "linear_none, linear_socs3, trans_dual, trans_loss, trans_none, trans_socs3.",
            "  - key 'results': is empty, a text was expected.",
            "  - key 'seed': -1 is not allowed: it must be at least 0.",
            "  - key 'verdict.rhat_max': 0 is not allowed: it must be at least 1.",
            "  - key 'datasets.b': 'description' is missing. Give both, or 'petab': a PEtab problem.",
        ]
    )


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([], "key 'models': is empty, at least 1 was expected."),
        (["both_none", "both_none"], "key 'models': ['both_none', 'both_none'] names something twice."),
        ("both_none", "key 'models': 'both_none' is not a list."),
        (
            ["both_none+akt+mapk", "both_none+mapk+akt"],
            "key 'models': 'both_none+mapk+akt' is the same model as 'both_none+akt+mapk'. Name it once.",
        ),
    ],
)
def test_models_must_be_a_list_of_different_names(models, message):
    with pytest.raises(UserError) as caught:
        check_config({"models": models}, "a.yaml")

    assert str(caught.value) == f"a.yaml: 1 fault\n  - {message}"


def test_the_models_are_those_of_the_library():
    config = check_config({"models": ["both_dual+stat1+mapk@HUVEC", "cluster_loss"]}, "")
    assert config.models == ("both_dual+mapk+stat1@HUVEC", "cluster_loss")
    with pytest.raises(UserError) as caught:
        check_config({"models": ["both_none+mapkk", "trans_none+shedding"]}, "a.yaml")
    first, second = str(caught.value).splitlines()[1:]
    assert first.startswith(
        "  - key 'models.0': unknown option 'mapkk' in model 'both_none+mapkk'. Did you mean 'mapk'?"
    )
    assert second == (
        "  - key 'models.1': model 'trans_none+shedding': option 'shedding' does not go with receptor 'trans'. "
        "Use 'classic_none+shedding' or 'both_none+shedding'."
    )


def test_constraints_are_off_by_default_and_a_data_set_may_have_its_own():
    files = {"description": "d.yaml", "folder": "f"}
    models = ["both_none+sgp130"]
    given = {
        "models": models, "constraints": ["free_IL6"],
        "datasets": {"a": files, "b": {**files, "constraints": []}, "c": {"petab": "p.yaml"}},
    }  # fmt: skip
    config = check_config(given, "a.yaml")

    assert check_config({}, "").constraints == ()
    assert [load.constraints_of(config, name) for name in "abc"] == [("free_IL6",), (), ()]


def test_models_that_cannot_express_a_constraint_are_named_once_with_one_that_can():
    files = {"description": "d.yaml", "folder": "f"}
    faulty = {
        "models": ["both_none+mapk@PHH", "trans_none+sgp130"],
        "constraints": ["free_IL6"],
        "datasets": {
            "a": files, "b": files, "c": {**files, "models": ["both_socs3"], "constraints": []},
            "d": {**files, "models": ["both_socs3"], "constraints": ["free_IL6"]},
            "e": {"petab": "p.yaml", "constraints": ["free_IL6"]}, "f": {**files, "constraints": ["free_IL8", 3]},
        },
    }  # fmt: skip
    with pytest.raises(UserError) as caught:
        check_config(faulty, "my.yaml")

    about = "has no sgp130, which constraint 'free_IL6' is about (most IL-6 in serum is free, beside sIL-6R and sgp130 "
    assert str(caught.value) == "\n".join(
        [
            "my.yaml: 6 faults",
            "  - key 'datasets.f.constraints.0': 'free_IL8' is unknown. Did you mean 'free_IL6'? Known: free_IL6, "
            "high_affinity_sites.",
            "  - key 'datasets.f.constraints.1': 3 is not text.",
            "  - key 'datasets.f.constraints.1': 3 is unknown. Known: free_IL6, high_affinity_sites.",
            "  - key 'datasets.e': has 'petab' and 'constraints'. A PEtab problem brings its own model and data: leave "
            "the others out.",
            f"  - key 'models': model 'both_none+mapk@PHH' {about}(Baran 2018)). Use 'both_none+mapk+sgp130@PHH', or "
            "leave the constraint out.",
            f"  - key 'datasets.d.models': model 'both_socs3' {about}(Baran 2018)). Use 'both_socs3+sgp130', or leave "
            "the constraint out.",
        ]
    )


def test_values_are_none_by_default_and_a_data_set_may_have_its_own():
    files = {"description": "d.yaml", "folder": "f"}
    given = {
        "values": {"cell_number": "5e4", "medium_volume": 0.1},  # 5e4 is text to YAML, and to Snakemake
        "datasets": {
            "a": files, "b": {**files, "values": {"cell_number": "1e5"}}, "c": {**files, "values": {}},
            "d": {"petab": "p.yaml"},
        },
    }  # fmt: skip
    config = check_config(given, "a.yaml")

    assert check_config({}, "").values == {}
    assert [load.values_of(config, name) for name in "abcd"] == [
        {"cell_number": 5e4, "medium_volume": 0.1}, {"cell_number": 1e5}, {}, {},
    ]  # fmt: skip


def test_a_list_of_constants_to_free_is_told_how_to_be_written():
    with pytest.raises(UserError) as caught:
        check_config(
            {"free": ["hill_SOCS3", "k_import"], "datasets": {"a": {"description": "d", "folder": "f"}}}, "my.yaml"
        )

    assert str(caught.value) == (
        "my.yaml: 1 fault\n"
        "  - key 'free': ['hill_SOCS3', 'k_import'] is not a group of keys. Write {hill_SOCS3, k_import}."
    )


def test_values_must_be_numbers_and_a_petab_problem_takes_none():
    faulty = {
        "values": {"cell_number": "many"},
        "datasets": {"a": {"petab": "p.yaml", "values": {}}, "b": {"description": "d", "folder": "f", "values": [1]}},
    }
    with pytest.raises(UserError) as caught:
        check_config(faulty, "my.yaml")

    assert str(caught.value) == "\n".join(
        [
            "my.yaml: 3 faults",
            "  - key 'datasets.b.values': [1] is not a group of keys.",
            "  - key 'values.cell_number': 'many' is not a number.",
            "  - key 'datasets.a': has 'petab' and 'values'. A PEtab problem brings its own model and data: leave the "
            "others out.",
        ]
    )


def test_every_key_is_described_and_documented(schema, root):
    readme = (root / "config" / "README.md").read_text(encoding="utf-8")
    missing = []
    waiting = [schema, schema["properties"]["datasets"]["additionalProperties"]]
    while waiting:
        for key, part in waiting.pop().get("properties", {}).items():
            waiting.append(part)
            missing += [f"{key}: no description"] if not part.get("description") else []
            missing += [f"{key}: not in config/README.md"] if f"`{key}`" not in readme else []

    assert missing == []


@pytest.mark.parametrize("name", ["config.yaml", "hepatocytes.yaml"])
def test_the_configurations_that_come_with_it_are_valid(root, name):
    config = load.load_config(root / "config" / name)

    assert not config.claims or (root / config.claims).is_file()
    for dataset in config.datasets.values():
        assert (root / dataset.description).is_file()


def test_the_default_analysis_compares_feedbacks_and_wirings_and_predicts_what_it_never_saw(root):
    config = load.load_config(root / "config" / "config.yaml")

    assert config.models == (
        *(f"both_{feedback}+wiring_shared" for feedback in ("none", "socs3", "loss", "dual")),
        "both_socs3+wiring_stat3",
    )
    assert config.claims == "config/claims.yaml"
    assert config.hold_out.conditions == ("sgp130fc_500_il6_10_sil6r_25",)


SHIPPED = ("config", "hepatocytes", "hepg2_matched", "fibroblasts", "hepg2", "rpe1")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_configuration_names_what_there_is_and_models_that_have_what_is_measured(name, root):
    config = load.load_config(root / "config" / f"{name}.yaml")
    for dataset, described in config.datasets.items():
        description = yaml.safe_load((root / described.description).read_text("utf-8"))
        measured = {o for file in description["files"] for o in file.get("observables", [file.get("observable")])}
        for model in load.models_of(config, dataset):
            assert measured <= set(compose(model).readouts), model
        batches = {file["batch"] for file in description["files"]}
        assert set(config.hold_out.batches) <= batches


def test_a_petab_problem_brings_its_own_model_and_data():
    config = check_config({"datasets": {"a": {"petab": "p.yaml"}}}, "")
    assert load.models_of(config, "a") == ["petab"]
    with pytest.raises(UserError) as caught:
        check_config({"datasets": {"a": {"petab": "p.yaml", "folder": "x"}, "b": {}}}, "my.yaml")
    assert str(caught.value) == (
        "my.yaml: 2 faults\n"
        "  - key 'datasets.a': has 'petab' and 'folder'. A PEtab problem brings its own model and data: leave "
        "the others out.\n"
        "  - key 'datasets.b': 'description' and 'folder' are missing. Give both, or 'petab': a PEtab problem."
    )


def test_defaults_in_the_readme_are_those_of_the_schema(schema, root):
    text = (root / "config" / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (`.*?`) \| (.*?) \|", text, flags=re.M))
    told = {}
    for keys, values in rows.items():
        told.update(zip(re.findall(r"`(\w+)`", keys), values.split(", "), strict=False))
    config = as_keys(check_config({}, ""))

    for part in ("fit", "verdict"):
        assert {key: yaml.safe_load(told[key]) for key in config[part]} == config[part]
    assert told["seed"] == str(config["seed"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"verdict": {"rhat_max": float("nan")}}, "key 'verdict.rhat_max': nan is not a finite number."),
        ({"verdict": {"ess_min": float("inf")}}, "key 'verdict.ess_min': inf is not a finite number."),
        ({"values": {"cell_number": float("nan")}}, "key 'values.cell_number': nan is not a finite number."),
        ({"datasets": {"a\n": {"petab": "p.yaml"}}},
         "key 'datasets': 'a\\n' is not a name: use letters, digits and _, a letter first."),
        ({"datasets": {"a": {"petab": "p\n.yaml"}}}, "key 'datasets.a.petab': 'p\\n.yaml' is not a path of one line."),
        ({"results": "run {1}"}, "key 'results': 'run {1}' is not a path of one line without braces."),
        ({"claims": "a\tb"}, "key 'claims': 'a\\tb' is not a path of one line without braces."),
    ],
)  # fmt: skip
def test_what_would_go_wrong_later_is_refused_now(content, said):
    with pytest.raises(UserError) as caught:
        check_config(content, "a.yaml")

    assert str(caught.value) == f"a.yaml: 1 fault\n  - {said}"


def test_a_whole_number_with_a_point_is_one():
    assert str(check_config({"fit": {"draws": 1e3}, "seed": 7.0}, "").fit.draws) == "1000"


@pytest.mark.parametrize("kind", [FitSections, VerdictSections, CompareSections])
def test_stages_read_their_sections_of_a_configuration_as_the_workflow_does(root, kind):
    config = as_keys(load.load_config(root / "config" / "config.yaml"))
    found = encode(read_sections(root / "config" / "config.yaml", kind))

    assert found == {key: config[key] for key in found}
    assert set(load.schema()["properties"]) == set(SECTIONS)
    assert encode(read_sections(None, kind)) == {key: as_keys(check_config({}, ""))[key] for key in found}


def test_a_stage_refuses_what_is_wrong_in_its_sections(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("fti: {draws: 3}\n")
    with pytest.raises(UserError) as caught:
        read_sections(path, FitSections)
    assert str(caught.value).startswith(
        f"{path}: 1 fault\n  - key 'fti': is unknown. Did you mean 'fit'? Known: claims,"
    )
    path.write_text("fit: {drws: 3, chains: 0, rtol: .nan}\nseed: -1\n")
    with pytest.raises(UserError) as caught:
        read_sections(path, FitSections)
    assert str(caught.value) == (
        f"{path}: 4 faults\n"
        "  - key 'fit.drws': is unknown. Did you mean 'draws'? Known: atol, chains, draws, engine, mass_matrix, "
        "max_steps, nuisance, rtol, sampler, starts, target_accept, tune.\n"
        "  - key 'fit.chains': 0 is not allowed: it must be at least 1.\n"
        "  - key 'fit.rtol': nan is not a finite number.\n"
        "  - key 'seed': -1 is not allowed: it must be at least 0."
    )


def test_the_record_has_the_keys_of_the_schema_and_gives_back_what_it_was_made_of(schema, root):
    of_data_set = schema["properties"]["datasets"]["additionalProperties"]
    for kind, part in ((Configuration, schema), (DataSet, of_data_set)):
        assert [field.name for field in fields(kind)] == list(part["properties"])
    for name in SHIPPED:
        config = load.load_config(root / "config" / f"{name}.yaml")
        assert from_keys(as_keys(config), name) == config
        assert "petab" not in next(iter(as_keys(config)["datasets"].values()))
