"""Stage files: written and read back the same, refused field by field when they are not what a stage writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from il6infer._errors import UserError
from il6infer.comparison import Fit, compare
from il6infer.diagnosis import Thresholds, diagnose
from il6infer.stages import read, write
from il6infer.stages.codec import Bounds, decode, encode
from il6infer.stages.comparison import Comparison
from il6infer.stages.schema import described, schema
from il6infer.stages.verdict import Answer, Verdict, check
from tests.zoo.posterior import normal_mean
from tests.zoo.verdicts import verdict


@dataclass(frozen=True)
class Inner:
    """Inside."""

    value: float | None


@dataclass(frozen=True)
class Outer:
    """A file of every kind of field.

    Attributes
    ----------
    share, kind
        The share, and the kind.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer make"

    name: str
    count: int
    share: Annotated[float, Bounds(minimum=0, below=1)]
    right: bool
    kind: Literal["one", "two"]
    pair: tuple[float, float]
    rows: tuple[Inner, ...]
    table: Mapping[str, Inner]
    more: str = ""


GOOD = Outer("a", 1, 0.5, True, "one", (1, 2.5), (Inner(None), Inner(3)), {"x": Inner(0.25)})


def test_a_record_comes_back_as_it_was_written(tmp_path):
    write(tmp_path / "a.json", GOOD)

    assert read(tmp_path / "a.json", Outer) == GOOD
    assert json.loads((tmp_path / "a.json").read_text())["pair"] == [1, 2.5]


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
INNERS = st.builds(Inner, st.none() | NUMBERS)
OUTERS = st.builds(
    Outer, name=st.text(), count=st.integers(), share=st.floats(0, 1, exclude_max=True), right=st.booleans(),
    kind=st.sampled_from(["one", "two"]), pair=st.tuples(NUMBERS, NUMBERS), rows=st.lists(INNERS).map(tuple),
    table=st.dictionaries(st.text(), INNERS), more=st.text(),
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(OUTERS)
def test_any_record_comes_back_from_its_text(record):
    assert decode(Outer, json.loads(json.dumps(encode(record))), "a.json", "Make it again.") == record


@given(st.dictionaries(st.sampled_from([field.name for field in fields(Outer)]), JSON, min_size=1))
def test_any_other_content_of_a_field_is_refused_with_its_name_or_is_what_the_schema_allows(change):
    document = {**encode(GOOD), **change}
    allowed = Draft202012Validator(schema(Outer)).is_valid(document)
    try:
        decode(Outer, document, "a.json", "Make it again.")
    except UserError as error:
        refused = str(error)
    else:
        refused = ""

    assert ("field '" in refused) != allowed


def _fault(change: Mapping[str, object]) -> str:
    with pytest.raises(UserError) as caught:
        decode(Outer, {**encode(GOOD), **change}, "a.json", "Make it again.")
    first, *faults, last = str(caught.value).splitlines()
    assert (first, last) == (f"a.json: {len(faults)} fault" + "s" * (len(faults) > 1), "Make it again.")
    return "\n".join(faults)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": 3}, "field 'name': 3 is not text."),
        ({"count": 1.0}, "field 'count': 1.0 is not a whole number."),
        ({"count": True}, "field 'count': True is not a whole number."),
        ({"right": 1}, "field 'right': 1 is not true or false."),
        ({"share": "0.5"}, "field 'share': '0.5' is not a number."),
        ({"share": True}, "field 'share': True is not a number."),
        ({"share": None}, "field 'share': nothing is not a number."),
        ({"share": float("nan")}, "field 'share': nan is not a finite number."),
        ({"share": 10**400}, "field 'share': 1" + "0" * 56 + "... is not a finite number."),
        ({"share": 1}, "field 'share': 1 is not allowed: it must be below 1."),
        ({"share": -0.1}, "field 'share': -0.1 is not allowed: it must be at least 0."),
        ({"kind": "three"}, "field 'kind': 'three' is unknown. Known: one, two."),
        ({"pair": [1]}, "field 'pair': [1] is not a list of 2."),
        ({"pair": "ab"}, "field 'pair': 'ab' is not a list."),
        ({"rows": [{"value": 1}, {"value": "x"}]}, "field 'rows.1.value': 'x' is not a number."),
        ({"rows": [{}]}, "field 'rows.0.value': is missing, a number or nothing was expected."),
        ({"table": [1]}, "field 'table': [1] is not a group of keys."),
        ({"table": {"y": 4}}, "field 'table.y': 4 is not a group of keys."),
        ({"nmae": "a"}, "field 'nmae': is unknown. Did you mean 'name'? Known: count, kind, more, name, pair, right, "
         "rows, share, table."),
    ],
)  # fmt: skip
def test_a_field_that_is_not_what_it_should_be_is_named(change, said):
    assert _fault(change) == f"  - {said}"


