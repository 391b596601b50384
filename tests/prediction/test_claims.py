"""Claims against a model whose answers are known: decay of a dose, k with a log-normal posterior."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import arviz as az
import numpy as np
import pytest
import sympy as sp
from scipy import stats

from il6infer._errors import UserError
from il6infer.network.network import symbol
from il6infer.prediction.answer import answer, truths
from il6infer.prediction.ask import Simulator
from il6infer.prediction.average import average
from il6infer.prediction.claims import read_claims
from il6infer.problems.spec import STEADY_STATE, Experiment, Parameter, Period, Prior, Problem
from il6infer.stages.codec import encode
from tests.zoo import toy
from tests.zoo.systems import network
from tests.zoo.verdicts import comparison, model_row

SOLVER = {"engine": "rodas5p", "rtol": 1e-8, "atol": 1e-10}

TEXT = """
until: 100
experiments:
  dose: {steps: [{time_min: 0, action: add, species: IL6, dose: 2, unit: nM}]}
  slow: {set: {k: 0.01}, steps: [{time_min: 0, action: add, species: IL6, dose: 2, unit: nM}]}
  pulse:
    steps:
      - {time_min: -10, action: add, species: IL6, dose: 2, unit: nM}
      - {time_min: 0, action: wash}
  doses: {steps: [], doses: {species: IL6, low: 0.01, high: 100, unit: nM, points: 41}}
claims:
  - {id: k_range, statement: k is above 0.05, source: toy, that: [{quantity: {parameter: k}, above: 0.05}]}
  - id: left
    statement: At 20 min less than 0.5 nM is left.
    source: toy
    that: [{quantity: {level: {readout: IL6, experiment: dose, time: 20}}, below: 0.5}]
  - id: slower
    statement: With k = 0.01 more is left.
    source: toy
    that:
      - quantity:
          ratio:
            - level: {readout: IL6, experiment: slow, time: 20}
            - level: {readout: IL6, experiment: dose, time: 20}
        above: 1
  - id: washed
    statement: A wash leaves nothing.
    source: toy
    that: [{quantity: {peak: {readout: IL6, experiment: pulse}}, below: 1.0e-9}]
  - id: half
    statement: The response is half-maximal near 3 nM.
    source: toy
    that: [{quantity: {ec50: {readout: bound, experiment: doses}}, above: 2.7, below: 3.1}]
  - id: unknown
    statement: pERK rises.
    source: toy
    that: [{quantity: {fold: {readout: pERK, experiment: dose}}, above: 1}]
"""


def problem() -> Problem:
    line = toy.line()
    il6 = symbol("IL6")
    return replace(
        line,
        network=replace(
            network({"IL6": -symbol("k") * il6, "bound": 50 * (symbol("gain") * il6 / (3 + il6) - symbol("bound"))},
                    {"IL6": 0.0, "bound": 0.0}, {"k": 0.1, "gain": 1.0}),
        ),
        parameters=(Parameter("k", 0.0, np.inf, 0.1, True, Prior("log-normal", (float(np.log(0.05)), 1.0)), "1/min"),),
        experiments=(Experiment("e", (Period(STEADY_STATE, {"IL6": sp.Float(0.0)}), Period(0.0))),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def claims(tmp_path_factory):
    path = tmp_path_factory.mktemp("claims") / "claims.yaml"
    path.write_text(TEXT)
    return read_claims(path)


def posterior(median=0.1, sd=0.2):
    draws = np.exp(np.random.default_rng(3).normal(np.log(median), sd, (4, 500)))
    return az.from_dict(posterior={"k": draws})


def test_probabilities_are_those_of_the_distributions(claims):
    found = {c["id"]: c for c in encode(answer(problem(), posterior(), claims, seed=2, **SOLVER).claims)}
    # 2 exp(-20 k) < 0.5 where k > ln(4) / 20
    threshold = np.log(4) / 20
    prior, after = (stats.lognorm(s=s, scale=m) for s, m in ((1.0, 0.05), (0.2, 0.1)))

    assert found["k_range"]["prior"] == pytest.approx(0.5, abs=0.08)
    assert found["k_range"]["posterior"] == pytest.approx(after.sf(0.05), abs=0.03)
    assert found["left"]["prior"] == pytest.approx(prior.sf(threshold), abs=0.08)
    assert found["left"]["posterior"] == pytest.approx(after.sf(threshold), abs=0.03)
    [shown] = found["left"]["quantities"]
    assert shown["posterior"]["median"] == pytest.approx(2 * np.exp(-20 * 0.1), rel=0.06)
    assert found["slower"]["posterior"] == 1.0
    assert found["slower"]["bound"] == "at least"
    after, before = (
        (400 * found["left"][key] + 0.5) / (400.5 - 400 * found["left"][key]) for key in ("posterior", "prior")
    )
    assert found["left"]["bayes_factor"] == pytest.approx(after / before)


def test_washes_and_doses(claims):
    found = {c["id"]: c for c in encode(answer(problem(), posterior(), claims, seed=2, **SOLVER).claims)}

    assert found["washed"]["posterior"] == 1.0
    # bound follows IL-6 at once (within 1/50 min), so its peak is dose / (3 + dose)
    [shown] = found["half"]["quantities"]
    assert shown["posterior"]["median"] == pytest.approx(3.0, rel=0.05)


BEYOND = """
until: 100
experiments:
  dose: {set: {k: 0.1}, steps: &dose [{time_min: 0, action: add, species: IL6, dose: 2, unit: nM}]}
  slow: {set: {k: 0.001}, steps: *dose}
