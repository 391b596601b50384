"""The workflow as text and as a plan: lint, form, dry-run, and what a fault of the configuration says."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from il6infer.cli.main import COMMANDS
from il6infer.cli.rules import ENTRIES
from il6infer.configuration.hold_out import fitted
from il6infer.configuration.load import load_config

ROOT = Path(__file__).resolve().parents[2]
RULE_FILES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
WRITTEN = {
    name: body
    for path in RULE_FILES
    for name, body in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)+)", path.read_text(encoding="utf-8"), flags=re.M)
}
RULES = {name: body for name, body in WRITTEN.items() if re.search(r"^    (shell|run):", body, flags=re.M)}
TARGETS = {name: body for name, body in WRITTEN.items() if name not in RULES}  # only a name for what others make


def test_snakefile_is_short(root):
    assert len((root / "Snakefile").read_text(encoding="utf-8").splitlines()) < 50


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_rule_file_opens_with_its_contract(path):
    opening = re.match(r"(#.*\n)+", path.read_text(encoding="utf-8"))[0]

    assert "# Requires:" in opening
    assert "# Outputs:" in opening or "# Provides:" in opening


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("directive", ["log", "benchmark", "threads", "resources", "message"])
def test_rule_says(rule, directive):
    assert re.search(rf"^    {directive}:", RULES[rule], flags=re.M)


def test_a_rule_that_runs_nothing_only_names_what_others_make():
    assert set(TARGETS) == {"sbc", "posterior_sbc", "profiles", "free_constants"}
    for name, body in TARGETS.items():
        assert re.findall(r"^    (\w+):", body, flags=re.M) == ["input"], name


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"settings"}))
def test_rule_calls_the_command_and_depends_on_its_source(rule):
    command = re.search(r'"il6infer (\w+) ', RULES[rule])[1]
    module, function = ENTRIES[rule].split(":")

    assert command in COMMANDS
    assert f'source=SOURCE["{rule}"]' in RULES[rule]
    assert callable(getattr(import_module(module), function))
    assert set(ENTRIES) == set(RULES) - {"settings"}
    assert re.search(r"resources:\n        mem_mb=more\(\d+\),\n        runtime=more\(\d+\),", RULES[rule])


def test_snakefmt_finds_nothing(root):
    command = [sys.executable, "-m", "snakefmt", "--check", "Snakefile", "workflow"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_lint_finds_nothing(snakemake):
    done = snakemake("--lint")

    assert done.returncode == 0, done.stdout
    assert "Congratulations, your workflow is in a good condition!" in done.stdout


@pytest.mark.parametrize("name", ["config.yaml", "hepatocytes.yaml"])
def test_dry_run_plans_every_fit(snakemake, root, name, request):
    if name == "hepatocytes.yaml":
        shared = request.getfixturevalue("shared")
        # `folder` is taken from the run directory, which lies elsewhere here.
        text = (root / "config" / name).read_text(encoding="utf-8").replace("../shared", str(shared))
        path = request.getfixturevalue("tmp_path") / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        words = ("--configfile", str(path))
    else:
        words = ()
    done = snakemake("--dry-run", *words)
    config = load_config(root / "config" / name)

    assert done.returncode == 0, done.stdout
    fits = sum(len(config.datasets[dataset].models or config.models) for dataset in fitted(config))
    assert re.search(rf"^fit +{fits}$", done.stdout, flags=re.M)
    assert re.search(rf"^check_prior +{fits}$", done.stdout, flags=re.M)
    assert re.search(rf"^ask +{fits}$", done.stdout, flags=re.M)
    assert f"{config.results}/report/index.html" in done.stdout


def test_calibration_of_five_models_by_200_fits_each_is_a_hundred_jobs(snakemake, tmp_path):
    """A job a fit would leave thousands of files, and a scheduler with thousands of jobs of a minute."""
    entry = "{description: config/datasets/example.yaml, folder: resources/example}"
    models = "[classic_none, classic_socs3, trans_none, both_none, both_socs3]"
    (tmp_path / "mine.yaml").write_text(f"datasets: {{mine: {entry}}}\nmodels: {models}\nsbc: {{fits: 200}}\n")
    done = snakemake("sbc", "--dry-run", "--configfile", str(tmp_path / "mine.yaml"))
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout, flags=re.M))

    assert done.returncode == 0, done.stdout
    assert (jobs["sbc_batch"], jobs["sbc_gather"], jobs["sbc_table"], jobs["problem"]) == ("100", "5", "1", "5")
    assert "fit" not in jobs


def test_leave_out_is_a_few_jobs_a_fit_whatever_the_gels_and_evidence_one(snakemake, tmp_path):
    entry = "{description: config/datasets/example.yaml, folder: resources/example}"
    asked = "comparison: {criterion: evidence, leave_out: batch, jobs: 3}"
    (tmp_path / "mine.yaml").write_text(f"datasets: {{mine: {entry}}}\nmodels: [both_none, both_socs3]\n{asked}\n")
    done = snakemake("--dry-run", "--printshellcmds", "--configfile", str(tmp_path / "mine.yaml"))
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout, flags=re.M))
    [command] = re.findall(r"il6infer compare .*", done.stdout)

    assert done.returncode == 0, done.stdout
    assert (jobs["leave_out"], jobs["evidence"]) == ("6", "2")
    for model in ("both_none", "both_socs3"):
        assert f"--evidence {model} results/mine/{model}/evidence.json" in command
        for job in (1, 2, 3):
            assert f"--left-out {model} results/mine/{model}/leave_out/{job}.json" in command


@pytest.mark.slow  # as all refusals: others go through Snakemake quickly
def test_a_criterion_that_nothing_is_computed_for_is_refused(snakemake, tmp_path):
    (tmp_path / "mine.yaml").write_text("comparison: {criterion: leave_out}\n")
    done = snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml"))

    assert "key 'comparison.criterion': it is leave_out, and 'comparison.leave_out' does not say what is left out." in (
        _refusal(done)
    )


def test_priors_are_checked_without_a_fit(snakemake):
    done = snakemake("--dry-run", "results/example/both_socs3+wiring_shared/prior_check.json")

    assert done.returncode == 0, done.stdout
    jobs = set(re.findall(r"^(\w+) +\d+$", done.stdout, flags=re.M)) - {"total"}
    assert jobs == {"ingest", "problem", "check_prior"}


def _refusal(done: subprocess.CompletedProcess[str]) -> str:
    """Everything from 'error:' on; nothing may follow the message."""
    assert done.returncode == 1
    assert "Traceback" not in done.stdout
    return done.stdout[done.stdout.index("error:") :]


def test_typo_in_the_configuration_is_refused_with_the_nearest_name(snakemake, tmp_path):
    (tmp_path / "mine.yaml").write_text("datsets: {}\nfit: {chians: 3}\nmodels: [both_sosc3]\n")
    done = snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml"))

    assert _refusal(done) == (
        f"error: configuration ({tmp_path}/mine.yaml, config/config.yaml): 3 faults\n"
        "  - key 'datsets': is unknown. Did you mean 'datasets'? Known: claims, comparison, constraints, datasets, "
        "fit, free, hold_out, identifiability, models, modules, noise, predictions, question, results, sbc, seed, "
        "title, values, verdict, without_studies.\n"
        "  - key 'fit.chians': is unknown. Did you mean 'chains'? Known: atol, chains, draws, engine, mass_matrix, "
        "max_steps, nuisance, rtol, sampler, starts, target_accept, tune.\n"
        "  - key 'models.0': unknown model 'both_sosc3'. Did you mean 'both_socs3'? "
        "Known: both_dual, both_loss, both_none, both_socs3, classic_dual, classic_loss, classic_none, classic_socs3, "
        "cluster_dual, cluster_loss, cluster_none, cluster_socs3, linear_dual, linear_loss, linear_none, linear_socs3, "
        "trans_dual, trans_loss, trans_none, trans_socs3.\n"
    )


def test_key_given_twice_is_refused(snakemake, tmp_path):
    (tmp_path / "mine.yaml").write_text("seed: 1\nseed: 2\n")
    done = snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml"))

    assert _refusal(done) == (
        f"error: {tmp_path}/mine.yaml, line 2, column 1: is not valid YAML: the key 'seed' stands twice.\n"
    )


def test_no_data_set_is_refused(snakemake, tmp_path):
    (tmp_path / "mine.yaml").write_text("datasets: {}\n")
    done = snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml"))

    assert _refusal(done) == (
        "error: configuration: no data set. Name one under 'datasets'; config/README.md shows how.\n"
    )


@pytest.mark.slow  # as all refusals: others go through Snakemake quickly
def test_missing_description_is_refused(snakemake, tmp_path):
    (tmp_path / "mine.yaml").write_text("datasets: {a: {description: none.yaml, folder: .}}\n")
    done = snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml"))

    assert _refusal(done) == f"error: none.yaml: no such file. Check the path; it is taken from {tmp_path}.\n"


def test_a_small_configuration_changes_the_default_in_its_keys_only(snakemake, tmp_path):
    (tmp_path / "mine.yaml").write_text("models: [both_socs3+wiring_shared]\n")
    done = snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml"), "--config", "results=elsewhere")

    assert done.returncode == 0, done.stdout
    assert "elsewhere/example/both_socs3+wiring_shared/posterior.nc" in done.stdout
    assert re.search(r"^fit +1$", done.stdout, flags=re.M)


@pytest.mark.parametrize(
    "text",
    ["claims: ''\n", pytest.param("datasets: {example: {%s}}\nmodels: [trans_none]\n", marks=pytest.mark.slow)],
)
def test_without_a_file_of_claims_none_are_asked(snakemake, tmp_path, text):
    entry = "description: config/datasets/example.yaml, folder: resources/example"
    (tmp_path / "mine.yaml").write_text(text.replace("%s", entry))
    done = snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml"))

    assert done.returncode == 0, done.stdout
    assert not {"ask", "weigh"} & set(re.findall(r"^(\w+) +\d+$", done.stdout, flags=re.M))


def test_a_data_set_may_have_models_of_its_own(snakemake, tmp_path):
    entry = "{description: config/datasets/example.yaml, folder: resources/example, models: [trans_none]}"
    (tmp_path / "mine.yaml").write_text(f"datasets: {{mine: {entry}}}\n")
    done = snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml"))

    assert done.returncode == 0, done.stdout
    assert "results/mine/trans_none/posterior.nc" in done.stdout
    assert re.search(r"^fit +1$", done.stdout, flags=re.M)


def test_values_reach_the_models_that_have_them_and_no_other(snakemake, tmp_path):
    entry = "description: config/datasets/example.yaml, folder: resources/example"
    (tmp_path / "mine.yaml").write_text(
        "models: [trans_none, both_socs3]\nvalues: {IL6R_0: 2e-3, k_delay: 0.1}\n"
        f"datasets:\n  a: {{{entry}}}\n  b: {{{entry}, values: {{}}}}\n"
    )
    done = snakemake("--dry-run", "--printshellcmds", "--configfile", str(tmp_path / "mine.yaml"))
    found = re.findall(r"il6infer problem .* --model (\w+) (.*?) --output results/(\w)/", done.stdout)

    assert done.returncode == 0, done.stdout
    assert {(dataset, model): " ".join(re.findall(r"--set \S+", words)) for model, words, dataset in found} == {
        ("a", "trans_none"): "--set k_delay=0.1",
        ("a", "both_socs3"): "--set IL6R_0=0.002 --set k_delay=0.1",
        ("b", "trans_none"): "",
        ("b", "both_socs3"): "",
    }


def test_values_that_no_model_has_are_refused_with_the_nearest_name(snakemake, tmp_path):
    entry = "description: config/datasets/example.yaml, folder: resources/example"
    (tmp_path / "mine.yaml").write_text(
        "models: [classic_none@PHH, trans_none@PHH]\nvalues: {cell_numbers: 5e4, medium_volume: 0}\n"
        f"datasets:\n  a: {{{entry}}}\n  b: {{{entry}, models: [trans_none], values: {{IL6R_0: 1}}}}\n"
    )
    message = _refusal(snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml")))

    assert message.startswith(f"error: configuration ({tmp_path}/mine.yaml): 3 faults\n")
    assert (
        "key 'values.cell_numbers': no model of this comparison (classic_none@PHH, trans_none@PHH) has a parameter of "
        "that name. Did you mean 'cell_number'? Known: "
    ) in message
    assert "key 'values.medium_volume': 0 is given, but it must be a number above 0. Its unit is that of" in message
    assert "key 'datasets.b.values.IL6R_0': no model of this comparison (trans_none) has a parameter" in message


def test_constraints_of_a_data_set_reach_its_problems_and_no_other(snakemake, tmp_path):
    entry = "description: config/datasets/example.yaml, folder: resources/example, models: [trans_none+sgp130]"
    (tmp_path / "mine.yaml").write_text(
        f"constraints: [free_IL6]\ndatasets:\n  a: {{{entry}}}\n  b: {{{entry}, constraints: []}}\n"
    )
    done = snakemake("--dry-run", "--printshellcmds", "--configfile", str(tmp_path / "mine.yaml"))
    commands = re.findall(r"il6infer problem .*", done.stdout)

    assert done.returncode == 0, done.stdout
    assert ["--constraint free_IL6" in c for c in sorted(commands, key=lambda c: "results/b/" in c)] == [True, False]


def test_a_part_of_a_run_without_fits_ends_well_and_says_nothing_of_them(snakemake):
    done = snakemake("--until", "ingest")

    assert done.returncode == 0, done.stdout
    assert "Finished jobid" in done.stdout
    assert "error" not in done.stdout


MODULE = """\
// ---
// kind: option
// text: a species that decays
// ---
  species waste in cell = 0;
  collect_waste: => waste; cell*k_delay*(1 - waste);
