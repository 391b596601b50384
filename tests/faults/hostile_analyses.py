"""Analyses of others made to harm: folders of raw files, modules of models, archives, records, claims."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from tests.faults import hostile_folders as make
from tests.faults.hostile_folders import INGEST, LINT, Maker

INIT = ["init", ".", "--name", "d"]
SHOW = ["models", "show", "classic_none+own", "--modules", "mine"]
REPRODUCE = ["reproduce", "a.zip", "-o", "there", "--check"]
ASK = ["claims", "ask", "problem.yaml", "--claims", "claims.yaml", "--output", "answers.json"]


def holding(fill: Callable[[Path], object]) -> Maker:
    """Make a folder with a good raw file, and what `fill` puts beside it."""

    def make_folder(folder: Path) -> None:
        make.told()(folder)
        fill(folder)

    return make_folder


def deep(folder: Path) -> None:
    """Put folders into each other until no path reaches the last."""
    here = os.getcwd()
    try:
        os.chdir(folder)
        for _ in range(600):
            os.mkdir("d" * 20)
            os.chdir("d" * 20)
        Path("raw.csv").write_text("a,b\n1,2\n")
    finally:
        os.chdir(here)


def module(text: str, name: str = "own") -> Maker:
    """Make a folder with a module of the user's own."""
    head = "// ---\n// kind: option\n// text: one of mine\n// order: 900\n// ---\n"

    def make_folder(folder: Path) -> None:
        (folder / "mine").mkdir()
        (folder / "mine" / f"{name}.ant").write_text(f"{head}{text}", "utf-8")

    return make_folder


