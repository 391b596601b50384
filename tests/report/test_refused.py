"""What was refused stands nowhere on the page: a ranking without a number, a finding of draws that are no posterior."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from il6infer.comparison import Fit, compare
from il6infer.diagnosis import Thresholds, diagnose
from il6infer.prediction.average import average
from il6infer.report import render
from il6infer.report.conclusions import influences
from il6infer.report.joint import Shared, _says
from il6infer.report.sections import HEDGES, MISFIT, NOT_CONVERGED, doubts
from il6infer.stages import write
from il6infer.stages.claims import Answers, ClaimAnswer
from il6infer.stages.verdict import ParameterStatistics
from tests.report.between import between
from tests.report.identifiability import identifiability
from tests.report.test_freed import freed_table
from tests.zoo.posterior import normal_mean
from tests.zoo.verdicts import LACK, PULL, evidence, model_row, verdict


def parameter() -> ParameterStatistics:
    """A parameter of which the data say nothing."""
    return replace(
        ParameterStatistics(**dict.fromkeys((f.name for f in fields(ParameterStatistics)), None)), contraction=0.0
    )


RANKING = re.compile(
    r"\bthe best\b(?! (fit|model by|mode|of the best))|\bahead\b|\bprefers?\b|in place of|[Aa]veraged over"
    r"|evidence against it"
)
"""What says of one model that it is before another."""


@pytest.fixture
def unranked(run: tuple[Path, Path]) -> tuple[Path, Path]:
    """Two models that sampled and reproduce the data, of which the criterion that ranks has no number."""
    config, results = run
    fits = []
    for model, seed in (("both_socs3", 1), ("both_none", 2)):
        idata, folder = normal_mean(seed=seed), results / "toy" / model
        idata.to_netcdf(str(folder / "posterior.nc"), engine="h5netcdf")
        write(folder / "verdict.json", diagnose(idata, Thresholds()))
        write(folder / "identifiability.json", identifiability())
        fits.append(Fit(model, idata, diagnose(idata, Thresholds()), evidence(None)))
    found = compare("toy", fits, criterion="evidence")
    write(results / "toy" / "comparison.json", found)
    write(results / "toy" / "freed.json", freed_table())
    answer = ClaimAnswer("peak", "It peaks.", "a guide", "", (), 0.5, 1.0, 4.0, "at least")
    own = Answers("toy", 10, (answer,))
    write(results / "toy" / "claims.json", average({row.model: own for row in found.models}, found))
    text = {**yaml.safe_load(config.read_text()), "claims": "claims.yaml", "comparison": {"criterion": "evidence"}}
    config.write_text(yaml.safe_dump(text))
    return run


@pytest.mark.parametrize("paper", [False, True])
def test_nothing_on_an_unranked_page_holds_one_model_against_another(unranked: tuple[Path, Path], paper: bool) -> None:
    page = render(*unranked, paper=paper)
    body = re.sub(
        r"<(script|style|svg).*?</\1>", " ", page[page.index("<main") : page.index('id="methods"')], flags=re.DOTALL
    )
    # What a table holds, and sentences; of how a page is read no more than that it is.
    told = [line for line in re.sub(r"<[^>]*>", " ", body).splitlines() if RANKING.search(line)]
    table = between(page, 'id="toy-comparison"', "</table>").split("<tbody>")[1]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in table.split("</tr>")[:-1]]

    assert [row[0] for row in rows] == ["", ""]
    assert [row[5:10] for row in rows] == [["not ranked", "", "none", "none", "none"]] * 2
    assert "models compared, " not in page
    assert 'aria-label="models by every criterion"' not in page
    assert 'aria-label="models compared"' not in page
    assert page.count("No model has a number by the criterion that ranks") == 3  # summary, note, claims
    assert "\n".join(told) == ""


def test_where_a_criterion_ranks_its_weights_stand_beside_those_of_single_values(run: tuple[Path, Path]) -> None:
    """Averages were by the evidence, and the table had the weights of single values alone."""
    config, results = run
    idata = normal_mean()
    fits = [
        Fit(m, idata, diagnose(idata, Thresholds()), evidence(v))
        for m, v in (("both_socs3", -60.0), ("both_none", -61.0))
    ]
    write(results / "toy" / "comparison.json", compare("toy", fits, criterion="evidence"))
    page = render(config, results)
    table = between(page, 'id="toy-comparison"', "</table>")

    assert "Ranks and averages are by the evidence" in table
    assert [re.findall(r"<td[^>]*>(.*?)</td>", row)[9] for row in table.split("<tbody>")[1].split("</tr>")[:-1]] == [
        "0.73",
        "0.27",
    ]


UNFIT = [(False, True), (True, False), (False, False)]


@pytest.mark.parametrize(("sampled", "reproduces"), UNFIT)
def test_what_a_verdict_finds_in_draws_that_are_no_posterior_is_called_no_result(
    sampled: bool, reproduces: bool
) -> None:
    found = {d.label: d.reasons for d in doubts(verdict(sampled=sampled, reproduces=reproduces, agrees=False))}
    pull, lack = PULL.message, LACK.message
    said = [HEDGES[label] for label, good in ((NOT_CONVERGED, sampled), (MISFIT, reproduces)) if not good]

    assert found["DATA PULL A FIXED CONSTANT"] == (f"{', '.join(said)}: {pull}",)
    if not sampled:
        assert not found[NOT_CONVERGED][0].startswith("no result")
    if not sampled and not reproduces:
        assert found[MISFIT] == (f"no result (the fit did not converge): {lack}",)


def test_answers_of_a_fit_that_did_not_converge_are_no_result_in_its_table_of_checks(page: str) -> None:
    """\"ok\" stood beside lack of fit and prior conflict, which are told by draws that are no posterior."""
    for model, start in (("both_socs3", ""), ("both_none", "no result (the fit did not converge): ")):
        checks = between(page, f'id="toy-{model}"', "</details>").split("<h4>Diagnostics")[1].split("</table>")[0]
        rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in checks.split("<tbody>")[1].split("</tr>")[:-1]]
        of_draws = [row[5] for row in rows if row[1] in ("reproduces", "agrees")]
        assert len(of_draws) > 1
        assert all(said.startswith(start) for said in of_draws)
        assert any(said == f"{start}ok" for said in of_draws)