"""


@pytest.mark.slow
def test_an_edit_of_a_users_module_builds_again_what_is_made_of_it_and_nothing_else(snakemake, tmp_path):
    (tmp_path / "my_modules").mkdir()
    (tmp_path / "my_modules" / "waste.ant").write_text(MODULE)
    (tmp_path / "mine.yaml").write_text(
        "modules: my_modules\nmodels: [trans_none, trans_none+waste]\n"
        "datasets: {example: {description: config/datasets/example.yaml, folder: resources/example}}\n"
    )
    words = ("--configfile", str(tmp_path / "mine.yaml"), "--until", "problem", "draw")
    done = snakemake(*words)
    assert done.returncode == 0, done.stdout
    for name, held in (("trans_none", False), ("trans_none+waste", True)):
        built = tmp_path / "results" / "example" / name
        assert ("waste" in (built / "problem" / "model.xml").read_text("utf-8")) is held
        assert (">waste</text>" in (built / "diagram.svg").read_text("utf-8")) is held
    assert re.search(r"^total +0$", snakemake("--dry-run", *words).stdout, flags=re.M)

    (tmp_path / "my_modules" / "waste.ant").write_text(MODULE.replace("(1 - waste)", "(2 - waste)"))
    planned = snakemake("--dry-run", *words).stdout

    assert set(re.findall(r"^Job \d+: (.*)$", planned, flags=re.M)) == {
        "Problem: example with model trans_none+waste -> PEtab", "Draw: trans_none+waste",
    }  # fmt: skip


@pytest.mark.slow  # as all refusals: others go through Snakemake quickly
def test_a_fault_of_a_module_is_one_of_the_configuration(snakemake, tmp_path):
    (tmp_path / "my_modules").mkdir()
    (tmp_path / "my_modules" / "waste.ant").write_text(MODULE.replace("kind: option", "kind: options"))
    (tmp_path / "mine.yaml").write_text("modules: my_modules\nmodels: [trans_none]\n")
    done = snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml"))

    assert _refusal(done) == (
        "error: modules of my_modules: 1 fault\n"
        "  - waste.ant, line 2, key 'kind': 'options' is given, expected one of base, receptor, feedback, option, "
        "joint, cell.\n"
    )


@pytest.mark.slow  # as all refusals: others go through Snakemake quickly
def test_a_read_out_that_a_model_lacks_is_refused_before_anything_runs(snakemake, tmp_path):
    text = (
        "title: t\nprotocol: protocol.csv\nfiles:\n  - {path: g.csv, assay: western_blot, observable: %s, batch: b}\n"
    )
    (tmp_path / "a.yaml").write_text(text % "pERK")
    (tmp_path / "b.yaml").write_text(text % "pSTAT")
    (tmp_path / "mine.yaml").write_text(
        "datasets:\n  a: {description: a.yaml, folder: resources/example, models: [both_none, both_none+mapk]}\n"
        "  b: {description: b.yaml, folder: resources/example, models: [both_none]}\n"
    )
    done = snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml"))

    assert _refusal(done) == (
        f"error: configuration ({tmp_path}/mine.yaml): 2 faults\n"
        "  - a.yaml, files 1: read-out 'pERK' is measured, but model 'both_none' has none of that name. "
        "Model 'both_none+mapk' has it.\n"
        "  - b.yaml, files 1: read-out 'pSTAT' is measured, but model 'both_none' has none of that name. "
        "Did you mean 'pSTAT3'? Known: SOCS3_mRNA, SOCS3_protein, luciferase, pSTAT3, pSTAT3_cytoplasm, "
        "pSTAT3_nucleus, pgp130, tSTAT3_cytoplasm.\n"
    )


def test_a_prediction_of_what_no_model_has_is_refused_before_anything_runs(snakemake, tmp_path):
    asked = (tmp_path / "config" / "predictions.yaml").read_text()
    (tmp_path / "asked.yaml").write_text(asked.replace("C_classic], trans-pres", "C_clasic], trans-pres"))
    (tmp_path / "mine.yaml").write_text("predictions: asked.yaml\n")
    done = snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml"))

    assert _refusal(done) == (
        "error: asked.yaml: 1 fault\n"
        "  - asked.yaml, prediction 'share', parts: no model has the species 'C_clasic'. Did you mean 'C_classic'?\n"
    )
