"""The prior table: complete, sourced, and as wide as it says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pandera.errors import SchemaError
from scipy.stats import norm

from il6infer._errors import UserError
from il6infer.library.compose import compose
from il6infer.library.names import base_names
from il6infer.library.priors import PRIORS, Z90, cell_table, interval, log_normal, prior_table
from il6infer.network.sbml import read_sbml
from tests.library.representative import REPRESENTATIVE

TABLE = prior_table().set_index("parameter")
ESTIMATED = list(TABLE.index[TABLE["distribution"] == "log-normal"])


@pytest.mark.parametrize("name", base_names())
def test_every_parameter_of_every_model_has_a_prior(name):
    network = read_sbml(compose(name).sbml)

    assert set(compose(name).priors["parameter"]) == set(network.parameters) - {"medium", "membrane", "cell"}


def test_every_row_serves_a_model():
    used = set().union(*(compose(name).priors["parameter"] for name in (*base_names(), *REPRESENTATIVE)))

    assert used == set(TABLE.index) | set(cell_table()["parameter"])


def test_full_model_has_as_many_estimated_parameters_as_read_outs_can_carry():
    assert 18 <= (compose("both_socs3").priors["distribution"] == "log-normal").sum() <= 22


@pytest.mark.parametrize("parameter", ESTIMATED)
def test_stated_interval_lies_in_the_90_percent_interval_and_touches_it(parameter):
    row = TABLE.loc[parameter]
    mean, sd = log_normal(row["median"], row["low"], row["high"])
    low, high = np.exp(norm.ppf([0.05, 0.95], mean, sd))

    assert math.exp(mean) == pytest.approx(row["median"])
    assert low <= row["low"] * (1 + 1e-9)
    assert high >= row["high"] * (1 - 1e-9)
    assert low == pytest.approx(row["low"]) or high == pytest.approx(row["high"])


@pytest.mark.parametrize(
    ("parameter", "published"),
    [
        ("Kd_IL6_IL6R", (0.5, 2.5, 9, 20, 34)),
        ("Kd_complex_gp130", (0.05, 0.8, 1)),
        ("Kd_HyperIL6_gp130", (0.126,)),
        ("k_internalisation", (math.log(2) / 30, 1.96 / 60, math.log(2) / 15)),
        ("k_dephosphorylation_n", (1.17, 0.6)),
        ("k_SOCS3_mRNA", (math.log(2) / 14.4,)),
        ("k_SOCS3_protein", (math.log(2) / 23, math.log(2) / 6.65, math.log(2) / 1.5)),
        ("k_delay", (2 / 21.1, 2 / 16.5)),
        ("k_shedding", (math.log(20) / (20 * 60),)),
    ],
)
def test_published_values_lie_in_the_interval(parameter, published):
    row = TABLE.loc[parameter]

    assert all(row["low"] * 0.999 <= value <= row["high"] * 1.001 for value in published)


def test_guide_range_of_the_first_affinity_is_the_interval():
    row = TABLE.loc["Kd_IL6_IL6R"]

    assert (row["low"], row["median"], row["high"], row["unit"]) == (0.5, 4.12, 34.0, "nM")
    assert pytest.approx(1.6448536269514722) == Z90


@pytest.mark.parametrize("parameter", ["Kd_IL6_IL6R", "Kd_complex_sgp130"])
def test_a_published_range_is_the_90_percent_interval_of_the_prior(parameter):
    row = TABLE.loc[parameter]

    assert "published range, which is the 90 % interval" in row["why"]
    assert interval(row["median"], row["low"], row["high"]) == pytest.approx((row["low"], row["high"]), rel=0.01)


def test_interval_of_a_median_off_the_middle_is_wider_on_the_short_side():
    assert interval(4680, 1772, 7588) == pytest.approx((1772, 12360.4), rel=1e-4)


def test_table_is_a_copy():
    table = prior_table()
    table.loc[:, "median"] = 0.0

    assert (prior_table()["median"] > 0).all()


def test_interval_that_misses_the_median_is_refused():
    broken = prior_table()
    broken.loc[0, "high"] = 0.6 * broken.loc[0, "median"]

    with pytest.raises(SchemaError, match="low < median < high"):
        PRIORS.validate(broken)


def test_missing_source_is_refused():
    with pytest.raises(SchemaError, match="source"):
        PRIORS.validate(prior_table().assign(source=""))


def test_unknown_model():
    with pytest.raises(UserError) as error:
        compose("both_sox3")

    assert str(error.value) == (
        "unknown model 'both_sox3'. Did you mean 'both_socs3'? "
        "Known: both_dual, both_loss, both_none, both_socs3, classic_dual, classic_loss, classic_none, classic_socs3, "
        "cluster_dual, cluster_loss, cluster_none, cluster_socs3, linear_dual, linear_loss, linear_none, linear_socs3, "
        "trans_dual, trans_loss, trans_none, trans_socs3."
    )


def test_luciferase_decay_is_fixed_at_its_measured_half_life():
    """Free, it would trade places with the decay of the mRNA: two modes that no read-out tells apart."""
    row = TABLE.loc["k_luciferase"]

    assert row["distribution"] == "fixed"
    assert 3 * 60 <= math.log(2) / row["median"] <= 4 * 60