def bomb() -> str:
    """Head of a module that holds 10^8 words when its aliases are followed."""
    lines = ["text: &a [x]"] + [
        f"{c}: &{c} [{', '.join([f'*{p}'] * 10)}]" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return "\n// ".join(["// ---", *lines]) + "\n// ---\n"


def entry(name: str, content: bytes = b"x", mode: int = stat.S_IFREG | 0o644, packing: int = 0) -> bytes:
    """Make an archive with a file under a name that is taken as it is."""
    packed = make.io.BytesIO()
    with zipfile.ZipFile(packed, "w", packing) as archive:
        archive.writestr("export.json", b"{}")
        info = zipfile.ZipInfo("placeholder")
        info.filename = info.orig_filename = name
        info.external_attr, info.compress_type = mode << 16, packing
        archive.writestr(info, content)
    return packed.getvalue()


def archive(content: bytes) -> Maker:
    """Make a folder with an archive."""
    return make.file("a.zip", content)


def locked() -> bytes:
    """An archive whose file says that it is encrypted."""
    whole = bytearray(entry("secret"))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = whole.rfind(mark)
        struct.pack_into("<H", whole, place + at, 1)
    return bytes(whole)


def claims(text: str) -> Maker:
    """Write a good problem, and claims."""

    def make_folder(folder: Path) -> None:
        make.problem()(folder)
        (folder / "claims.yaml").write_text(text, "utf-8")

    return make_folder


def record(path: str, command: str = '["il6infer", "ingest"]') -> bytes:
    """Record of a command that read a file, as `il6infer verify` and `il6infer provenance` read it."""
    file = f'{{"path": "{path}", "sha256": "{"0" * 64}"}}'
    host = '{"name": "\\u001b[31m", "system": "x", "processor": "x"}'
    said = f'"command": {command}, "folder": "..", "made": "2026-01-01T00:00:00+00:00", "seed": null, "host": {host}'
    code = '"source_digest": "0", "lock_digest": null, "versions": {}'
    return f'{{{said}, {code}, "results": [{file}], "inputs": [{file}]}}'.encode()


TABLE = "condition,time_min,value\na,0,1\n"
CLAIM = "until: 240\nexperiments: {e: {steps: [{time_min: 0, action: add, species: IL6, dose: 1, unit: nM}]}}\nclaims: "

ANALYSES: Mapping[str, tuple[list[str], Maker]] = MappingProxyType(
    {
        "folder: a pipe": (INIT, holding(lambda folder: os.mkfifo(folder / "pipe.csv"))),
        "folder: a link to a device": (INIT, holding(lambda folder: (folder / "zero.csv").symlink_to("/dev/zero"))),
        "folder: a link to the folder above": (INIT, holding(lambda folder: (folder / "up").symlink_to(".."))),
        "link: of a folder, to a file outside": (INIT,
            holding(lambda folder: (folder / "s.csv").symlink_to("../secret.txt"))),
        "folder: a link to nothing": (INIT, holding(lambda folder: (folder / "s.csv").symlink_to("nowhere"))),
        "folder: a name that is no text": (INIT,
            holding(lambda folder: Path(os.fsdecode(bytes(folder) + b"/\xff\xfe.csv")).write_text("a,b\n1,2\n"))),
        "folder: a name with a line break": (INIT,
            holding(lambda folder: (folder / "a\nb: c.csv").write_text(TABLE))),
        "folder: a name that commands the terminal": (INIT,
            holding(lambda folder: (folder / "\x1b[31m\x1b]0;x\x07.csv").write_text(TABLE))),
        "folder: a name of YAML": (INIT,
            holding(lambda folder: (folder / "!!python_object: [&a {.csv").write_text(TABLE))),
        "folder: a name of a dash": (INIT, holding(lambda folder: (folder / "--output=..").write_text("x"))),
        "folder: 5,000 files": (INIT,
            holding(lambda folder: [(folder / f"f{i}.csv").write_text("x\n") for i in range(5_000)])),
        "folder: 600 deep": (INIT, holding(deep)),
        "folder: records above": (INGEST, holding(lambda folder: (folder / ".provenance").symlink_to(".."))),
        "folder: the result is a link outside": (INGEST, holding(lambda folder: (
            (folder / "out").mkdir(), (folder / "out" / "measurements.csv").symlink_to("../../secret.txt")))),
        "module: of a file outside": (SHOW, module('import "../secret.txt"\n')),
        "module: of itself": (SHOW, module('import "own.ant"\n')),
        "module: ends the model": (SHOW, module("end\nmodel other()\n  x = 1\n")),
        "module: ends the model, and takes a file outside": (SHOW,
            module('end\nimport "../secret.txt"\nmodel other()\n  x = 1\n')),
        "module: a function of itself": (SHOW, module("function f(x)\n  f(x)\nend\n")),
        "module: 100,000 parentheses": (SHOW, module(f"  p := {'(' * 100_000}1{')' * 100_000};\n")),
        "module: a text without its end": (SHOW, module('  p = "\n')),
        "module: zero bytes": (SHOW, module("\0" * 1_000)),
        "module: 20,000 species": (SHOW,
            module("".join(f"  species s{i} in cell = 0;\n" for i in range(20_000)))),
        "module: a header of objects": (SHOW,
            make.file("mine/own.ant", b"// ---\n// kind: !!python/name:os.system ''\n// ---\n")),
        "module: a bomb of aliases in its header": (SHOW, make.file("mine/own.ant", bomb().encode())),
        "module: a pipe": (SHOW, lambda folder: ((folder / "mine").mkdir(), os.mkfifo(folder / "mine" / "own.ant"))),
        "module: a link to a device": (SHOW,
            lambda folder: ((folder / "mine").mkdir(), (folder / "mine" / "own.ant").symlink_to("/dev/zero"))),
        "module: a name of a path": (["models", "show", "../../secret"], make.told()),
        "model: a name of 100,000 letters": (["models", "show", "a" * 100_000], make.told()),
        "model: a name that commands the terminal": (["models", "show", "\x1b[31m"], make.told()),
        "model: 10,000 options": (["models", "show", "classic_none" + "+mapk" * 10_000], make.told()),
        "archive: an absolute name": (REPRODUCE, archive(entry("/tmp/il6infer_outside"))),
        "archive: a way out by backslashes": (REPRODUCE, archive(entry("..\\..\\outside"))),
        "archive: a drive": (REPRODUCE, archive(entry("C:outside"))),
        "archive: a link": (REPRODUCE, archive(entry("a", b"../secret.txt", stat.S_IFLNK | 0o777))),
        "archive: a device": (REPRODUCE, archive(entry("a", b"", stat.S_IFCHR | 0o666))),
        "archive: a name that commands the terminal": (REPRODUCE, archive(entry("\x1b[31m\x1b]0;x\x07"))),
        "archive: encrypted": (REPRODUCE, archive(locked())),
        "archive: packed by bzip2, cut": (REPRODUCE,
            archive(entry("a", bytes(100_000), packing=zipfile.ZIP_BZIP2)[:-30])),
        "archive: 100,001 files": (REPRODUCE, make.later(lambda: archive(
            make.zipped({"export.json": b"{}"} | {f"f{i}": b"" for i in range(100_001)})))),
        "archive: says what nests 100,000 deep": (REPRODUCE,
            archive(make.zipped({"export.json": b"[" * 100_000}))),
        "archive: a link in its place": (REPRODUCE, lambda folder: (folder / "a.zip").symlink_to("/dev/zero")),
        "record: of a device": (["verify", "."], make.file(".provenance/x.json", record("/dev/zero"))),
        "record: of a file outside": (["verify", "."], make.file(".provenance/x.json", record("../../secret.txt"))),
        "record: without a command": (["verify", "."], make.file(".provenance/x.json", record("a", "[]"))),
        "record: of itself": (["provenance", "a"], holding(lambda folder: (
            make.file(".provenance/x.json", record("a"))(folder), (folder / "a").write_text("x")))),
        "record: of an empty command": (["provenance", "a"], holding(lambda folder: (
            make.file(".provenance/x.json", record("a", "[]"))(folder), (folder / "a").write_text("x")))),
        "record: commands the terminal": (["verify", "."],
            make.file(".provenance/x.json", record("\\u001b[31mx", '["il6infer", "\\u001b]0;x\\u0007"]'))),
        "analysis: a status of noise": (["status", "."],
            make.file("d/m/posterior.nc", bytes(range(256)) * 100)),
        "analysis: an export of noise": (["export", ".", "-o", "a.zip"], make.file("settings/report.json", b"{}")),
        "analysis: settings that lead out": (["export", ".", "-o", "a.zip"],
            make.file("settings/report.json", b'{"datasets": {"d": {"description": "../secret.txt", "folder": ".."}}, '
            b'"models": ["classic_none"], "results": "../.."}')),
        "claims: code": (ASK,
            claims(CLAIM + "[{name: c, text: t, that: \"__import__('os').system('touch ../outside')\"}]")),
        "claims: 9^9^9^9": (ASK, claims(CLAIM + "[{name: c, text: t, that: '9^9^9^9 > 1'}]")),
        "claims: until the end of time": (ASK, claims(CLAIM.replace("240", "1.0e+308") + "[]")),
        "claims: a time that is none": (ASK, claims(CLAIM.replace("time_min: 0", "time_min: .nan") + "[]")),
        "claims: 30,000 steps": (ASK, claims("until: 240\nexperiments: {e: {steps: ["
            + "{time_min: 0, action: add, species: IL6, dose: 1, unit: nM}, " * 30_000 + "]}}\nclaims: []\n")),
        "SBML: entities in UTF-16": (LINT, lambda folder: (make.model(make.bomb)(folder), utf16(folder / "model.xml"))),
        "SBML: an entity from a file, in UTF-16": (LINT,
            lambda folder: (make.model(make.external)(folder), utf16(folder / "model.xml"))),
        "SBML: entities by a parameter": (LINT, make.model(lambda text: make.after_declaration(
            text, '<!DOCTYPE sbml [<!ENTITY % x SYSTEM "../secret.txt"> %x;]>'))),
    }
)  # fmt: skip
"""What it is -> command, and what makes its folder."""


def utf16(path: Path) -> None:
    """Write an XML file in UTF-16, which a search for bytes does not see through."""
    text = path.read_text("utf-8").replace("UTF-8", "UTF-16")
    path.write_bytes(text.encode("utf-16"))
