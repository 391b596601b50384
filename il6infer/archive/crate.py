"""An archive described for other tools: RO-Crate 1.1 with the profile Workflow Run Crate 0.5.

RO-Crate: Soiland-Reyes et al. 2022, Data Science 5:97, doi 10.3233/DS-210053; Workflow Run RO-Crate: Leo et al. 2024,
PLoS ONE 19:e0309210, doi 10.1371/journal.pone.0309210.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from posixpath import normpath
from typing import Any
from urllib.parse import quote

from il6infer.stages.export import Export
from il6infer.stages.provenance import Provenance

FILE = "ro-crate-metadata.json"
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]

_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
_TYPES = {
    ".nc": "application/x-netcdf", ".tsv": "text/tab-separated-values", ".yaml": "application/yaml",
    ".md": "text/markdown", ".py": "text/x-python", ".smk": "text/plain", ".ant": "text/plain", ".j2": "text/plain",
}  # fmt: skip
_BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_NO_LICENCE = "#no-licence-stated"
_OURS = "https://spdx.org/licenses/BSD-3-Clause"
_WORKFLOW = "code/Snakefile"


def crate(
    export: Export,
    made: Sequence[tuple[str, Provenance]],
    files: Mapping[str, Path | bytes],
    licence: str | None = None,
    author: str | None = None,
) -> dict[str, Any]:
    """Describe an archive.

    Parameters
    ----------
    export
        What it holds.
    made
        Records of the commands that wrote its results, each with the folder in the archive that its paths start from.
    files
        Path in the archive -> file or content of each file but this one.
    licence
        Of the whole: an SPDX identifier or an address; None: none is stated.
    author
        Name; None: none is named.

    Returns
    -------
    dict
        Content of ``ro-crate-metadata.json``, flattened JSON-LD.
    """
    digests = {f"{export.folder}/{f.path}": f.sha256 for f in (*export.inputs, *export.outputs)}
    digests |= {f"code/{f.path}": f.sha256 for f in export.code}
    digests[export.configuration.path] = export.configuration.sha256
    whole = _licence_id(licence)
    licences = {f"{export.folder}/{path}": text for path, text in export.licences.items()}
    entities = [_file(path, files[path], digests.get(path), licences.get(path)) for path in files]
    actions = [_action(number, folder, record, set(files)) for number, (folder, record) in enumerate(made, start=1)]
    root: dict[str, Any] = {
        "@id": "./", "@type": "Dataset", "name": export.title, "datePublished": export.made[:10],
        "description": "An analysis of il6infer: data, models as PEtab problems, posteriors, report, code; "
        "`il6infer reproduce` makes it again and compares.",
        "license": {"@id": whole}, "hasPart": [_ref(path) for path in files],
    }  # fmt: skip
    stated = [_licence(whole, licence), _licence(_OURS, "BSD-3-Clause")]
    stated += [_said(text) for text in sorted(set(licences.values()))]
    if author:
        person = {"@id": f"#{quote(author, safe='')}", "@type": "Person", "name": author}
        stated.append(person)
        root["author"] = {"@id": person["@id"]}
    if _WORKFLOW in files:
        run = _run(export, files)
        root |= {
            "conformsTo": [{"@id": profile} for profile in _PROFILES], "mainEntity": _ref(_WORKFLOW),
            "mentions": [{"@id": action["@id"]} for action in (run, *actions)],
        }  # fmt: skip
        entities = [_workflow(e) if e["@id"] == _WORKFLOW else e for e in entities]
        actions = [run, *actions]
        stated.append({"@id": _BIOSCHEMAS, "@type": "CreativeWork", "name": "ComputationalWorkflow", "version": "1.0"})
        stated += [
            {"@id": profile, "@type": "CreativeWork", "name": name, "version": version}
            for profile, (name, version) in _PROFILES.items()
        ]
    else:
        root["mentions"] = [{"@id": action["@id"]} for action in actions]
    if author:
        actions = [{**action, "agent": root["author"]} for action in actions]
    graph = _once([_descriptor(), root, *entities, *actions, *_software(), *stated])
    return {"@context": CONTEXT, "@graph": [_compact(entity) for entity in graph]}


def _descriptor() -> dict[str, Any]:
    standards = ["https://w3id.org/ro/crate/1.1", "https://w3id.org/workflowhub/workflow-ro-crate/1.0"]
    return {
        "@id": FILE, "@type": "CreativeWork", "about": {"@id": "./"}, "conformsTo": [{"@id": s} for s in standards],
    }  # fmt: skip


def _id(path: str) -> str:
    """Name a file as RO-Crate does: a relative address."""
    return quote(path, safe="/+@~")


def _ref(path: str) -> dict[str, str]:
    return {"@id": _id(path)}


def _file(path: str, content: Path | bytes, sha256: str | None, licence: str | None) -> dict[str, Any]:
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    suffix = Path(path).suffix
    kind = _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    found: dict[str, Any] = {
        "@id": _id(path), "@type": "File", "name": path, "contentSize": str(size), "encodingFormat": kind,
    }  # fmt: skip
    if path == "README.md":
        found["about"] = {"@id": "./"}
    if sha256:
        found["sha256"] = sha256
    if licence:
        found["license"] = {"@id": _said(licence)["@id"]}
    elif path.startswith("code/"):
        found["license"] = {"@id": _OURS}
    return found


def _workflow(entity: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **entity, "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"], "name": "il6infer, the workflow",
        "programmingLanguage": {"@id": _SNAKEMAKE}, "version": metadata.version("il6infer"),
        "conformsTo": {"@id": _BIOSCHEMAS},
    }  # fmt: skip


def _run(export: Export, files: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the run of the whole workflow."""
    inputs = [f"{export.folder}/{file.path}" for file in export.inputs]
    outputs = [f"{export.folder}/{file.path}" for file in export.outputs]
    return {
        "@id": "#run", "@type": "CreateAction", "name": f"Run of the workflow: {export.title}",
        "instrument": _ref(_WORKFLOW), "object": [_ref(path) for path in (export.configuration.path, *inputs)],
        "result": [_ref(path) for path in outputs if path in files], "endTime": _when(export.made),
        "description": "snakemake, with the configuration of the archive",
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }  # fmt: skip