claims:
""" + "".join(
    f"  - {{id: {name}, statement: s, source: t, that: [{{quantity: {quantity}, {interval}}}]}}\n"
    for name, quantity, interval in (
        ("seen", "&seen {duration: {readout: bound, experiment: dose}}", "above: 5, below: 20"),
        ("longer", "&open {duration: {readout: bound, experiment: slow}}", "above: 50"),
        ("bounded", "*open", "below: 200"),
        ("too_long", "*open", "below: 60"),
        ("longer_than", "{ratio: [*open, *seen]}", "above: 2"),
        ("alike", "{ratio: [*open, *open]}", "above: 0.8, below: 1.25"),
        ("shorter_than", "{ratio: [*seen, *open]}", "below: 0.5"),
    )
)


def test_what_goes_on_beyond_the_last_time_decides_only_what_it_can(tmp_path):
    """A course above half of its rise at 100 min lasts at least as long: not below 200, and not as long as another."""
    (tmp_path / "c.yaml").write_text(BEYOND)
    answers = answer(problem(), posterior(), read_claims(tmp_path / "c.yaml"), seed=2, **SOLVER)

    assert {claim.id: claim.posterior for claim in answers.claims} == {
        "seen": 1.0, "longer": 1.0, "bounded": None, "too_long": 0.0, "longer_than": 1.0, "alike": None,
        "shorter_than": 1.0,
    }  # fmt: skip
    shown = {claim.id: claim.quantities[0].posterior for claim in answers.claims}
    assert {name: (one.at_least, one.at_most) for name, one in shown.items()} == {
        "seen": (0, 0), "longer": (1, 0), "bounded": (1, 0), "too_long": (1, 0), "longer_than": (1, 0), "alike": (1, 1),
        "shorter_than": (0, 1),
    }  # fmt: skip


def test_what_the_model_lacks_is_said(claims):
    found = {c["id"]: c for c in encode(answer(problem(), posterior(), claims, seed=2, **SOLVER).claims)}

    assert found["unknown"]["absent"] == "the model has no read-out 'pERK'"
    assert found["unknown"]["posterior"] is None


WITHOUT = """
until: 20
experiments:
  knocked_out: {steps: &dose [{time_min: 0, action: add, species: IL6, dose: 2, unit: nM}], knock_out: [gain]}
  foreign: {steps: *dose, knock_out: [IL6R_0]}
  misspelt: {steps: *dose, knock_out: [IL6Ra]}
  trans: {steps: *dose, requires: [C_trans]}
  alone: {steps: *dose, requires: [[C_classic, C_cluster], gain]}
  either: {steps: *dose, requires: [[C_trans, bound], [gain, K_SOCS3]]}
