"""Each key of the configuration: what runs again when it changes. A key that nothing reads has no place there."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from il6infer.cli.rules import ENTRIES
from il6infer.configuration import load
from tests.workflow.conftest import CONFIG, planned
from tests.workflow.test_rules import MODULE

# Rules of runs that hold data out, have joint fits, compare by other criteria, or are only run when asked for.
APART = {"held_out_problem", "hold_out", "join", "evidence", "leave_out", "sbc_batch", "sbc_gather", "freed"}
APART |= {"profile_part", "profile_gather", "sbc_table"}
RULES = (set(ENTRIES) - APART) | {"settings"}
ADOPTED = {"adopt", "draw_adopted"}  # rules of data sets that are PEtab problems
PREPARE = {"problem", "check_prior", "fit", "diagnose", "identify", "ask", "compare", "weigh", "report"}
PREPARE |= {"settings", "predict", "weigh_predictions"}
JUDGE = {"settings", "diagnose", "compare", "weigh", "predict", "weigh_predictions", "report"}
COMPARE = {"settings", "compare", "weigh", "weigh_predictions", "report"}
FIT = {"fit", "ask", "identify", *JUDGE}

# Key -> another value, and the rules that run again with it, in a run of the data sets of `CONFIG`.
KEYS: dict[str, tuple[Any, set[str]]] = {
    "title": ("Other", {"settings", "report"}),
    "question": ("Why?", {"settings", "report"}),
    "seed": (2, {"check_prior", *FIT}),
    "results": ("elsewhere", RULES),
    "claims": ("other_claims.yaml", {"settings", "ask", "weigh", "report"}),
    "predictions": ("other_predictions.yaml", {"settings", "predict", "weigh_predictions", "report"}),
    "models": (["trans_none"], {"draw", *PREPARE}),
    "modules": ("modules", {"settings", "report"}),
    "constraints": (["free_IL6"], {"draw", *PREPARE}),
    "values": ({"k_delay": 0.1}, {"draw", *PREPARE}),
    "free": ({"k_import": [0.04, 4.0]}, PREPARE),
    "datasets.example.description": ("other_description.yaml", {"ingest", *PREPARE}),
    "datasets.example.folder": ("other_data", {"ingest", *PREPARE}),
    "datasets.example.models": (["trans_none"], {"draw", *PREPARE}),
    "datasets.example.constraints": (["free_IL6"], {"draw", *PREPARE}),
    "datasets.example.values": ({"k_delay": 0.1}, {"draw", *PREPARE}),
    "datasets.example.free": ({"k_import": None}, PREPARE),
    "datasets.example.cell": ("HepG2", {"draw", *PREPARE}),
    "datasets.both.joint": (["example", "other"], {"ingest", "join", "draw", *PREPARE}),
    "datasets.both.own": (["K_SOCS3"], {"ingest", "join", "draw", *PREPARE}),
    "datasets.both.pooled": (["K_SOCS3"], {"ingest", "join", "draw", *PREPARE}),
    "datasets.own.petab": ("other/problem.yaml", (ADOPTED | PREPARE) - {"problem"}),
    "noise.per": ("batch", PREPARE),
    "noise.along_course": ("shared", PREPARE),
    "without_studies": (["Sobotta2017"], PREPARE),
    "hold_out.datasets": (["second"], {"held_out_problem", "hold_out", "ingest", "settings", "report"}),
    "hold_out.conditions": (["il6_10"], {"held_out_problem", "hold_out", *PREPARE}),
    "hold_out.batches": (["gel1"], {"held_out_problem", "hold_out", *PREPARE}),
    "fit.chains": (3, FIT),
    "fit.sampler": ("pymc", FIT),
    "fit.tune": (401, FIT),
    "fit.draws": (1001, FIT),
    "fit.target_accept": (0.8, FIT),
    "fit.starts": (9, FIT),
    "fit.engine": ("diffsol", FIT),
    "fit.rtol": (1e-7, FIT),
    "fit.atol": (1e-9, FIT),
    "fit.max_steps": (20_000, FIT),
    "fit.mass_matrix": ("diagonal", FIT),
    "fit.nuisance": ("sampled", FIT),
    "verdict.rhat_max": (1.02, JUDGE),
    "verdict.ess_min": (401, JUDGE),
    "verdict.divergences_max": (0.002, JUDGE),
    "verdict.ebfmi_min": (0.2, JUDGE),
    "verdict.depth_hits_max": (0.06, JUDGE),
    "verdict.failed_max": (0.02, JUDGE),
    "verdict.integration_error_max": (0.2, JUDGE),
    "verdict.pareto_k_max": (0.6, JUDGE - {"diagnose", "predict"}),
    "verdict.tail_k_max": (0.6, JUDGE),
    "verdict.misfit_p_min": (0.02, JUDGE),
    "verdict.pull_max": (4.0, JUDGE),
    "comparison.criterion": ("evidence", {"evidence", *COMPARE}),
    "comparison.weights": ("stacking", COMPARE),
    "comparison.leave_out": ("batch", {"leave_out", *COMPARE}),
    "comparison.jobs": (2, {"settings", "report"}),
    "comparison.evidence": (True, {"evidence", *COMPARE}),
    "comparison.runs": (4, {"settings", "report"}),
    "comparison.particles": (200, {"settings", "report"}),
    "sbc.fits": (20, {"settings", "report"}),
    "sbc.batch": (5, {"settings", "report"}),
    "sbc.chains": (1, {"settings", "report"}),
    "sbc.tune": (100, {"settings", "report"}),
    "sbc.draws": (200, {"settings", "report"}),
    "sbc.starts": (2, {"settings", "report"}),
    "identifiability.profiles": (True, {"settings", "profile_part", "profile_gather", "report"}),
    "identifiability.parts": (2, {"settings", "report"}),
}

# A model that can express a constraint has that in its name, so the model is another one, too.
OTHER = {"description": "config/datasets/example.yaml", "folder": "resources/example"}
JOINED = {
    "datasets": {
        "example": OTHER, "own": {"petab": "own/problem.yaml"}, "other": OTHER, "both": {"joint": ["example", "other"]},
    }
}  # fmt: skip
BESIDE = {
    # The same files once more, fitted together with the first.
    **{f"datasets.both.{key}": JOINED for key in ("joint", "own", "pooled")},
    # The same files once more, as a data set that is held out.
    "hold_out.datasets": {
        "datasets": {
            "example": {"description": "config/datasets/example.yaml", "folder": "resources/example"},
            "own": {"petab": "own/problem.yaml"},
            "second": {"description": "config/datasets/example.yaml", "folder": "resources/example"},
        }
    },
    "constraints": {"models": ["both_socs3+sgp130"]},
    "datasets.example.constraints": {"models": ["both_socs3+sgp130"]},
}


def leaves(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Keys that hold a value, and no further keys; `*` stands for a name that the user gives."""
    for key, part in schema.get("properties", {}).items():
        other = part.get("additionalProperties")
        if "properties" in part:
            yield from leaves(part, f"{path}{key}.")
        elif isinstance(other, Mapping) and "properties" in other:
            yield from leaves(other, f"{path}{key}.*.")
        else:
            yield path + key


