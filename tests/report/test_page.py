"""The page: whole, honest, self-contained, the same bytes each time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.report import render
from il6infer.report.conclusions import near, vocabulary
from il6infer.report.sections import MISFIT, NOT_CONVERGED, PRIOR_CONFLICT, Doubt, hedged
from il6infer.stages import write
from il6infer.stages.claims import ClaimAnswer, Quantity, Summary, WeighedClaim, WeighedClaims
from tests.report.between import between
from tests.report.identifiability import profiles
from tests.zoo.posterior import normal_mean
from tests.zoo.verdicts import model_row

VOID = {"meta", "link", "br", "img", "input", "hr", "path", "use"}


class _Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.links += [v for k, v in attrs if k in ("href", "src", "xlink:href") and v]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def test_page_is_balanced_self_contained_and_escapes_what_users_wrote(page: str) -> None:
    parser = _Balance()
    parser.feed(page)
    assert parser.open == []
    # Links to publications are followed by a click; nothing is loaded.
    assert [x for x in parser.links if not x.startswith(("#", "data:", "https://doi.org/"))] == []
    assert page.count("<script>") == 1
    assert "<script>alert" not in page
    assert "Toy &lt;script&gt;" in page
    assert len(page.encode()) < 1e6


def test_every_section_is_there(page: str) -> None:
    for heading in ("Which mechanism", "Does any model fit", "Data and protocol", "Models compared", "Diagnostics",
                    "What would change the conclusion", "Methods and provenance", "Posterior against prior",
                    "Most correlated parameters"):  # fmt: skip
        assert heading in page
    assert "SIMULATED DATA" in page


def test_what_the_data_can_tell_stands_in_words_and_what_is_not_known_is_said(page: str) -> None:
    assert "Of 2 independent directions in the parameters, the data tell more than the prior of 1." in page
    assert (
        "Whatever the fit, <b>1</b> change anything that was measured, however little (at 2 of 6 points of the prior"
        in page
    )
    assert "<li>only the product mu × nu</li>" in page
    assert "only the ratio mu / xi <small>(along which they change holds 0.03 of the prior's information)" in page
    assert "is not known: no draw of the posterior could be simulated." in page
    assert "profile in words" not in page


def test_what_draws_say_is_no_result_where_they_did_not_converge_or_miss_the_data(page: str) -> None:
    told = "the data would tell it if others were known"
    assert re.findall(f'<td class="l">([^<]*){told}</td>', page) == [
        "",
        "no result (the fit did not converge): ",
    ]
    # Of what moves the posterior: in the table of the fit that passed alone without a word before it.
    [passed, failed] = page.split('id="toy-both_none-parameters"')
    assert "<small>data</small>" in passed
    assert "<small>data</small>" not in failed
    unsampled, misfit, sound = (
        Doubt(NOT_CONVERGED, "", ("R-hat",)),
        Doubt(MISFIT, "", ("p 0",)),
        Doubt(PRIOR_CONFLICT, "", ("k",)),
    )
    assert hedged("x", (misfit, sound)) == "in a model that misses the data: x"
    assert (
        hedged("x", (unsampled, misfit)) == "no result (the fit did not converge), in a model that misses the data: x"
    )
    assert hedged("x", (unsampled,), of_draws=False) == "x"
    assert hedged("x", (sound,)) == "x"
    assert hedged("", (misfit,)) == ""


def test_profiles_stand_beside_the_posterior_where_they_are_asked_for(run: tuple[Path, Path]) -> None:
    config, results = run
    config.write_text(config.read_text() + "identifiability: {profiles: true}\n")
    write(results / "toy" / "both_socs3" / "profiles.json", profiles())
    with pytest.raises(UserError, match=r"both_none/profiles\.json: no such file\. Run the stage that writes it"):
        render(*run)
    write(results / "toy" / "both_none" / "profiles.json", profiles(short=3.0))
    page = render(*run)

    assert page.count("the data give a lower limit alone, 0.76") == 2
    assert page.count("NOT TO BE TRUSTED: its search ended 3 below the best fit known") == 1
    assert "dashed: profile likelihood of the data alone" in page


def test_literature_constraints_stand_as_what_they_are(run: tuple[Path, Path], page: str) -> None:
    assert "Literature constraints" not in page
    path = run[1] / "toy" / "both_socs3" / "posterior.nc"
    idata = normal_mean()
    row = {"says": "literature, not data: x", "value": 0.75, "sd": 0.152, "prior": [0.02, 0.27, 0.86],
           "posterior": [0.47, 0.711, 0.907]}  # fmt: skip
    idata["posterior"].attrs["literature"] = json.dumps({"literature_x": row})
    idata.to_netcdf(str(path), engine="h5netcdf")
    told = render(*run)

    assert told.count("Literature constraints") == 1
    assert (
        '<td class="l">literature, not data: x</td><td>0.75</td><td>0.15</td><td>0.27 (0.02&ndash;0.86)</td>'
        "<td>0.711 (0.47&ndash;0.907)</td>"
    ) in told


NONE = "SOCS3 is made and does nothing"
"""What the page calls `both_none` beside `both_socs3`."""


def panels(page: str, model: str) -> tuple[str, str]:
    """Fit and parameters of one model."""
    return tuple(between(page, f'id="toy-{model}{part}"', "</details>") for part in ("", "-parameters"))


def test_a_failed_fit_says_so_beside_each_of_its_numbers(page: str) -> None:
    fit, parameters = panels(page, "both_none")
    rows = [line for line in parameters.split("<tr") if "<small>toy</small></td>" in line]
    assert len(rows) == 2
    assert all("NOT CONVERGED" in row for row in rows)
    captions = [part.split("</figcaption>")[0] for part in (fit + parameters).split("<figcaption>")[1:]]
    captions = [caption for caption in captions if "Species in the colour" not in caption]  # the model's diagram
    assert len(captions) > 1
    assert all("NOT CONVERGED" in caption for caption in captions)
    assert "NOT CONVERGED" not in "".join(panels(page, "both_socs3"))
    assert "not ranked" in between(page, 'id="toy-comparison"', 'id="toy-change"')


def test_a_failed_fit_is_seen_on_the_first_screen_and_on_each_of_its_figures(page: str) -> None:
    answer = between(page, 'id="toy-answer"', 'id="toy-data"')
    cards = between(answer, 'class="cards"', "<figure")
    own = "".join(panels(page, "both_none"))

    assert '<span class="bad">NOT CONVERGED</span>' in cards
    assert "<b>1 of 2</b> fits that converged" in cards
    assert "<b>NOT CONVERGED: 1 of 2.</b>" in answer
    assert f'<a href="#toy-both_none">{NONE}</a> <span class="bad"' in answer
    assert "R-hat" in answer
    assert own.count(", not converged") == own.count('<svg role="img"') > 2
    assert ", not converged" not in "".join(panels(page, "both_socs3"))


def test_first_screen_has_words_and_no_identifiers(page: str) -> None:
    answer = between(page, 'id="toy-answer"', "<details>")
    text = re.sub(r"<svg.*?</svg>|<[^>]*>", " ", answer, flags=re.DOTALL)

    assert "both_" not in text
    assert "SOCS3 inhibits phosphorylation by JAK" in text
    assert "Held against nothing, for every model has it: classic and trans on one cell." in text
    assert "IL-6 10 ng/ml" in answer  # condition 'experiment', from its protocol


def test_models_are_chosen_and_without_javascript_folded(page: str) -> None:
    opened = re.findall(r'<details class="model[^>]*data-model="(\w+)"[^>]*?( open)?>', page)

    assert opened == [("both_socs3", " open"), ("both_none", "")] * 2
    assert page.count('data-chooser="toy"') == 2


def test_no_two_things_on_the_page_have_one_id(page: str) -> None:
    ids = re.findall(r'<[^>]* id="([^"]+)"', page)

    assert len(ids) > 50
    assert sorted(ids) == sorted({*ids})


def test_tables_sort_and_publications_are_links(page: str) -> None:
    assert page.count('<table class="sortable">') > 5
    assert '<a href="https://doi.org/10.1000/x">10.1000/x</a>' in page


def test_truth_stands_beside_the_posterior_of_simulated_data(run: tuple[Path, Path], page: str) -> None:
    config, results = run
    assert "<th>truth</th>" not in page
    folder = config.parent / "data"
    folder.mkdir()
    (folder / "truth_parameters.csv").write_text("parameter,value\nmu,123.4\n")
    config.write_text(config.read_text().replace("folder: .", f"folder: {folder}"))
    fit = between(render(config, results), 'id="toy-both_socs3-parameters"', "</details>")

    assert "<th>truth</th>" in fit
    assert '<td>123.4 <span title="outside the 90 % interval">' in fit


def test_the_words_of_the_models_names_are_explained(page: str) -> None:
    assert "<dt>both</dt><dd>classic and trans on one cell</dd>" in page
    assert "<dt>socs3</dt><dd>SOCS3 inhibits phosphorylation by JAK</dd>" in page
    assert list(vocabulary(["petab"])) == []
    assert list(vocabulary(["classic_none+mapk@PHH", "both_none"])) == ["classic", "both", "none", "+mapk", "@PHH"]


def test_what_the_configuration_gives_is_listed_as_given(run: tuple[Path, Path], page: str) -> None:
    config, results = run
    assert "Given by the configuration" not in page
    config.write_text(config.read_text() + "values: {cell_number: 50000, medium_volume: 0.1}\n")

    assert (
        "Given by the configuration, and not estimated, in each model that has the parameter: "
        "cell_number = 50000, medium_volume = 0.1."
    ) in render(config, results)


def test_models_far_behind_are_folded_away_where_the_conclusion_is_doubted() -> None:
    best = model_row("a", rank=1, elpd_diff=0.0, diff_se=0.0, weight=0.995, level=True)

    assert near(best)
    assert near(replace(best, rank=2, elpd_diff=9.0, diff_se=5.0, weight=0.0, level=True))
    assert near(replace(best, rank=2, elpd_diff=50.0, diff_se=5.0, weight=0.02, level=False))
    assert near(model_row("b"))
    assert not near(replace(best, rank=3, elpd_diff=50.0, diff_se=5.0, weight=0.0, level=False))


def test_claims_stand_with_the_verdicts_of_their_fits(run: tuple[Path, Path]) -> None:
    config, results = run
    config.write_text(config.read_text() + "claims: claims.yaml\n")
    drawn = Summary(20.0, 18.0, 22.0, 0.0)
    asked = ("peak", "It <peaks>.", "a guide")
    quantity = Quantity("peak time", "min", 15.0, 45.0, drawn, replace(drawn, at_least=0.3))
    answer = ClaimAnswer(*asked, "", (quantity,), 0.5, 1.0, 400.0, "at least")
    nothing = ClaimAnswer(*asked, "the model has no read-out 'y'", (), None, None, None, "")
    claim = WeighedClaim(*asked, {"both_socs3": answer, "both_none": nothing}, 1.0, 1.0)
    write(results / "toy" / "claims.json", WeighedClaims((claim,), {}, {}, ""))
    page = render(config, results)
    own = between(page, 'id="toy-claims"', 'id="methods"').split('<h2 id="methods"')[0]
    opening, asked = own.split("<tbody>")
    asked, absent = asked.split("</tr>", 1)

    assert "Hold in these models: probability of 90 % or more <small>(1)</small>" in opening
    assert "<span>It &lt;peaks&gt;.</span><span><small>50 % before the data &rarr;</small> <b>&gt; 99 %</b>" in opening
    left_out = opening[opening.index(f"Left out of every average: {NONE}") :]
    assert "NOT CONVERGED" in left_out
    assert "at least 400" in asked
    assert "peak time: 20 (18&ndash;22) min, at least that at 30 % of the draws, for the course goes on" in asked
    assert "15&ndash;45" in asked
    assert "NOT CONVERGED" not in asked
    assert "NOT CONVERGED" in absent
    assert f"Cannot be asked, for the model has no read-out &#39;y&#39;: {NONE} <span" in absent


def test_priors_stand_beside_what_was_published(page: str) -> None:
    own = page[page.index('id="toy-priors"') : page.index('id="toy-comparison"')]
    answers, silent, sources = own.split("<details>")[1:]
    peak, fold, unknown, absent = answers.split("<tbody>")[1].split("</tr>")[:4]

    assert "fold induction of y (IL6 10 ng/ml), in HepG2 300–400: outside the 90 % interval of the prior of" in own
    assert f"IL6 10 ng/ml: no response in “{NONE}”." in own
    assert 'aria-label="priors against published ranges"' in own
    assert '<td>20 (10–40)</td><td>16–30</td><td class="l">min</td><td class="l">HepG2</td>' in peak
    link = '<a href="https://doi.org/10.1000/x">10.1000/x</a>'
    assert f'<td class="l">raw &lt;data&gt; (Someone 2025), doi {link}</td><td class="l">coarse</td>' in sources
    assert "<td>16–30 min</td>" in sources
    assert "<td>60 %</td><td>30 %</td><td>10 %</td><td>0</td><td>0</td>" in peak
    assert fold.endswith('<td class="l">outside</td>')
    assert "none found" in unknown
    assert "cannot be asked: the model has no read-out &#39;pERK&#39;" in absent
    assert '<td class="l">no response</td>' in silent
    assert "NOT CONVERGED" not in own  # the check does not look at the fit


def test_same_input_same_bytes_whatever_the_order_of_sets(made: tuple[Path, Path], page: str) -> None:
    code = f"import sys; from pathlib import Path; from {render.__module__} import render; "
    code += "sys.stdout.buffer.write(render(*map(Path, sys.argv[1:])).encode())"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, made)], capture_output=True, check=True,
        env={**os.environ, "PYTHONHASHSEED": "1"},
    )  # fmt: skip
    assert done.stdout.decode() == page


def test_missing_files_are_all_named(run: tuple[Path, Path]) -> None:
    config, results = run
    (results / "toy" / "both_none" / "verdict.json").unlink()
    (results / "toy" / "comparison.json").unlink()
    with pytest.raises(UserError) as error:
        render(config, results)
    assert str(error.value) == (
        "report: 2 faults\n"
        f"  - {results}/toy/comparison.json: no such file. Run the stage that writes it.\n"
        f"  - {results}/toy/both_none/verdict.json: no such file. Run the stage that writes it."
    )


def test_a_failed_fit_that_may_be_better_stops_the_conclusion(run: tuple[Path, Path]) -> None:
    config, results = run
    path = results / "toy" / "comparison.json"
    table = json.loads(path.read_text())
    table["models"][1]["elpd"] = table["models"][0]["elpd"] + 1
    path.write_text(json.dumps(table))
    page = render(config, results)
    assert f"Do not conclude yet: “{NONE}” may predict better once a fit of it converges." in page
    assert "A model whose fit did not converge might do better" in between(page, 'class="cards"', "<figure")
