"""What changes with a constant freed: elpd, parameters that move, the model that is ahead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer.cli import main as cli
from il6infer.comparison import Fit, FreedFit, free_in_turn
from il6infer.library.compose import compose
from il6infer.library.freeing import INPUTS, held_constants
from il6infer.stages import read
from il6infer.stages.constant import Constant
from il6infer.stages.freed import Freed
from il6infer.stages.verdict import ParameterStatistics, Verdict
from tests.zoo.posterior import normal_mean
from tests.zoo.verdicts import verdict


def statistics(median: float, sd_ln: float = 0.1) -> ParameterStatistics:
    known = {"median": median, "sd_ln": sd_ln, "q05": median * 0.8, "q95": median * 1.2}
    names = ParameterStatistics.__dataclass_fields__
    return ParameterStatistics(**{**dict.fromkeys(names), **known})


def judged(sampled: bool = True, reproduces: bool = True, **medians: float) -> Verdict:
    made = verdict(sampled=sampled, reproduces=reproduces)
    held = {"k": Constant(2.0, 1.0, 0.1, 1.0, 0.5, 3.0, {})}
    return replace(made, parameters={name: statistics(m) for name, m in medians.items()}, constants=held)


def fit(model: str, by: float = 0.0, **said) -> Fit:
    idata = normal_mean()
    idata["log_likelihood"]["y"].values[:] -= by
    return Fit(model, idata, judged(**said))


def test_what_freeing_does_to_elpd_parameters_and_order():
    fits = [fit("a", 0.2, Kd=1.0, kon=1.0), fit("b", 0.0, Kd=1.0, kon=1.0)]
    freed = [
        FreedFit("a", "k", fit("a", -0.3, Kd=np.exp(0.5), kon=1.05, k=4.0)),
        FreedFit("b", "k", fit("b", 0.0, Kd=1.0, kon=1.0, k=2.0)),
    ]
    found = free_in_turn("toy", fits, freed)
    [one], [other] = (row.constants for row in found.models)

    assert (one.held_at, one.median) == (2.0, 4.0)
    assert one.elpd_diff == pytest.approx(0.5 * 60)
    assert [m.parameter for m in one.moved] == ["Kd"]
    assert one.moved[0].sds == pytest.approx(5.0)
    assert (other.elpd_diff, other.moved) == (pytest.approx(0.0), ())
    assert [(row.constant, row.model) for row in found.first] == [("", "b"), ("k", "a")]
    assert found.notes == (
        "k freed: a is ahead in place of b, and the data tell it apart from the second.",
        "a, k freed: elpd rises by 30.0 +- 0.0, at 4 (3.2 to 4.8), held at 2 before.",
        "a, k freed: Kd 1 to 1.65 (+5.0 sd).",
    )


def test_a_fit_that_did_not_sample_has_no_number_and_says_so():
    found = free_in_turn("toy", [fit("a", Kd=1.0)], [FreedFit("a", "k", fit("a", -0.3, sampled=False, Kd=9.0))])

    assert found.models[0].constants[0].elpd_diff is None
    assert found.notes == ("a, k freed: this fit did not sample; what it says is not to be trusted.",)


def test_a_verdict_that_changes_is_told():
    found = free_in_turn("toy", [fit("a", reproduces=False)], [FreedFit("a", "k", fit("a"))])

    assert found.notes == ("a, k freed: it now reproduces the data.",)


def test_a_difference_that_disappears_is_told():
    fits = [fit("a"), fit("b", 0.2)]
    found = free_in_turn("toy", fits, [FreedFit("b", "k", fit("b", 0.001))])

    assert found.notes[0] == "k freed: a stays ahead, but the data no longer tell it apart from the second."


def test_inputs_and_units_are_no_constants_to_free():
    held = held_constants(compose("classic_socs3@hepatocyte"))

    assert {"k_import", "k_export", "hill_SOCS3", "k_basal"} < set(held)
    assert not set(held) & set(INPUTS)


def test_a_freed_model_without_its_own_fit_is_refused(capsys, tmp_path):
    words = ["freed", "--fit", "a", "p.nc", "v.json", "--freed", "b", "k", "p.nc", "v.json", "--dataset", "toy"]

    assert cli.main([*words, "--output", str(tmp_path / "freed.json")]) == 2
    assert "--freed: 'b' has no --fit to be held against. Known: a." in capsys.readouterr().err


def test_other_measurements_are_refused():
    other = fit("a")
    other.idata["observed_data"]["y"].values[0] += 1.0
    with pytest.raises(UserError, match="was fitted to other measurements"):
        free_in_turn("toy", [fit("a")], [FreedFit("a", "k", other)])


def test_the_file_is_read_back(tmp_path):
    from il6infer.stages import write

    found = free_in_turn("toy", [fit("a", Kd=1.0)], [FreedFit("a", "k", fit("a", Kd=2.0, k=3.0))])
    write(tmp_path / "freed.json", found)

    assert read(tmp_path / "freed.json", Freed) == found