claims:
  - id: knocked_out
    statement: s
    source: t
    that: [{quantity: {peak: {readout: bound, experiment: knocked_out}}, below: 1.0e-6}]
  - id: foreign
    statement: s
    source: t
    that: [{quantity: {peak: {readout: bound, experiment: foreign}}, above: 0.1}]
  - id: misspelt
    statement: s
    source: t
    that: [{quantity: {peak: {readout: bound, experiment: misspelt}}, above: 0}]
  - id: trans
    statement: s
    source: t
    that: [{quantity: {peak: {readout: bound, experiment: trans}}, above: 0}]
  - id: alone
    statement: s
    source: t
    that: [{quantity: {peak: {readout: bound, experiment: alone}}, above: 0}]
  - id: either
    statement: s
    source: t
    that: [{quantity: {peak: {readout: bound, experiment: either}}, above: 0}]
"""


def test_knock_outs_and_what_an_experiment_requires(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(WITHOUT)
    claims = read_claims(path)
    found = {c["id"]: c for c in encode(answer(problem(), None, claims, seed=2, draws=5, **SOLVER).claims)}

    assert found["knocked_out"]["prior"] == 1.0  # nothing is bound
    assert found["foreign"]["prior"] == 1.0  # the toy has no IL-6R: nothing to take away
    assert found["misspelt"]["absent"] == "'IL6Ra' is no parameter of this model, nor of any in the library"
    assert found["trans"]["absent"] == "the model has no trans-signalling"
    assert found["alone"]["absent"] == "the model has neither classic signalling nor cluster signalling"
    assert found["either"]["prior"] == 1.0  # of each entry that is a list one is there
    assert Simulator(problem(), claims, **SOLVER).runs == ("knocked_out_0", "foreign_0", "either_0")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("knock_out: [SOCS3], set: {k_SOCS3_mRNA: 2}", "knock_out of SOCS3 and by set"),
        ("knock_out: [k_SOCS3_mRNA], scale: {k_SOCS3_mRNA: 2}", "knock_out of k_SOCS3_mRNA and by scale"),
        ("set: {k_SOCS3_mRNA: 2}, scale: {k_SOCS3_mRNA: 2}", "set and by scale"),
    ],
)
def test_a_parameter_is_changed_in_one_way(tmp_path, given, said):
    text = TEXT.replace("slow: {set: {k: 0.01},", f"slow: {{{given},")
    (tmp_path / "claims.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        read_claims(tmp_path / "claims.yaml")

    assert str(error.value).endswith(
        f"claims.yaml, experiment 'slow': 'k_SOCS3_mRNA' is changed by {said}. Give one of the two."
    )


@pytest.mark.parametrize(
    ("requires", "fault"),
    [
        ("[5]", "key 'experiments.a.requires.0': 5 is not text or a list."),
        ("[[]]", "key 'experiments.a.requires.0': is empty, at least 1 was expected."),
        ("[[C_trans, 5]]", "key 'experiments.a.requires.0.1': 5 is not text."),
        ("C_trans", "key 'experiments.a.requires': 'C_trans' is not a list."),
    ],
)
def test_what_is_required_must_be_names_or_lists_of_them(tmp_path, requires, fault):
    path = tmp_path / "claims.yaml"
    path.write_text(
        f"experiments:\n  a: {{steps: [], requires: {requires}}}\n"
        "claims:\n  - {id: x, statement: s, source: t, that: [{quantity: {parameter: k}, above: 1}]}\n"
    )
    with pytest.raises(UserError) as caught:
        read_claims(path)
    assert fault in str(caught.value)


def test_without_a_posterior_the_prior_alone_is_asked(claims):
    found = answer(problem(), None, claims, seed=2, **SOLVER)
    both = answer(problem(), posterior(), claims, seed=2, **SOLVER)

    assert found.draws is None
    for before, after in zip(found.claims, both.claims, strict=True):
        assert before.prior == after.prior
        assert (before.posterior, before.bayes_factor, before.bound) == (None, None, "")
        assert [q.prior for q in before.quantities] == [q.prior for q in after.quantities]
        assert all(q.posterior is None for q in before.quantities)


def test_truths_at_one_parameter_vector(claims):
    assert truths(problem(), claims, np.array([0.1]), **SOLVER) == {
        "k_range": True, "left": True, "slower": True, "washed": True, "half": True, "unknown": None,
    }  # fmt: skip


def test_average_leaves_out_failed_models_and_those_that_cannot_be_asked(claims):
    good = answer(problem(), posterior(0.1), claims, seed=2, **SOLVER)
    other = answer(problem(), posterior(0.02), claims, seed=2, **SOLVER)
    rows = (
        model_row("a", rank=1, weight=0.75), model_row("b", rank=2, weight=0.25),
        model_row("c", sampled=False, reasons=("R-hat 1.2",)),
        model_row("d", rank=3, reproduces=False, misfits=("lack-of-fit p 1e-6",)),
    )  # fmt: skip
    table = average({"a": good, "b": other, "c": good, "d": good}, comparison("toy", 60, rows))
    found = {c.id: c for c in table.claims}
    each = [next(c for c in f.claims if c.id == "left").posterior for f in (good, other)]

    assert found["left"].average == pytest.approx(0.75 * each[0] + 0.25 * each[1])
    assert found["left"].weight == 1.0
    assert found["unknown"].average is None
    assert table.failed == {"c": ("R-hat 1.2",)}
    assert table.misfits == {"d": ("lack-of-fit p 1e-6",)}
    assert table.unanswered == ""


def test_no_claim_is_answered_where_no_model_reproduces_the_data(claims):
    good = answer(problem(), posterior(0.1), claims, seed=2, **SOLVER)
    rows = (model_row("a", rank=1, reproduces=False), model_row("b", sampled=False))
    table = average({"a": good, "b": good}, comparison("toy", 60, rows))

    assert {c.average for c in table.claims} == {None}
    assert table.unanswered == "no model reproduces the data"


def test_answers_to_other_claims_are_not_averaged(claims):
    good = answer(problem(), None, claims, seed=2, draws=5, **SOLVER)
    row = comparison("toy", 60, (model_row("a"), model_row("b")))
    with pytest.raises(UserError) as caught:
        average({"a": good, "b": replace(good, claims=good.claims[::-1])}, row)
    assert str(caught.value) == (
        "'b' was asked other claims than 'a'. Run `il6infer claims ask` again, with one file of claims for all models."
    )
    with pytest.raises(UserError) as caught:
        average({"a": good, "c": good}, row)
    assert str(caught.value) == (
        "comparison of 'toy' has no model 'c', whose answers are given. It compares a, b: run `il6infer compare` again."
    )


def test_faults_of_a_file_come_in_one_message(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(
        "experiments:\n"
        "  a: {steps: [{time_min: 0, action: add, species: IL7, dose: 1, unit: nM}]}\n"
        "  b: {steps: []}\n"
        "claims:\n"
        "  - {id: x, statement: s, source: t, that: [{quantity: {peak: {readout: r, experiment: c}}, above: 1}]}\n"
        "  - {id: x, statement: s, source: t, that: [{quantity: {ec50: {readout: r, experiment: b}}}]}\n"
    )
    with pytest.raises(UserError) as caught:
        read_claims(path)
    assert str(caught.value) == (
        f"{path}: 5 faults\n"
        "  - claims.yaml, experiment 'a', protocol, entry 1, column 'species': unknown species 'IL7'. "
        "Did you mean 'IL6'? Known: HyperIL6, IL6, "
        "actinomycinD, anti_IL6, cycloheximide, ruxolitinib, sIL6R, sgp130, sgp130Fc, stattic, tocilizumab.\n"
        "  - claims.yaml, claim 'x': unknown experiment 'c'. Known: a, b.\n"
        "  - claims.yaml, claim 'x': stands twice. Give each claim an id of its own.\n"
        "  - claims.yaml, claim 'x': says of a quantity neither 'above' nor 'below'. Give one, or both.\n"
        "  - claims.yaml, claim 'x': ec50 needs an experiment with 'doses'; 'b' has none."
    )


def test_command_says_what_is_wrong(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text("experiments: {}\nclaims: []\nclaim: []\n")
    command = [sys.executable, "-m", "il6infer", "claims", "ask", "p.yaml", "p.nc", "--claims", str(path)]
    done = subprocess.run([*command, "--output", str(tmp_path / "o.json")], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "key 'claim': is unknown. Did you mean 'claims'?" in done.stderr
    assert "key 'claims': is empty, at least 1 was expected." in done.stderr
