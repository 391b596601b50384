"""An analysis as one archive, which `reproduce` makes again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import yaml

from il6infer._files import atomic_path, digest, versions
from il6infer.archive import crate
from il6infer.archive.contents import Contents, contents
from il6infer.provenance.record import place_of
from il6infer.published import licence_of
from il6infer.stages.codec import encode
from il6infer.stages.export import Export
from il6infer.stages.ingest import FileDigest
from il6infer.stages.provenance import Provenance

ABOUT, CONFIGURATION, TOP, CODE = "export.json", "configuration.yaml", "analysis", "code"

_WHEN = (1980, 1, 1, 0, 0, 0)
"""Of each entry: the same results give the same archive."""

_LARGE = 2**31
"""Bytes from which on an entry needs the long form."""

_README = """\
# {title}
An analysis of il6infer, exported. Open `{page}` in a browser.

- `{config}`, `{top}/`: configuration, raw files, and results as they were: tables, PEtab problems (any PEtab tool
  opens them), posteriors (ArviZ, netCDF), verdicts, figures.
- `{top}/**/.provenance/`: what each command made from what. `cd {top} && il6infer verify {results}` recomputes it.
- `{code}/`: the package and the workflow that were installed; `requirements.lock` names every package with its digest,
  `environment.txt` what was installed.
- `ro-crate-metadata.json`: all of this for machines (RO-Crate 1.1, Workflow Run Crate 0.5).

To make it again and compare: `il6infer reproduce THIS.zip`. Without an il6infer of your own: unpack it, then
`cd {code} && make venv && .venv/bin/il6infer reproduce ../../THIS.zip`. Look at code of others before you run it.
{licences}"""


def export(results: str | Path, output: str | Path, licence: str | None = None, author: str | None = None) -> Export:
    """Write an analysis as a zip file.

    Parameters
    ----------
    results
        Folder that the workflow wrote into.
    output
        The file.
    licence
        Of the whole, an SPDX identifier or an address; None: none is stated.
    author
        Who made the analysis; None: nobody is named.

    Returns
    -------
    Export
        What it holds.

    Raises
    ------
    UserError
        If there is no finished analysis, or if a result was altered, or made from a file that has changed since.
    """
    found = contents(Path(results))
    made = _relocated(found)
    outputs = {**found.outputs, **{path: _json(encode(record)) for path, record in made.items()}}
    config = yaml.safe_dump(dict(found.config), sort_keys=False, allow_unicode=True).encode()
    about = _about(found, outputs, config)
    files: dict[str, Path | bytes] = {
        "README.md": _readme(about).encode(), ABOUT: _json(encode(about)), CONFIGURATION: config,
        "environment.txt": _environment().encode(),
    }  # fmt: skip
    files |= {f"{TOP}/{path}": source for path, source in sorted({**found.inputs, **outputs}.items())}
    files |= {f"{CODE}/{path}": source for path, source in sorted(found.code.items())}
    records = [(f"{TOP}/{Path(path).parent.parent.as_posix()}", record) for path, record in made.items()]
    described = crate.crate(about, records, files, licence, author)
    _write(Path(output), {crate.FILE: _json(described), **files})
    return about


def _about(found: Contents, outputs: Mapping[str, Path | bytes], config: bytes) -> Export:
    inputs = _digests(found.inputs)
    licences = {file.path: text for file in inputs if (text := licence_of(file.sha256))}
    hosts = {tuple(record.host.items()): record.host for record in found.made.values()}
    return Export(
        title=found.config["title"],
        made=max(record.made for record in found.made.values()),
        configuration=FileDigest(CONFIGURATION, hashlib.sha256(config).hexdigest()),
        folder=TOP,
        results=found.config["results"],
        moved=found.moved,
        inputs=inputs,
        outputs=_digests(outputs),
        code=_digests(found.code),
        licences=licences,
        versions=versions(),
        host=tuple(hosts.values()),
    )


def _digests(files: Mapping[str, Path | bytes]) -> tuple[FileDigest, ...]:
    return tuple(
        FileDigest(path, hashlib.sha256(source).hexdigest() if isinstance(source, bytes) else digest(source))
        for path, source in sorted(files.items())
    )


def _relocated(found: Contents) -> dict[str, Provenance]:
    """Path of each record in the archive -> the record, with the paths that its inputs have there."""
    places = {os.path.realpath(source): path for path, source in found.inputs.items()}
    there = {source: path for path, source in found.outputs.items()}
    return {there[path]: _moved(record, path, Path(there[path]), places) for path, record in found.made.items()}


def _moved(record: Provenance, path: Path, there: Path, places: Mapping[str, str]) -> Provenance:
    base = there.parent.parent
    inputs = tuple(
        FileDigest(os.path.relpath(places[place], base), file.sha256)
        if (place := os.path.realpath(place_of(path, file.path))) in places
        else file
        for file in record.inputs
    )
    return replace(record, inputs=inputs, folder=os.path.relpath(".", base))


def _readme(about: Export) -> str:
    page = f"{about.folder}/{about.results}/report/index.html"
    said = "".join(f"- `{TOP}/{path}`: {text}\n" for path, text in about.licences.items())
    licences = f"\n## Licences of the data\n{said}" if said else ""
    return _README.format(
        title=about.title, page=page, config=CONFIGURATION, top=TOP, results=about.results, code=CODE,
        licences=licences,
    )  # fmt: skip


def _environment() -> str:
    """List each installed distribution with its version."""
    found = {(dist.metadata["Name"] or "").lower(): dist.version for dist in metadata.distributions()}
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()) if name)


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _write(output: Path, files: Mapping[str, Path | bytes]) -> None:
    with atomic_path(output) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, _WHEN)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
            if isinstance(content, bytes):
                archive.writestr(entry, content)
                continue
            large = content.stat().st_size >= _LARGE
            with content.open("rb") as source, archive.open(entry, "w", force_zip64=large) as target:
                shutil.copyfileobj(source, target, 1 << 20)
