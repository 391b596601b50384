"""Makers of folders that hold one thing made to harm, and the commands that meet it: for the tables of such inputs."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.zoo import decay_v2

Maker = Callable[[Path], None]

LINT = ["petab", "lint", "problem.yaml"]
INGEST = ["ingest", "about.yaml", "--name", "d", "--folder", ".", "--output", "out"]
REPORT = ["report", "config.yaml", "--results", ".", "--output", "page.html"]
WEIGH = ["claims", "weigh", "comparison.json", "--answers", "m", "answers.json", "--output", "c.json"]
CHECK = ["ingest", "check", *INGEST[1:-2]]
DIAGNOSE = ["diagnose", "posterior.nc", "--output", "verdict.json"]


def later(make: Callable[[], Maker]) -> Maker:
    """Put off the making of what is large until its folder is made."""
    return lambda folder: make()(folder)


def yaml(text: str | bytes) -> Maker:
    def make(folder: Path) -> None:
        for name in ("problem.yaml", "about.yaml", "config.yaml"):
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    return make


def observable(formula: str) -> Maker:
    head = "observableId\tobservableFormula\tnoiseFormula\tnoiseDistribution\n"

    def make(folder: Path) -> None:
        decay_v2.write(folder, observables=f"{head}obs\t{formula}\t0.1\tlog-normal\n")

    return make


def model(change: Callable[[str], str]) -> Maker:
    def make(folder: Path) -> None:
        decay_v2.write(folder)
        path = folder / "model.xml"
        path.write_text(change(path.read_text()))

    return make


def entities(count: int) -> str:
    tens = [f"&e{i};" * 10 for i in range(count - 1)]
    lines = "".join(f'<!ENTITY e{i} "{ten}">' for i, ten in enumerate(tens, start=1))
    return f'<!DOCTYPE sbml [<!ENTITY e0 "boom">{lines}]>'


def after_declaration(text: str, added: str) -> str:
    end = text.index("?>") + 2 if text.startswith("<?xml") else 0
    return text[:end] + added + text[end:]


def bomb(text: str) -> str:
    return after_declaration(text, entities(10)).replace('id="k"', 'id="k" name="&e9;"', 1)


def external(text: str) -> str:
    return after_declaration(text, '<!DOCTYPE sbml [<!ENTITY x SYSTEM "../secret.txt">]>').replace(
        "<listOfSpecies", "<notes><p xmlns='http://www.w3.org/1999/xhtml'>&x;</p></notes><listOfSpecies", 1
    )


def deep_model(depth: int) -> Callable[[str], str]:
    nested = "<apply><minus/>" * depth + "<ci> k </ci>" + "</apply>" * depth
    return lambda text: text.replace("<ci> k </ci>", nested)


def species(count: int) -> Callable[[str], str]:
    more = "".join(f'<species id="s{i}" compartment="c" initialAmount="1"/>' for i in range(count))
    return lambda text: text.replace("</listOfSpecies>", f"{more}</listOfSpecies>")


def parameters(count: int) -> Callable[[str], str]:
    """Change a model: more parameters, which nothing uses."""
    more = "".join(f'<parameter id="p{i}" value="1" constant="true"/>' for i in range(count))
    return lambda text: text.replace("</listOfParameters>", f"{more}</listOfParameters>")


def functions(calls: Mapping[str, str]) -> Callable[[str], str]:
    """Change a model: functions of one argument, each of which calls another, and the first in the rate law."""
    math = '<math xmlns="http://www.w3.org/1998/Math/MathML"><lambda><bvar><ci>x</ci></bvar>{}</lambda></math>'
    call = "<apply><ci>{}</ci><ci>x</ci></apply>"
    listed = "".join(
        f'<functionDefinition id="{name}">{math.format(call.format(other))}</functionDefinition>'
        for name, other in calls.items()
    )
    return _with_functions(listed, next(iter(calls)))


def doubling(count: int) -> Callable[[str], str]:
    """Change a model: functions each of which is the sum of two calls of the next."""
    math = '<math xmlns="http://www.w3.org/1998/Math/MathML"><lambda><bvar><ci>x</ci></bvar>{}</lambda></math>'
    call = "<apply><ci>f{}</ci><ci>x</ci></apply>"
    bodies = {i: f"<apply><plus/>{call.format(i - 1) * 2}</apply>" if i else "<ci>x</ci>" for i in range(count + 1)}
    listed = "".join(
        f'<functionDefinition id="f{i}">{math.format(body)}</functionDefinition>' for i, body in bodies.items()
    )
    return _with_functions(listed, f"f{count}")


def _with_functions(listed: str, used: str) -> Callable[[str], str]:
    defined = f"<listOfFunctionDefinitions>{listed}</listOfFunctionDefinitions><listOfCompartments"
    return lambda text: text.replace("<listOfCompartments", defined, 1).replace(
        "<ci> k </ci>", f"<apply><ci>{used}</ci><ci>k</ci></apply>", 1
    )


def rules(assigned: Mapping[str, str], *, twice: bool = False) -> Callable[[str], str]:
    """Change a model: parameters that are assigned another, or the sum of it and itself."""
    math = '<math xmlns="http://www.w3.org/1998/Math/MathML">{}</math>'
    made = "".join(f'<parameter id="{name}" constant="false"/>' for name in assigned)
    other = "<apply><plus/><ci>{0}</ci><ci>{0}</ci></apply>" if twice else "<ci>{0}</ci>"
    listed = "".join(
        f'<assignmentRule variable="{name}">{math.format(other.format(of))}</assignmentRule>'
        for name, of in assigned.items()
    )
    return lambda text: (
        text.replace("</listOfParameters>", f"{made}</listOfParameters><listOfRules>{listed}</listOfRules>", 1)
    ).replace("<ci> k </ci>", f"<ci>{next(iter(assigned))}</ci>", 1)


def problem(
    measurements: str = "1", times: str = "1", rows: int = 1, experiments: int = 1, observable: str = "obs"
) -> Maker:
    """Write a PEtab problem whose table of measurements, or of observables, holds what is given."""

    def make(folder: Path) -> None:
        names = tuple(f"e{i}" for i in range(experiments))
        listed = "".join(f"{observable}\t{name}\t{times}\t{measurements}\n" for name in names) * rows
        decay_v2.write(
            folder, names,
            observables=f"observableId\tobservableFormula\tnoiseFormula\n{observable}\tA\t0.1\n",
            measurements=f"observableId\texperimentId\ttime\tmeasurement\n{listed}",
        )  # fmt: skip

    return make


ABOUT = """title: t
protocol: [{{condition: a, time_min: 0, action: add, species: IL6, dose: 1, unit: nM}}]
files: [{{path: "{path}", assay: luciferase, observable: luciferase, batch: p1}}]
"""


def raw(content: bytes | str, name: str = "raw.csv", path: str | None = None) -> Maker:
    def make(folder: Path) -> None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        (folder / "about.yaml").write_text(ABOUT.format(path=path or name))

    return make


def told(
    *,
    title: str = "t",
    path: str = "raw.csv",
    condition: str = "a",
    unit: str = "a.u.",
    observable: str = "pSTAT3",
    batch: str = "b",
    protocol: str | None = None,
    cells: str | None = None,
    more: str = "",
) -> Maker:
    """Describe a table that can be read, but for what is given: each a text, quoted as YAML and CSV read it back."""

    def make(folder: Path) -> None:
        q, cell = json.dumps, '"' + condition.replace('"', '""') + '"'
        steps = (
            q(protocol)
            if protocol
            else (f"[{{condition: {q(condition)}, time_min: 0, action: add, species: IL6, dose: 1, unit: nM}}]")
        )
        read = f"{{column: value, unit: {q(unit)}, noise: lognormal, scale: true}}"
        file = f"path: {q(path)}, assay: table, batch: {q(batch)}, condition: {{column: condition}}"
        file = f"{{{file}, observables: {{{q(observable)}: {read}}}{more}}}"
        text = f"title: {q(title)}\nprotocol: {steps}\nfiles: [{file}]\n"
        (folder / "about.yaml").write_text(text, "utf-8")
        rows = cells or "".join(f"{cell},{time},{1 + time}\n" for time in (0, 10, 60))
        (folder / "raw.csv").write_text(f"condition,time_min,value\n{rows}", "utf-8")

    return make


def linked(target: str) -> Maker:
    """Make the raw file a link."""

    def make(folder: Path) -> None:
        told()(folder)
        (folder / "raw.csv").unlink()
        (folder / "raw.csv").symlink_to(target)

    return make


def zipped(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def workbook(sheet: bytes) -> bytes:
    types = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    link = b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    book = b'<?xml version="1.0"?><workbook %s %s><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
    one = b'<Relationship Id="r1" Target="worksheets/sheet1.xml" Type="http://schemas.openxmlformats.org/officeDocument'
    one += b'/2006/relationships/worksheet"/>'
    top = b'<Relationship Id="r1" Target="xl/workbook.xml" Type="http://schemas.openxmlformats.org/officeDocument/2006'
    top += b'/relationships/officeDocument"/>'
    outer = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
    return zipped(
        {
            "[Content_Types].xml": types,
            "_rels/.rels": outer % top,
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


def wide_posterior(folder: Path) -> None:
    """A file of some kB that says it holds 8 TB."""
    import h5netcdf

    with h5netcdf.File(folder / "posterior.nc", "w") as file:
        for name in GROUPS:
            group = file.create_group(name)
            group.dimensions = {"chain": 1_000_000, "draw": 1_000_000}
            group.create_variable("x", ("chain", "draw"), "f8", chunks=(1000, 1000), compression="gzip")


def file(name: str, content: bytes) -> Maker:
    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return make


def altered_posterior(change: str) -> Maker:
    """Alter a good posterior: `change` is code that has ``file``, an `h5py.File`, and `numpy` as ``np``."""

    def make(folder: Path) -> None:
        import h5py
        import numpy as np

        from tests.zoo.posterior import normal_mean

        normal_mean().to_netcdf(str(folder / "posterior.nc"), engine="h5netcdf")
        with h5py.File(folder / "posterior.nc", "a") as file:
            exec(change, {"file": file, "np": np, "h5py": h5py, "folder": folder})  # noqa: S102 - of the table

    return make


TYPED = (
    "scales = [file['posterior/chain'], file['posterior/draw']]; del file['posterior/mu']; "
    "made = file['posterior'].create_dataset('mu', (4, 500), {}); "
    "[made.dims[i].attach_scale(scale) for i, scale in enumerate(scales)]"
)
"""For `altered_posterior`: draws of a type."""


def spreadsheet(table: str, doctype: str = "") -> bytes:
    """An ODS workbook of one sheet."""
    office = "urn:oasis:names:tc:opendocument:xmlns"
    names = "".join(f' xmlns:{short}="{office}:{name}:1.0"' for short, name in
                    (("office", "office"), ("table", "table"), ("text", "text")))  # fmt: skip
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    content = f'<?xml version="1.0"?>{doctype}<office:document-content{names}>{body}</office:document-content>'
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": manifest.encode(),
            "content.xml": content.encode(),
        }
    )


def rdml(text: str, doctype: str = "") -> bytes:
    """An RDML file."""
    whole = f'<?xml version="1.0"?>{doctype}<rdml version="1.2" xmlns="http://www.rdml.org">{text}</rdml>'
    return zipped({"rdml_data.xml": whole.encode()})


def circular_workbook() -> bytes:
    """An old workbook (xls): a container of sectors, each of which says that it is followed by itself."""
    sizes = (0x3E, 3, 0xFFFE, 9, 6, 0, 1, 0, 0, 4096, 0, 0, 0, 0)
    head = struct.pack("<8s16sHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), *sizes)
    head += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    return head.ljust(512, b"\0") + struct.pack("<128I", *range(128)) + bytes(512 * 10)
