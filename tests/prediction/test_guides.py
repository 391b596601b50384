"""The project's own claims: each has a source, and a model of the library that can be asked it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from il6infer.library.catalogue import shipped
from il6infer.library.compose import compose
from il6infer.network.sbml import read_sbml
from il6infer.prediction.ask import lacking
from il6infer.prediction.claims import needs, read_claims

ROOT = Path(__file__).parents[2]
CLAIMS = read_claims(ROOT / "config" / "claims.yaml")
TEXT = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")

MODELS = (
    "both_socs3",
    "cluster_socs3",
    "both_socs3+wiring_shared",
    "both_socs3+targets",
    "both_socs3+stat1",
    "both_socs3+assays",
    "both_socs3+antibodies",
    "both_socs3+drugs",
    "both_socs3+sgp130",
    "both_socs3@HUVEC",
)
"""Models that together can be asked every claim."""


def askable(name: str) -> set[str]:
    """Ids of the claims that a model has all parts for."""
    model = compose(name)
    estimated = model.priors.query("distribution != 'fixed'")["parameter"]
    absent = lacking(read_sbml(model.sbml, name), set(estimated), CLAIMS)
    return {claim.id for claim in CLAIMS.claims if not absent.keys() & needs(claim)}


@pytest.fixture(scope="module")
def able() -> dict[str, set[str]]:
    return {name: askable(name) for name in MODELS}


def test_every_claim_can_be_asked_of_a_model(able):
    assert [claim.id for claim in CLAIMS.claims if not any(claim.id in found for found in able.values())] == []


def test_each_of_these_models_is_needed(able):
    for name, found in able.items():
        others = set().union(*(ids for other, ids in able.items() if other != name))
        assert found - others or name == "both_socs3", name


def test_classic_and_trans_models_are_asked_only_what_concerns_them():
    classic, trans = askable("classic_socs3"), askable("trans_socs3")

    assert "trans_stronger" not in classic | trans
    assert {"sgp130Fc_reaches_classic", "receptor_ratio_decides"} <= classic - trans
    assert {"sgp130Fc_blocks_trans", "hyper_il6_potency"} <= trans - classic


def test_a_model_that_il6_alone_does_not_reach_is_not_asked_what_it_does():
    trans = askable("trans_socs3")
    doing = {"half_of_stat3_phosphorylated", "peak_at_30_min", "rebounds", "ec50_il6", "socs3_ends_the_signal"}

    assert trans & doing == set()
    assert askable("classic_socs3") >= doing
    assert askable("trans_socs3+akt+mapk") & {"erk_rises", "akt_rises"} == set()


def test_cluster_models_are_not_asked_about_classic_signalling():
    assert askable("cluster_socs3") & {"sgp130Fc_spares_classic", "sgp130Fc_hits_classic"} == set()


@pytest.mark.parametrize(("feedback", "asked"), [("none", False), ("socs3", True), ("loss", True), ("dual", True)])
def test_what_socs3_does_is_asked_where_it_does_something(feedback, asked):
    assert ("socs3_ends_the_signal" in askable(f"both_{feedback}")) is asked
    assert ("trans_evades_socs3" in askable(f"both_{feedback}")) is asked


def test_without_socs3_neither_of_its_actions_is_left():
    plans = CLAIMS.plans
    for name in ("without_socs3", "classic_without_socs3", "trans_without_socs3"):
        assert "k_SOCS3_protein" in plans[name].knock_out
        assert not plans[name].set
    assert "IL6R_0" in plans["trans_without_socs3"].knock_out


def test_every_experiment_is_used():
    used = {name for claim in CLAIMS.claims for kind, name in needs(claim) if kind == "experiment"}

    assert set(CLAIMS.plans) - used == set()


@pytest.mark.parametrize("claim", CLAIMS.claims, ids=lambda claim: claim.id)
def test_every_source_has_a_place_or_a_doi(claim):
    guide = re.match(r"Guide [12], (first|second) table|Guide [12], (table|section|protocol) ?\w*", claim.source)
    publication = re.search(
        r"\b(19|20)\d\d,? \(?(doi 10\.\d{4,}/\S+\w|[A-Z][\w ]+ \d+:\d+|[A-Z][\w ]+, abstract)", claim.source
    )
    data = "Data2Dynamics, " in claim.source

    assert guide or publication or data, claim.source


def test_the_page_names_every_claim_of_the_guides_and_no_other():
    rows = [line for line in TEXT.splitlines() if re.match(r"\| [12], ", line)]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[3])}
    of_guides = {claim.id for claim in CLAIMS.claims if claim.source.startswith("Guide")}

    assert of_guides - named == set()
    assert named - {claim.id for claim in CLAIMS.claims} == set()


def test_the_page_says_what_needs_an_option(able):
    [table] = re.findall(r"\| part of the name \|.*?\n\n", TEXT, re.DOTALL)
    said = {m: int(n) for m, n in re.findall(r"^\| `([^`]+)` \|.*\| (\d+) \|$", table, re.MULTILINE)}
    extra = {name.removeprefix("both_socs3"): len(ids - able["both_socs3"]) for name, ids in able.items()}

    assert said == {part.removesuffix("_socs3"): n for part, n in extra.items() if part}
    plain = [f"{receptor}_socs3" for receptor in shipped().receptors]
    counts = [len(able[name]) if name in able else len(askable(name)) for name in plain]
    words = "|".join(shipped().receptors)
    stated = [int(n) for n in re.findall(rf"`(?:{words})_\*` (?:models can be asked )?(\d+)", TEXT)]
    assert sorted(stated) == sorted(counts)
    assert f"Of the {len(CLAIMS.claims)} claims" in TEXT
