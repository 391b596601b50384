"""Claims as the page groups them."""

from __future__ import annotations

from il6infer.report.claims import grouped, leans
from il6infer.stages.claims import ClaimAnswer, Leaning, WeighedClaim, WeighedClaims
from tests.zoo.verdicts import model_row

MODELS = [model_row("a", rank=1, weight=0.75), model_row("b", rank=2, weight=0.25), model_row("c")]


def found(prior: float | None, posterior: float | None, absent: str = "") -> ClaimAnswer:
    return ClaimAnswer("x", "s", "t", absent, (), prior, posterior, None, "")


def claim(name: str, average: float | None, **models: ClaimAnswer) -> WeighedClaim:
    return WeighedClaim(name, name, "s", models, average, 1.0)


def test_claims_are_grouped_by_their_answer_in_the_order_of_the_file():
    asked = {model: found(0.4, 0.5) for model in "cba"}
    claims = [claim("x", 0.9, **asked), claim("y", 0.1, **asked), claim("z", 1.0, **asked), claim("w", 0.5, **asked),
              claim("v", None, **asked)]  # fmt: skip
    groups = {kind: [view.id for view in views] for kind, _, views in grouped(claims, MODELS)}

    assert groups == {"holds": ["x", "z"], "open": ["w"], "fails": ["y"], "silent": ["v"]}


def test_before_the_data_is_averaged_by_the_same_weights():
    [(_, _, [view])] = grouped([claim("x", 0.8, c=found(1, 1), b=found(0.1, 0.5), a=found(0.5, 0.9))], MODELS)

    assert view.before == 0.75 * 0.5 + 0.25 * 0.1
    assert [model for model, _ in view.told] == ["a", "b", "c"]  # as the comparison ranks them


def test_models_that_cannot_be_asked_are_named_once_a_reason():
    no = found(None, None, "the model has no trans-signalling")
    [(_, _, [view])] = grouped([claim("x", 0.8, a=found(0.5, 0.8), b=no, c=no)], MODELS)

    assert [model for model, _ in view.told] == ["a"]
    assert view.silent == (("the model has no trans-signalling", ("b", "c")),)
    assert view.before == 0.5


def test_what_would_change_an_answer_is_told_in_words_the_largest_change_first():
    claims = (claim("x", 0.5, a=found(0.4, 0.5)), claim("y", 0.9, a=found(0.4, 0.9)))
    leaning = (
        Leaning("prior", "K_SOCS3", 0.2, {"x": 0.7}),
        Leaning("data", "pSTAT3, gel1", 0.5, {"y": 0.3, "x": 0.35}),
        Leaning("data", "pSTAT3, gel2", 1.1, {}),
        Leaning("data", "pSTAT3, gel3", None, {}),
    )
    weighed = WeighedClaims(claims, {}, {}, "", {"a": leaning})
    told = leans(weighed, {"a": "model a"}, {"a": {"K_SOCS3": {"what": "SOCS3 for half inhibition"}}})

    assert [(c.assumption, c.claim, c.now, c.then) for c in told.changes] == [
        ("pSTAT3, gel1 left out", "y", 0.9, 0.3),
        ("the prior of SOCS3 for half inhibition with half its say", "x", 0.5, 0.7),
        ("pSTAT3, gel1 left out", "x", 0.5, 0.35),
    ]
    assert (told.priors, told.gels) == (1, 3)
    assert told.untold == ("pSTAT3, gel2 left out", "pSTAT3, gel3 left out")
    assert leans(WeighedClaims(claims, {}, {}, ""), {}, {}) is None
