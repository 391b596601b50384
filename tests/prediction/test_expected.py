"""The table of published behaviour: whole, sourced, and what the collected facts say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandera.errors import SchemaError

from il6infer._errors import UserError
from il6infer.library.compose import compose
from il6infer.prediction.expected import as_claims, expected, expected_table
from tests.prediction.expected_schema import EXPECTED

# Row -> name of the fact, position where one fact holds several values, factor to the table's unit.
FACTS = {
    "pSTAT3_peak_time_HepG2": ("pSTAT3 time to peak HepG2", 0, 1),
    "pSTAT3_peak_time_PHH": ("pSTAT3 time to peak PHH", 0, 1),
    "pSTAT3_peak_time_BMDM": ("pSTAT3 time to peak BMDM", 0, 1),
    "pSTAT3_peak_time_hepatocyte": ("pSTAT3 time to peak mouse hepatocyte", 0, 1),
    "pSTAT3_peak_time_HyperIL6": ("pSTAT3 time to peak Th1/RPE1 HypIL-6", 0, 1),
    "SOCS3_mRNA_peak_time": ("SOCS3 mRNA time to peak", 0, 1),
    "SOCS3_protein_peak_time": ("SOCS3 protein time to peak", 0, 1),
    "pSTAT3_amplitude": ("STAT3 phosphorylated fraction at 18 min", 0, 0.01),
    "pERK_amplitude": ("pERK max fold mouse hepatocyte", 0, 1),
    "pAKT_amplitude": ("pAKT max fold mouse hepatocyte", 0, 1),
    "pSTAT3_EC50": ("IL-6 EC50 pSTAT3 20 min HepG2", 0, 1),
    "SOCS3_mRNA_EC50": ("IL-6 EC50 SOCS3 mRNA 60 min HepG2", 0, 1),
    "pSTAT3_left_60_HepG2": ("pSTAT3 60 min / peak HepG2", 0, 1),
    "pSTAT3_left_120_HepG2": ("pSTAT3 120 min / peak HepG2", 0, 1),
    "pSTAT3_left_240_HepG2": ("pSTAT3 240 min / peak HepG2", 0, 1),
    "pSTAT3_left_60_PHH": ("pSTAT3 60,120,240 / peak PHH", 0, 1),
    "pSTAT3_left_120_PHH": ("pSTAT3 60,120,240 / peak PHH", 1, 1),
    "pSTAT3_left_240_PHH": ("pSTAT3 60,120,240 / peak PHH", 2, 1),
    "pSTAT3_left_60_BMDM": ("pSTAT3 60,90 / peak BMDM 10 ng/mL", 0, 1),
    "SOCS3_mRNA_left_120": ("SOCS3 mRNA 120 min / peak", 0, 1),
    "SOCS3_protein_left_120": ("SOCS3 protein 120 min / peak", 0, 1),
}
# Where the facts give values, or words, and no range: the two cells of Wilmes 2021, rest, and the induction of SOCS3.
STATED = {
    "pSTAT3_left_60_HyperIL6": (0.68, 0.83),
    "pSTAT3_left_120_HyperIL6": (0.10, 0.12),
    "pSTAT3_at_rest": (0.011, 0.015),
    "SOCS3_mRNA_amplitude": (300, 400),
}
ROWS = expected_table().set_index("id")


@pytest.fixture(scope="module")
def facts(shared: Path) -> pd.DataFrame:
    path = shared / "facts" / "parameters.csv"
    if not path.is_file():
        pytest.skip(f"the collected facts are not here: {path.name}")
    return pd.read_csv(path, dtype=str).set_index("name")


def test_every_row_is_what_a_row_must_be():
    EXPECTED.validate(expected_table())


@pytest.mark.parametrize("row", FACTS)
def test_range_is_that_of_the_facts(facts, row):
    name, position, factor = FACTS[row]
    ends = [factor * float(facts.loc[name, end].split(";")[position]) for end in ("low", "high")]

    assert [ROWS.loc[row, "low"], ROWS.loc[row, "high"]] == pytest.approx(ends)


@pytest.mark.parametrize("row", STATED)
def test_range_is_what_the_facts_state(row):
    assert (ROWS.loc[row, "low"], ROWS.loc[row, "high"]) == STATED[row]


def test_every_row_with_a_range_is_held_against_its_source():
    assert set(ROWS.index[ROWS["low"].notna()]) == set(FACTS) | set(STATED)


def test_what_was_not_published_says_so():
    without = ROWS[ROWS["low"].isna()]

    assert list(without.index) == ["pSTAT3_duration"]
    assert set(without["source"]) == {"no published range found"}


def test_source_has_a_doi_or_is_one_that_has_none():
    without = ROWS[(ROWS["doi"] == "") & ROWS["low"].notna()]

    assert without["source"].str.contains(r"Zeilfelder 2025|Cheemalavagu", regex=True).all()


def test_no_doi_is_made_up(facts, shared):
    text = " ".join(facts["source"]) + " ".join(p.read_text(encoding="utf-8") for p in (shared / "facts").glob("*.md"))

    # The facts name eLife's article 66014 by its number.
    assert {doi for doi in ROWS["doi"] if doi and doi not in text} == {"10.7554/eLife.66014"}
    assert "eLife 66014" in text


def test_range_of_an_ec50_is_read_in_nM():
    found = {r.id: r for r in expected().ranges}["pSTAT3_EC50"]

    assert (found.low, found.high) == pytest.approx((0.91 / 20.8, 1.6 / 20.8))
    assert (found.unit, found.published) == ("nM", "0.91-1.6 ng/ml")


def test_words_for_the_reader():
    found = {r.id: (r.what, r.experiment) for r in expected().ranges}

    assert found["pSTAT3_left_60_HepG2"] == ("pSTAT3 at 60 min, share of peak", "IL6 10 ng/ml")
    assert found["pSTAT3_EC50"] == ("EC50 of pSTAT3 at 20 min", "IL6 0.0001-100 nM")
    assert found["pSTAT3_at_rest"] == ("pSTAT3 at 60 min", "no stimulus")


def test_every_row_can_be_asked_of_some_model():
    known = {*compose("both_socs3").readouts, *compose("both_socs3+akt+mapk").readouts}

    assert set(ROWS["readout"]) <= known
    assert set(ROWS["experiment"]) == set(expected().claims.plans)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": ""}, "source"),
        ({"unit": "nM"}, "a unit of the quantity"),
        ({"high": 1.0}, "low < high, or neither"),
        ({"high": np.nan}, "low < high, or neither"),
        ({"cell": ""}, "a range is that of some cell"),
        ({"time_min": 5.0}, "a time where it needs one"),
        ({"doi": "Sobotta"}, "doi"),
    ],
)
def test_broken_row_is_refused(change, message):
    first = expected_table().head(1).assign(**change)

    with pytest.raises(SchemaError, match=message):
        EXPECTED.validate(first)


def test_unknown_experiment_is_refused_as_in_a_claims_file():
    with pytest.raises(UserError, match="unknown experiment 'IL6_10_ng_ml'. Known: il6."):
        as_claims(expected_table().head(1), {"experiments": {"il6": {"steps": []}}}, Path("own.yaml"))