def _action(number: int, folder: str, record: Provenance, files: set[str]) -> dict[str, Any]:
    """Describe one command."""
    used = [path for file in record.inputs if (path := normpath(f"{folder}/{file.path}")) in files]
    wrote = [path for file in record.results if (path := normpath(f"{folder}/{file.path}")) in files]
    return {
        "@id": f"#command-{number}", "@type": "CreateAction", "name": " ".join(record.command[:3]),
        "description": " ".join(record.command), "instrument": {"@id": "#il6infer"}, "endTime": _when(record.made),
        "object": [_ref(path) for path in used], "result": [_ref(path) for path in wrote],
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }  # fmt: skip


def _software() -> list[dict[str, Any]]:
    return [
        {
            "@id": "#il6infer", "@type": "SoftwareApplication", "name": "il6infer",
            "softwareVersion": metadata.version("il6infer"), "license": {"@id": _OURS},
        },
        {
            "@id": _SNAKEMAKE, "@type": "ComputerLanguage", "name": "Snakemake",
            "identifier": {"@id": "https://doi.org/10.12688/f1000research.29032.2"},
            "url": {"@id": "https://snakemake.github.io"},
        },
    ]  # fmt: skip


def _licence_id(licence: str | None) -> str:
    if licence is None:
        return _NO_LICENCE
    return licence if "://" in licence else f"https://spdx.org/licenses/{licence}"


def _licence(key: str, licence: str | None) -> dict[str, Any]:
    name = licence or "No licence is stated"
    what = "Ask the authors before you pass it on." if licence is None else f"Licence {licence}"
    return {"@id": key, "@type": "CreativeWork", "name": name, "description": what}


def _said(text: str) -> dict[str, Any]:
    """Say what the authors of data allow."""
    name = text.partition(":")[0]
    return {"@id": f"#licence-{quote(name, safe='')}", "@type": "CreativeWork", "name": name, "description": text}


def _when(made: str) -> str:
    return made.replace("Z", "+00:00")


def _compact(entity: dict[str, Any]) -> dict[str, Any]:
    """Write lists of one as the one, as JSON-LD does."""
    return {k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in entity.items() if v != []}


def _once(entities: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({entity["@id"]: entity for entity in entities}.values())
