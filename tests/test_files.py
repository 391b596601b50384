"""Files are written whole or not at all; YAML faults name their place."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from il6infer import _files, _yaml
from il6infer._errors import UserError, visible
from il6infer._outputs import atomic_files

READ = "texts, numbers, true, false, null, lists and keys are"


def test_text_is_written_with_lf_into_a_new_folder(tmp_path):
    path = tmp_path / "new" / "table.csv"
    _files.atomic_write_text(path, "a,µ\n1,2\n")

    assert path.read_bytes() == "a,µ\n1,2\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) & 0o400
    assert [file.name for file in path.parent.iterdir()] == ["table.csv"]


def test_a_failure_leaves_the_old_file_and_no_scrap(tmp_path):
    path = tmp_path / "posterior.nc"
    path.write_text("old")

    def write():
        with _files.atomic_path(path) as temporary:
            assert temporary.suffix == ".nc"
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_content_is_on_the_disk_before_the_name(tmp_path, monkeypatch):
    """A machine that lost power kept names of files that were empty, and Snakemake took them for done."""
    synced: list[int] = []
    unsynced: list[Path] = []
    replace = Path.replace

    def see(path: Path, target: Path) -> Path:
        unsynced.extend([path] if path.stat().st_ino not in synced else [])
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    monkeypatch.setattr(Path, "replace", see)
    _files.atomic_write_text(tmp_path / "a", "x")
    with atomic_files(tmp_path / "folder") as folder:
        (folder / "b").write_text("x")
        (folder / "c").write_text("x")

    assert len(synced) == 3
    assert unsynced == []


def test_file_has_the_rights_that_any_new_file_has(tmp_path):
    (tmp_path / "plain").write_text("")
    _files.atomic_write_text(tmp_path / "ours", "")

    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_json_keeps_order_and_refuses_nan(tmp_path):
    _files.write_json(tmp_path / "a.json", {"b": 1, "a": [None, "µ"]})

    assert (tmp_path / "a.json").read_text(encoding="utf-8") == json.dumps(
        {"b": 1, "a": [None, "µ"]}, indent=2, ensure_ascii=False
    ) + "\n"
    with pytest.raises(ValueError, match="not JSON compliant"):
        _files.write_json(tmp_path / "b.json", {"rhat": float("nan")})
    assert not (tmp_path / "b.json").exists()


def test_digest_of_a_file_is_its_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")

    assert _files.digest(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_digest_of_a_folder_sees_names_and_contents(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_text("1")
    first = _files.digest(tmp_path)
    (tmp_path / "sub" / "a").write_text("2")
    second = _files.digest(tmp_path)
    (tmp_path / "sub" / "a").rename(tmp_path / "sub" / "b")

    assert len({first, second, _files.digest(tmp_path)}) == 3


def test_versions_name_python_and_the_sampler():
    assert {"python", "il6infer", "nutpie", "pymc"} <= set(_files.versions())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2\nb: 3\n", "{path}, line 2, column 2: is not valid YAML: expected ',' or ']', but got ':'."),
        ("a: 1\nb: 2\na: 3\n", "{path}, line 3, column 1: is not valid YAML: the key 'a' stands twice."),
        ('a: "b\\0"\n', "{path}, line 1, column 4: is not valid YAML: the character U+0000 is no part of a text."),
        ('a: "\\ud800"\n', "{path}, line 1, column 4: is not valid YAML: the character U+D800 is no part of a text."),
        ("a: !!bool x\n", "{path}, line 1, column 4: is not valid YAML: !!bool 'x' cannot be read ('x')."),
        ("a: !!set {b}\n", f"{{path}}, line 1, column 4: is not valid YAML: the tag !!set is not read: {READ}."),
        ("? [a]\n: 1\n", "{path}, line 1, column 3: is not valid YAML: a key is a word, no list."),
        ("", "{path}: is empty, 'key: value' lines were expected."),
        ("- 1\n", "{path}: 'key: value' lines were expected at the top, found a list."),
    ],
)  # fmt: skip
def test_yaml_fault_names_its_place(tmp_path, text, message):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        _yaml.read_yaml(path)

    assert str(caught.value) == message.format(path=path)


def test_yaml_tags_of_which_a_value_can_be_none_are_faults_with_a_place(tmp_path):
    """What the library's own constructors raise on them: ValueError, KeyError, IndexError, AttributeError ..."""
    names = (
        "int",
        "float",
        "bool",
        "null",
        "timestamp",
        "binary",
        "set",
        "omap",
        "pairs",
        "seq",
        "map",
        "value",
        "merge",
    )
    for name in (*(f"!!{name}" for name in names), "!!python/name:os.system", "!own", "!float_with_exponent"):
        for value in ("''", "x", "[a]", "{a: b}", "2020-99-99"):
            (tmp_path / "a.yaml").write_text(f"a: {name} {value}\n")
            with suppress(UserError):
                read = _yaml.read_yaml(tmp_path / "a.yaml")
                assert isinstance(read["a"], str | float | int | list | dict | None), (name, value)


def test_yaml_mappings_can_be_merged(tmp_path):
    (tmp_path / "a.yaml").write_text("a: &a {b: 1, c: 2}\nd: {<<: *a, c: 3}\ne: =\n")

    assert _yaml.read_yaml(tmp_path / "a.yaml") == {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}, "e": "="}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": ' + "9" * 5_000 + "}", "holds a value that cannot be read: Exceeds the limit"),
        ("[" * 100_000, "is nested too deeply to be read."),
        ('{"a": 1', "line 1, column 8: is not JSON"),
    ],
    ids=["digits", "depth", "cut"],
)
def test_json_of_others_is_answered(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)

    with pytest.raises(UserError) as caught:
        _files.read_json(tmp_path / "a.json")
    assert message in str(caught.value)


def test_a_terminal_is_shown_what_it_would_obey_and_no_line_without_end():
    assert visible("a\x1b]0;b\x07\r\u202ec\ud800\n\tµ") == "a\\x1b]0;b\\x07\\r\\u202ec\\ud800\n\tµ"
    first, second = visible("a" * 100_000 + "\nb").split("\n")
    assert len(first) < 4_000
    assert " ... " in first
    assert second == "b"


def test_yaml_that_is_no_utf8_or_not_there(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"unit: \xb5g\n")
    with pytest.raises(UserError) as caught:
        _yaml.read_yaml(tmp_path / "latin.yaml")
    assert str(caught.value) == f"{tmp_path}/latin.yaml: is not UTF-8 text (byte 6). Save it as UTF-8."
    with pytest.raises(UserError, match=r"none\.yaml: no such file\. Check the path; it is taken from /"):
        _yaml.read_yaml(tmp_path / "none.yaml")
    with pytest.raises(UserError, match="is a folder, a file was expected"):
        _yaml.read_yaml(tmp_path)


def test_yaml_numbers_with_exponent_are_numbers(tmp_path):
    (tmp_path / "a.yaml").write_text("[{a: 1e-6, b: 1.0e-6, c: 10, d: 1e, e: 2026-11-21}]\n".strip("[]\n"))
    read = _yaml.read_yaml(tmp_path / "a.yaml")

    assert (read["a"], read["b"], read["c"], read["d"]) == (1e-6, 1e-6, 10, "1e")
