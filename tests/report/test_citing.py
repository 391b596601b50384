"""What to cite: numbers that match the list, DOIs as they stand, the configuration's own numbers."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from il6infer.configuration.load import check_keys
from il6infer.report.citing import methods, sources
from il6infer.report.links import grouped_by_reason, in_words, linked


@pytest.mark.parametrize(
    "comparison",
    [{}, {"leave_out": "batch", "criterion": "leave_out"}, {"criterion": "evidence"}, {"evidence": True}],
)
def test_each_number_of_the_paragraph_is_in_the_list_and_each_reference_is_cited(comparison):
    found = methods(check_keys({"fit": {"draws": 123}, "comparison": comparison}, "x"), {"il6infer": "0.1.0"})
    cited = {int(n) for group in re.findall(r"\[([\d, ]+)\]", found.paragraph) for n in group.split(",")}

    assert cited == set(range(1, len(found.references) + 1))
    assert "123 kept draws" in found.paragraph
    assert len({reference.key for reference in found.references}) == len(found.references)


@pytest.mark.parametrize(
    ("sampler", "said"),
    [("nutpie", "of nutpie"), ("tempered", "by sequential Monte Carlo"),
     ("auto", "had not met, by sequential Monte Carlo"), ("pymc", "of PyMC"),
     ("pymc_smc", "by sequential Monte Carlo")],
)  # fmt: skip
def test_the_sampler_is_the_one_that_was_used(sampler, said):
    paragraph = methods(check_keys({"fit": {"sampler": sampler}}, "x"), {"nutpie": "0.16", "pymc": "5.2"}).paragraph

    assert said in paragraph
    assert ("No-U-Turn" in paragraph) == (sampler in ("nutpie", "auto", "pymc"))


def test_another_solver_is_not_called_rodas5p():
    assert "Rodas5P" not in methods(check_keys({"fit": {"engine": "diffsol"}}, "x"), {}).paragraph


def test_old_dois_keep_their_parentheses_and_none_its_stop():
    text = "Zohlnhofer (doi 10.1016/0014-5793(92)81004-6); see 10.1000/x."

    assert sources([text, text]) == ["10.1000/x", "10.1016/0014-5793(92)81004-6"]
    assert linked("<b> 10.1000/x.") == '&lt;b&gt; <a href="https://doi.org/10.1000/x">10.1000/x</a>.'


def test_models_in_sentences_become_words_whole_names_only():
    words = {"both_none": "both, nothing", "both_none+mapk": "both, MAPK"}

    assert in_words(["both_none+mapk beats both_none, not both_none_x."], words) == [
        "“both, MAPK” beats “both, nothing”, not both_none_x."
    ]
    assert grouped_by_reason({"a": "x", "b": "y", "c": "x"}) == [("x", ["a", "c"]), ("y", ["b"])]


def test_command_writes_bibtex(root):
    words = ("cite", str(root / "config" / "config.yaml"), "--bibtex")
    done = subprocess.run([sys.executable, "-m", "il6infer", *words], capture_output=True, text=True, check=True)

    assert done.stdout.count("@article{") == 10
    assert "doi = {10.1007/s10543-023-00967-x}" in done.stdout


def test_every_doi_that_is_cited_has_the_form_of_one(root):
    """Of references, priors, constraints, weights: a registrant of four to nine digits, no stop at the end."""
    paths = ("report/citing.py", "library/priors.csv", "building/constraints.csv", "molecular_weights.csv")
    text = "".join((root / "il6infer" / path).read_text(encoding="utf-8") for path in paths)
    found = re.findall(r"(?<![\w/.])10\.\d+/[^\s\"',;]+", text)
    whole = [doi.rstrip(").") + (")" if doi.count("(") > doi.rstrip(").").count(")") else "") for doi in found]

    assert len(whole) > 30
    assert [doi for doi in whole if not re.fullmatch(r"10\.\d{4,9}/[\w.()/:<>-]*[\w)]", doi, re.ASCII)] == []