def test_every_key_of_the_schema_has_its_row():
    rows = {".".join("*" if i == 1 and key.startswith("datasets") else word for i, word in enumerate(key.split(".")))
            for key in KEYS}  # fmt: skip

    assert sorted(rows) == sorted(leaves(load.schema()))


def changed(key: str) -> dict[str, Any]:
    """Configuration of the run with one key changed."""
    config: dict[str, Any] = yaml.safe_load(CONFIG) | copy.deepcopy(BESIDE.get(key, {}))
    *parents, last = key.split(".")
    place = config
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = KEYS[key][0]
    return config


@pytest.mark.slow
def test_a_changed_key_runs_what_reads_it_and_what_follows(done_run: Path):
    shutil.copy(done_run / "config/claims.yaml", done_run / "other_claims.yaml")
    with (done_run / "other_claims.yaml").open("a") as handle:
        handle.write(
            "  - {id: one_more, statement: s, source: t, that: [{quantity: {parameter: k_delay}, above: 0}]}\n"
        )
    text = (done_run / "config/predictions.yaml").read_text()
    (done_run / "other_predictions.yaml").write_text(text.replace("until: 240", "until: 200", 1))
    text = (done_run / "config/datasets/example.yaml").read_text()
    (done_run / "other_description.yaml").write_text(text.replace("title: ", "title: Other ", 1))
    shutil.copytree(done_run / "resources/example", done_run / "other_data")
    shutil.copytree(done_run / "own", done_run / "other")
    (done_run / "modules").mkdir()
    (done_run / "modules" / "waste.ant").write_text(MODULE)
    for key in KEYS:
        (done_run / f"{key}.yaml").write_text(yaml.safe_dump(changed(key)))
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(KEYS, pool.map(lambda key: planned(done_run, f"{key}.yaml"), KEYS), strict=True))

    assert {key: sorted(rules) for key, rules in found.items()} == {key: sorted(r) for key, (_, r) in KEYS.items()}
