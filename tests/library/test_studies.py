"""Priors that lean on a study: which, and how they are widened where its data are fitted."""

from __future__ import annotations

import pytest

from il6infer._errors import UserError
from il6infer.configuration.load import schema
from il6infer.library.compose import compose
from il6infer.library.priors import prior_table
from il6infer.library.studies import leaning, studies, without_studies


def test_each_row_is_of_a_prior_whose_source_names_the_study():
    sources = prior_table().set_index("parameter")["source"]
    for row in studies().itertuples():
        author, year = row.study.rstrip("0123456789"), row.study[-4:]
        assert author in sources[row.parameter], row.parameter
        assert year in sources[row.parameter], row.parameter
        assert row.kind in ("data", "fit", "prior"), row.parameter
    assert not studies().duplicated(["study", "parameter"]).any()


def test_the_schema_knows_the_studies():
    assert schema()["properties"]["without_studies"]["items"]["enum"] == sorted(set(studies()["study"]))


def test_what_leans_on_a_study_is_widened_and_nothing_else():
    model = compose("both_socs3+jak@hepatocyte")
    before, after = (m.priors.set_index("parameter") for m in (model, without_studies(model, ["Sobotta2017"])))
    changed = set(before.index[(before["low"] != after["low"]) & before["low"].notna()])

    estimated = set(before.index[before["distribution"] != "fixed"])
    assert changed == set(studies()["parameter"][studies()["study"] == "Sobotta2017"]) & estimated
    assert {"k_phosphorylation", "k_SOCS3_protein"} < changed
    row = after.loc["k_phosphorylation"]
    assert (row["low"], row["median"], row["high"]) == pytest.approx((0.016, 0.8, 40.0))
    assert row["source"].startswith("widened tenfold either way, without Sobotta2017; else: about 54 %")


def test_two_studies_widen_a_prior_of_both_once():
    model = without_studies(compose("both_socs3"), ["Sobotta2017", "Zeilfelder2025"])
    row = model.priors.set_index("parameter").loc["k_delay"]

    assert leaning("k_delay") == ["Sobotta2017", "Zeilfelder2025"]
    assert row["high"] == pytest.approx(3.3)
    assert "without Sobotta2017 and Zeilfelder2025;" in row["source"]


def test_an_unknown_study_is_refused():
    with pytest.raises(UserError) as caught:
        without_studies(compose("both_socs3"), ["Sobota2017"])

    assert str(caught.value) == (
        "studies to leave out: 1 fault\n"
        "  - Sobota2017: no prior of the library leans on a study of that name. Did you mean 'Sobotta2017'? "
        "Known: Sobotta2017, Wilmes2021, Zeilfelder2025."
    )
