"""Inputs made to harm: each a folder, and the command that meets it; `python -m tests.faults.hostile` tries all."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.zoo import decay_v2

SECONDS, BYTES = 60, 2 << 30
"""Within which there must be an answer."""

SECRET = "secret-a7f3"
"""Stands in a file beside the folder, which no answer may quote."""


@dataclass(frozen=True)
class Answer:
    """What a command did: exit code (None where it did not end), what it said, wall time, files left beside."""

    code: int | None
    text: str
    seconds: float
    left: frozenset[str]


def answer(command: list[str], folder: Path) -> Answer:
    """Run il6infer in a folder, with the limits of memory and time.

    Parameters
    ----------
    command
        Words after ``il6infer``.
    folder
        Working folder; what appears beside it is what was written outside.
    """
    before = set(folder.parent.iterdir())

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    began = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "il6infer", *command], cwd=folder, preexec_fn=limit, timeout=10 * SECONDS,
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        code, text = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        code, text = None, ""
    left = frozenset(path.name for path in set(folder.parent.iterdir()) - before)
    return Answer(code, text, time.monotonic() - began, left)


LINT = ["petab", "lint", "problem.yaml"]
INGEST = ["ingest", "about.yaml", "--name", "d", "--folder", ".", "--output", "out"]
REPORT = ["report", "config.yaml", "--results", ".", "--output", "page.html"]
DIAGNOSE = ["diagnose", "posterior.nc", "--output", "verdict.json"]


def _yaml(text: str | bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for name in ("problem.yaml", "about.yaml", "config.yaml"):
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    return make


def _observable(formula: str) -> Callable[[Path], None]:
    head = "observableId\tobservableFormula\tnoiseFormula\tnoiseDistribution\n"

    def make(folder: Path) -> None:
        decay_v2.write(folder, observables=f"{head}obs\t{formula}\t0.1\tlog-normal\n")

    return make


def _model(change: Callable[[str], str]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        decay_v2.write(folder)
        path = folder / "model.xml"
        path.write_text(change(path.read_text()))

    return make


def _entities(count: int) -> str:
    tens = [f"&e{i};" * 10 for i in range(count - 1)]
    lines = "".join(f'<!ENTITY e{i} "{ten}">' for i, ten in enumerate(tens, start=1))
    return f'<!DOCTYPE sbml [<!ENTITY e0 "boom">{lines}]>'


def _after_declaration(text: str, added: str) -> str:
    end = text.index("?>") + 2 if text.startswith("<?xml") else 0
    return text[:end] + added + text[end:]


def _bomb(text: str) -> str:
    return _after_declaration(text, _entities(10)).replace('id="k"', 'id="k" name="&e9;"', 1)


def _external(text: str) -> str:
    return _after_declaration(text, '<!DOCTYPE sbml [<!ENTITY x SYSTEM "../secret.txt">]>').replace(
        "<listOfSpecies", "<notes><p xmlns='http://www.w3.org/1999/xhtml'>&x;</p></notes><listOfSpecies", 1
    )


def _deep_model(depth: int) -> Callable[[str], str]:
    nested = "<apply><minus/>" * depth + "<ci> k </ci>" + "</apply>" * depth
    return lambda text: text.replace("<ci> k </ci>", nested)


def _species(count: int) -> Callable[[str], str]:
    more = "".join(f'<species id="s{i}" compartment="c" initialAmount="1"/>' for i in range(count))
    return lambda text: text.replace("</listOfSpecies>", f"{more}</listOfSpecies>")


ABOUT = """title: t
protocol: [{{condition: a, time_min: 0, action: add, species: IL6, dose: 1, unit: nM}}]
files: [{{path: "{path}", assay: luciferase, observable: luciferase, batch: p1}}]
"""


def _raw(content: bytes | str, name: str = "raw.csv", path: str | None = None) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        (folder / "about.yaml").write_text(ABOUT.format(path=path or name))

    return make


def _zip(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _workbook(sheet: bytes) -> bytes:
    types = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    link = b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    book = b'<?xml version="1.0"?><workbook %s %s><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
    one = b'<Relationship Id="r1" Target="worksheets/sheet1.xml" Type="http://schemas.openxmlformats.org/officeDocument'
    one += b'/2006/relationships/worksheet"/>'
    outer = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
    return _zip(
        {
            "[Content_Types].xml": types,
            "xl/workbook.xml": book % (space, link),
            "xl/_rels/workbook.xml.rels": outer % one,
            "xl/worksheets/sheet1.xml": b'<?xml version="1.0"?>%s<worksheet %s><sheetData>%s</sheetData></worksheet>'
            % (b"", space, sheet),
        }
    )


GROUPS = (
    "posterior", "sample_stats", "prior", "prior_predictive", "posterior_predictive", "log_likelihood", "observed_data",
    "constant_data", "predictions",
)  # fmt: skip


def _wide_posterior(folder: Path) -> None:
    """A file of some kB that says it holds 8 TB."""
    import h5netcdf

    with h5netcdf.File(folder / "posterior.nc", "w") as file:
        for name in GROUPS:
            group = file.create_group(name)
            group.dimensions = {"chain": 1_000_000, "draw": 1_000_000}
            group.create_variable("x", ("chain", "draw"), "f8", chunks=(1000, 1000), compression="gzip")


def _bytes(name: str, content: bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return make


ROWS = "condition,time_min,value\n" + "a,10,1.0\n" * 1_000_000
HOSTILE: Mapping[str, tuple[list[str], Callable[[Path], None]]] = MappingProxyType(
    {
        "YAML: a bomb of aliases": (LINT, _yaml("a: &a [x, x]\n" + "".join(
            f"{c}: &{c} [{', '.join([f'*{p}'] * 10)}]\n" for p, c in zip("abcdefghi", "bcdefghij", strict=True)))),
        "YAML: nested 100,000 deep": (LINT, _yaml("a: " + "[" * 100_000)),
        "YAML: a description nested 100,000 deep": (INGEST, _yaml("a: " + "{b: " * 100_000)),
        "YAML: an object of Python": (LINT, _yaml("a: !!python/object/apply:os.system ['touch ../outside']\n")),
        "YAML: a description that is an object": (INGEST,
            _yaml("!!python/object/apply:os.system ['touch ../outside']")),
        "YAML: a whole number of 100,000 digits": (LINT, _yaml("format_version: " + "9" * 100_000)),
        "YAML: zero bytes": (LINT, _yaml(b"\0" * 1000)),
        "YAML: 4 MB of keys": (INGEST, _yaml("".join(f"k{i}: 1\n" for i in range(400_000)))),
        "YAML: a configuration that holds itself": (REPORT, _yaml("datasets: &a {b: *a}\n")),
        "PEtab: a file outside": (LINT, _yaml("format_version: 2.0.0\nmodel_files: {m: {language: sbml, location: "
            "../secret.txt}}\nparameter_files: [../secret.txt]\nobservable_files: [../secret.txt]\nmeasurement_files: "
            "[../secret.txt]\n")),
        "PEtab: an address": (LINT, _yaml("format_version: 2.0.0\nmodel_files: {m: {language: sbml, location: "
            "'http://127.0.0.1:9/m.xml'}}\nparameter_files: ['http://127.0.0.1:9/p.tsv']\nobservable_files: [o.tsv]\n"
            "measurement_files: [m.tsv]\n")),
        "PEtab: a device": (LINT,
            _yaml("format_version: 2.0.0\nmodel_files: {m: {language: sbml, location: /dev/zero}}\n"
            "parameter_files: [/dev/zero]\nobservable_files: [/dev/urandom]\nmeasurement_files: [/dev/stdin]\n")),
        "formula: 100,000 parentheses": (LINT, _observable("(" * 100_000 + "A" + ")" * 100_000)),
        "formula: 100,000 signs": (LINT, _observable("-" * 100_000 + "A")),
        "formula: 100,000 powers": (LINT, _observable("^".join(["A"] * 100_000))),
        "formula: a sum of 100,000 terms": (LINT, _observable("+".join(["A"] * 100_000))),
        "formula: 9^9^9^9": (LINT, _observable("9^9^9^9*A")),
        "formula: code": (LINT, _observable("__import__('os').system('touch ../outside')")),
        "SBML: entities that grow": (LINT, _model(_bomb)),
        "SBML: an entity from a file": (LINT, _model(_external)),
        "SBML: nested 100,000 deep": (LINT, _model(_deep_model(100_000))),
        "SBML: nested 2,000 deep": (LINT, _model(_deep_model(2_000))),
        "SBML: 10,000 species": (LINT, _model(_species(10_000))),
        "table: 1,000,000 rows": (INGEST, _raw(ROWS)),
        "table: one cell of 50 MB": (INGEST, _raw("condition,time_min,value\na,10," + "1" * 50_000_000)),
        "table: 100,000 columns": (INGEST,
            _raw(",".join(f"c{i}" for i in range(100_000)) + "\n" + "1," * 99_999 + "1\n")),
        "table: outside of the folder": (INGEST, _raw("x", path="../secret.txt")),
        "table: of the system": (INGEST, _raw("x", path="/etc/passwd")),
        "table: a device": (INGEST, _raw("x", path="/dev/zero")),
        "workbook: a cell at the last place": (INGEST, _raw(_workbook(
            b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
            "raw.xlsx")),
        "workbook: 2 GB of zeros": (INGEST,
            _raw(_zip({"[Content_Types].xml": b"", "xl/workbook.xml": b" " * (1 << 31)}),
            "raw.xlsx")),
        "workbook: 2 GB in its sheet": (INGEST, _raw(_workbook(b" " * (1 << 31)), "raw.xlsx")),
        "workbook: a zip cut short": (INGEST, _raw(_workbook(b"")[:200], "raw.xlsx")),
        "netCDF: 8 TB": (DIAGNOSE, _wide_posterior),
        "netCDF: noise": (DIAGNOSE, _bytes("posterior.nc", bytes(range(256)) * 4000)),
        "netCDF: a pickle": (DIAGNOSE, _bytes("posterior.nc", b"cos\nsystem\n(S'touch ../outside'\ntR.")),
    }
)  # fmt: skip
"""What it is -> command, and what makes its folder."""


def meet(name: str, folder: Path) -> Answer:
    """Make the folder of a hostile input, and give what the command answers.

    Parameters
    ----------
    name
        Of `HOSTILE`.
    folder
        To make it in, as `folder`/inside; `SECRET` stands beside it.
    """
    command, make = HOSTILE[name]
    inside = folder / "inside"
    inside.mkdir()
    (folder / "secret.txt").write_text(f"{SECRET}\t{SECRET}\n{SECRET}\n")
    make(inside)
    return answer(command, inside)


def faults(found: Answer) -> list[str]:
    """Say what is wrong with an answer."""
    said = [f"exit code {found.code}: {found.text[-300:]}"] if found.code not in (0, 1, 2) else []
    said += ["a traceback"] if "Traceback" in found.text else []
    # The files of a PEtab problem may lie anywhere: who runs it may read them, see SECURITY.md.
    said += ["it quotes a file outside"] if SECRET in found.text and "PEtab" not in found.text else []
    said += [f"it wrote {', '.join(sorted(found.left))} outside"] if found.left else []
    said += [f"{len(found.text)} characters of messages"] if len(found.text) > 20_000 else []
    return said


def main() -> int:
    """Meet all, and write the table of docs/reliability.md."""
    bad = 0
    for name in HOSTILE:
        with tempfile.TemporaryDirectory() as folder:
            found = meet(name, Path(folder))
        wrong = faults(found)
        bad += bool(wrong)
        first = found.text.strip().splitlines()[:1] or [""]
        sys.stdout.write(f"| {name} | {'; '.join(wrong) or 'answered'} | {found.seconds:.0f} s | {first[0][:150]} |\n")
        sys.stdout.flush()
    return min(bad, 1)


if __name__ == "__main__":
    raise SystemExit(main())