def test_every_sentence_about_a_fit_goes_through_what_says_whether_it_is_one() -> None:
    """Words that a template takes from a fit: each is hedged, but what holds whatever the fit."""
    whatever = {"{{ direction.says }}", "{{ row.says | doi }}"}  # of a literature constraint, what was published
    spoken = re.compile(r"\{\{[^}]*(?:\.says|told_by|\.message|plateau \|)[^}]*\}\}")
    found = {
        (path.name, words)
        for path in Path(str(files("il6infer.report"))).glob("templates/*.j2")
        for words in spoken.findall(path.read_text("utf-8"))
    }

    assert len(found) > 4
    assert [
        f"{name}: {words}" for name, words in sorted(found) if "hedged" not in words and words not in whatever
    ] == []


def test_what_would_change_the_conclusion_says_whose_model_misses_the_data() -> None:
    row = model_row("a", rank=1, elpd_diff=0.0, diff_se=0.0, level=True)
    unknown = replace(verdict(reproduces=False), parameters={"mu": parameter()})
    said = influences([row], {"a": unknown}, {"a": {"mu": {"lower": None, "upper": None}}})

    assert said == ["a: in a model that misses the data: the data say little about mu; there the prior speaks."]


@pytest.mark.parametrize(
    ("lower", "upper", "low", "high", "said"),
    [
        (0.0, 0.98, 0.001, 0.4, False),  # a share of nothing
        (0.0, 1.0, 0.5, 0.999, False),
        (0.0, 40.0, 0.1, 7.0, True),
        (1e-3, 1.0, 0.1, 0.99, True),
        (1e-3, 1e3, 0.1, 7.0, False),
    ],
)
def test_no_wider_bounds_are_asked_of_a_share(lower: float, upper: float, low: float, high: float, said: bool) -> None:  # noqa: FBT001
    row = model_row("a", rank=1, elpd_diff=0.0, diff_se=0.0, level=True)
    known = replace(verdict(), parameters={"mu": replace(parameter(), contraction=1.0, q05=low, q95=high)})

    pressed = "a: mu presses against a bound; wider bounds may change the fit."
    assert (pressed in influences([row], {"a": known}, {"a": {"mu": {"lower": lower, "upper": upper}}})) == said


@pytest.mark.parametrize(("apart", "line"), [(3.0, "mu: one and other disagree, 3.0 standard"), (1.0, "No two data")])
def test_data_sets_alone_disagree_only_as_far_as_their_fits_are_any(apart: float, line: str) -> None:
    three = (1.0, 0.5, 2.0)
    shared = [Shared("mu", three, {"one": three, "other": three}, apart, ("one", "other"))]
    alone = {"one": verdict(), "other": verdict(), "third": verdict(sampled=False)}
    start = "No result (the fit did not converge): no two data" if apart < 2 else line

    assert _says(shared, verdict(), {"one": verdict(), "other": verdict()})[0].startswith(line)
    assert _says(shared, verdict(), alone)[0].startswith(start)
    stuck = _says(shared, verdict(), {**alone, "other": verdict(sampled=False)})[0]
    assert stuck.lower().startswith(f"no result (the fit did not converge): {line.lower()}")


def test_moves_from_a_fit_that_did_not_converge_are_no_result_where_constants_are_freed(run: tuple[Path, Path]) -> None:
    table = freed_table()
    [one] = table.models[0].constants
    stuck = replace(table.models[1], constants=(one,))
    note = "both_none, km_export freed: k_dephos 0.1 to 0.25 (+1.8 sd)."
    write(run[1] / "toy" / "freed.json", replace(table, models=(table.models[0], stuck), notes=(note,)))
    part = between(render(*run), "Constants freed", "</table>")

    assert "freed: no result (the fit did not converge): k_dephos 0.1 to 0.25 (+1.8 sd)." in part
    assert part.count(">no result (the fit did not converge): k_dephos 0.1 to 0.25 (+1.8 sd)</td>") == 1
    assert part.count(">k_dephos 0.1 to 0.25 (+1.8 sd)</td>") == 1


def test_lights_and_tables_count_no_answer_of_draws_that_are_no_posterior(page: str) -> None:
    """A fit with a chain that is stuck was counted as a model that reproduces the data, in green."""
    answer = between(page, 'id="toy-answer"', "<figure")
    rows = between(page, 'id="toy-comparison"', "</table>").split("<tbody>")[1].split("</tr>")[:-1]
    told = [re.sub(r"<[^>]*>", "", re.findall(r"<td[^>]*>(.*?)</td>", row)[3]) for row in rows]

    assert "<b>1 of 2</b> models that converged and reproduce the data" in answer
    assert "<b>1 of 2</b> fits that converged and agree with their priors and fixed constants" in answer
    assert told == ["yes", "not known"]