def test_all_faults_come_in_one_message(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"name": "a", "count": 1, "share": 2, "right": true, "kind": "one", "rows": [], "table": {}}')
    with pytest.raises(UserError) as caught:
        read(path, Outer)

    assert str(caught.value) == (
        f"{path}: 2 faults\n"
        "  - field 'share': 2 is not allowed: it must be below 1.\n"
        "  - field 'pair': is missing, a list was expected.\n"
        "Run `il6infer make` again: it writes this file."
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, ": no such file in {folder}. `il6infer make` writes it."),
        (b"{\n 1}", ", line 2, column 2: is not valid JSON: Expecting property name enclosed in double quotes. "
         "`il6infer make` writes it."),
        (b"\xff", ": is not UTF-8 text (byte 0). Save it as UTF-8. `il6infer make` writes it."),
        (b"[" * 100_000, ": is nested too deeply to be read. `il6infer make` writes it."),
        (b"[]", ": 1 fault\n  - the top level: [] is not a group of keys.\n"
         "Run `il6infer make` again: it writes this file."),
    ],
)  # fmt: skip
def test_a_file_that_is_none_says_what_to_do(tmp_path, content, said):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read(path, Outer)

    assert str(caught.value) == f"{path}{said.replace('{folder}', str(tmp_path))}"


def test_the_schema_allows_what_the_reader_reads_and_no_more():
    allowed = Draft202012Validator(schema(Outer))

    assert list(allowed.iter_errors(encode(GOOD))) == []
    for change in ({"share": 1}, {"nmae": 1}, {"kind": "three"}, {"pair": [1]}, {"rows": [{}]}, {"count": "1"}):
        assert not allowed.is_valid({**encode(GOOD), **change}), change
    assert schema(Outer)["properties"]["share"]["description"] == "The share, and the kind."
    assert described(Outer) == dict.fromkeys(("share", "kind"), "The share, and the kind.")


def test_what_the_stages_give_is_what_their_files_hold(tmp_path):
    judged = diagnose(normal_mean(), Thresholds())
    compared = compare("toy", [Fit("a", normal_mean(), judged), Fit("b", normal_mean(), verdict(sampled=False))])
    for record in (judged, compared):
        write(tmp_path / "a.json", record)
        assert read(tmp_path / "a.json", type(record)) == record
        content = json.loads((tmp_path / "a.json").read_text())
        assert list(Draft202012Validator(schema(type(record))).iter_errors(content)) == []


def test_a_reader_in_a_notebook_sees_the_answers():
    shown = repr(verdict(reproduces=False))

    assert shown == (
        "Verdict of 'toy'\n  sampled: yes, 0 of 0 checks hold\n  reproduces the data: NO, 0 of 1 checks hold; "
        "lack-of-fit p 1e-06 (limit: at least 0.01) at y. The model misses the data.\n"
        "  data agree with priors and constants: yes, 0 of 0 checks hold"
    )
    warned = [check("a", 1.0, "", at_most=2.0), check("b", 3.0, "", at_most=2.0, decides=False)]
    assert repr(Answer.of(warned)) == "yes, 1 of 1 checks hold, 1 warning"
    of_draws = repr(verdict(sampled=False)).splitlines()[2:]
    assert len(of_draws) == 2
    assert all(line.startswith("  no result (the fit did not sample): ") for line in of_draws)
    row = compare("toy", [Fit("a", normal_mean(), verdict())])
    assert repr(row) == "Comparison of 'toy': 60 measurements\n  1. a, elpd 0.0 +- 0.0 behind, weight 1.00"
    assert Verdict.WRITTEN_BY != Comparison.WRITTEN_BY
