"""Held-out data on the page: values, limits, and what no number counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from il6infer.configuration.hold_out import HoldOut
from il6infer.report.hold_out import conclusions, conditions_of, estimated_alone, hold_out_figure, parts_of
from il6infer.report.page import environment
from il6infer.report.sections import doubts
from il6infer.stages.hold_out import Band, HeldOut, Limit, Point, Score, Series, score_of
from tests.zoo.verdicts import verdict

POINT = Point("il6", 30.0, 2.0, 0.5, 1.0, 1.5, 2.5, 3.0, rank=0.6, log_density=-1.0, smoother=None)
LIMITS = (Limit("il6", 0.0, 0.4, "below", 0.95), Limit("il6", 60.0, 9.0, "above", 0.15))
BAND = Band("il6", (0.0, 60.0), *(((float(i), i + 1.0)) for i in range(5)))


def found(points: tuple[Point, ...], limits: tuple[Limit, ...]) -> HeldOut:
    share = 1.0 if points else None
    score = Score(len(points), share, share, -1.0 * len(points), 0, None, None, None)
    series = Series("pSTAT3", "gel", "lognormal", (), None, score, points, limits, (BAND,))
    return HeldOut("p", 200, 0, (), score, (series,))


def test_values_beyond_a_limit_are_drawn_and_point_to_where_they_lie():
    for points in ((POINT,), ()):
        [axis] = hold_out_figure(found(points, LIMITS).series[0], {"il6": "IL-6 10 ng/ml"}).axes
        assert axis.get_title(loc="left") == "IL-6 10 ng/ml"
        drawn = {
            line.get_marker(): (line.get_xdata(), line.get_ydata()) for line in axis.lines if len(line.get_xdata())
        }
        assert (drawn["v"], drawn["^"]) == (([0.0], [0.4]), ([60.0], [9.0]))
        assert ("o" in drawn) == bool(points)


def test_conditions_of_a_data_set_that_is_held_out_whole_are_told_by_what_was_done(tmp_path):
    """Panels were called ``plates_il6_0p5``."""
    (tmp_path / "plates").mkdir()
    (tmp_path / "plates" / "protocol.csv").write_text(
        "condition,time_min,action,species,concentration_nM,dose,unit,knock_out,set\n"
        "il6_0p5,0,add,IL6,0.024,0.5,ng/ml,,\nil6_0p5,20,wash,,,,,,\nnone,0,control,,,,,,\n"
    )
    said = conditions_of(tmp_path, HoldOut((), (), ("plates", "not_there")))

    assert said == {"plates_il6_0p5": "IL-6 0.5 ng/ml; wash at 20 min", "plates_none": "no stimulus"}


def test_how_many_limits_are_predicted_is_said_beside_the_coverage():
    plain = "classic: 1 of 1 held-out values lie in their 90 % intervals"

    assert conclusions({"classic": found((POINT,), ())}, {}) == [f"{plain}."]
    assert conclusions({"classic": found((POINT,), LIMITS)}, {}) == [
        f"{plain}; of 2 more, known to lie beyond a limit, 1.1 are predicted there."
    ]


def test_what_else_is_doubted_of_a_fit_stands_by_what_it_predicts_and_only_what_makes_it_none_silences_it():
    """Real data pull at some prior in every model: that no fit can be trusted was said of all of them."""
    one = {"classic": found((POINT,), ())}
    [said] = conclusions(one, {"classic": doubts(verdict(agrees=False))})

    assert said.startswith("classic, which holds a constant fixed that the data pull at: 1 of 1 held-out values lie")
    for unfit in ({"sampled": False}, {"reproduces": False}):
        assert conclusions(one, {"classic": doubts(verdict(**unfit))}) == []


@pytest.mark.parametrize(("points", "said"), [((POINT,), "<td>1.00</td>"), ((), "<td>none</td>")])
def test_a_gel_of_limits_alone_has_no_coverage(points, said):
    macro = environment().get_template("macros.html.j2").module.scores
    row = str(macro(found(points, LIMITS).score, None, "2, 1.1 predicted"))

    assert "<td>2, 1.1 predicted</td>" in row
    assert row.count(said) == 2 + 2 * (said == "<td>none</td>")  # R2 and log density, too


def test_each_data_set_that_is_held_out_whole_is_scored_apart():
    """Leave-data-set-out beside held-out gels: the data set's own score is what is asked, and was in no row."""
    near, far = replace(POINT, smoother=-2.0), replace(POINT, rank=0.99, log_density=-9.0, smoother=-3.0)
    series = found((near, far), ()).series[0]
    model = replace(
        found((near,), ()),
        score=score_of((near, far, near, far, far)),
        series=tuple(
            replace(series, batch=batch, points=tuple(replace(point, condition=condition) for point in points))
            for batch, condition, points in (
                ("cells_a_gel1", "cells_a_il6", (near, far)),
                ("cells_a_gel2", "cells_a_il6", (near,)),
                ("cells_far_gel", "il6", (far, far)),  # of a fitted data set, whose gel is called so
            )
        ),
    )

    parts = parts_of(model, ["cells", "cells_a"])

    assert [(name, score.measurements, score.coverage_90) for name, score in parts] == [
        ("data set cells_a", 3, 2 / 3), ("gels of fitted data sets", 2, 0.0),
    ]  # fmt: skip
    assert parts[0][1].difference == pytest.approx(1 - 6 + 1)
    assert parts[1][1].difference_se == 0
    assert parts_of(model, []) == []
    [said] = conclusions({"classic": model}, {}, ["cells_a"])
    assert said == (
        "classic: 2 of 5 held-out values lie in their 90 % intervals, 16.0 ± 8.6 behind the smoother in log density; "
        "of data set cells_a 2 of 3 do, 4.0 ± 7.0 behind the smoother in log density; of gels of fitted data sets 0 of "
        "2 do, 12.0 ± 0.0 behind the smoother in log density."
    )


def test_what_a_gel_estimates_alone_is_named_without_the_gel():
    names = (
        "offset_pSTAT3_cells_gel",
        "scale_pSTAT3_cells_gel",
        "sigma_pSTAT3_cells",
        "sigma_pSTAT3_cells_factor_gel",
        "k_other",
    )
    one = replace(found((POINT,), ()).series[0], readout="pSTAT3_cells", batch="cells_gel", alone=names)

    assert estimated_alone(one) == "offset, scale, sigma, sigma_factor, k_other"
    assert estimated_alone(replace(one, alone=())) == "nothing"
