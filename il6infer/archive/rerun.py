"""An exported analysis made again elsewhere, and compared with what it was."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from il6infer._digests import ROOT
from il6infer._errors import UserError
from il6infer._files import digest, versions
from il6infer.archive.compare import compare
from il6infer.archive.packing import CODE
from il6infer.archive.unpacking import unpack
from il6infer.configuration.configuration import as_keys
from il6infer.configuration.load import load_config
from il6infer.stages.codec import write
from il6infer.stages.export import Compared, Export, Reproduction

AGAIN, REPORT = "again", "reproduction.json"

NOT_OF_ALL = ("sbc.json", "sbc.svg", "sbc")
"""Results of targets of their own: `snakemake sbc`."""


def reproduce(archive: str | Path, folder: str | Path, cores: int = 1, *, run: bool = True) -> Reproduction:
    """Unpack an exported analysis, run its workflow again with the il6infer that is installed here, and compare.

    Parameters
    ----------
    archive
        What `export` wrote.
    folder
        Where it is unpacked; what is made again goes into its folder ``again``. A run that was stopped goes on.
    cores
        For Snakemake.
    run
        False: unpack and check only.

    Returns
    -------
    Reproduction
        File by file; written as ``reproduction.json``. Without a run, no file is compared.

    Raises
    ------
    UserError
        As `unpack`; if no workflow stands here, or it does not end well.
    """
    folder = Path(folder)
    about = unpack(Path(archive), folder)
    _check_inside(folder / about.configuration.path)
    again = folder / AGAIN
    files: tuple[Compared, ...] = ()
    if run:
        _copy_inputs(about, folder, again)
        _run(folder / about.configuration.path, again, cores)
        files = tuple(_compared(about, folder, again))
    found = Reproduction(about.title, tuple(_environment(about)), _host(), files)
    write(folder / REPORT, found)
    return found


def _check_inside(path: Path) -> None:
    """Refuse a configuration whose paths lead out of the run directory."""
    checked = as_keys(load_config(path))
    keys = [(key, checked[key]) for key in ("results", "claims", "predictions", "modules") if checked.get(key)]
    keys += [
        (f"datasets.{name}.{key}", described[key])
        for name, described in checked["datasets"].items()
        for key in ("description", "folder", "petab")
        if key in described
    ]
    out = [f"'{key}' is {value!r}" for key, value in keys if Path(value).is_absolute() or ".." in Path(value).parts]
    if out:
        raise UserError(f"{path}: leads out of the folder ({', '.join(out)}). Nothing was run.")


def _copy_inputs(about: Export, folder: Path, again: Path) -> None:
    for file in about.inputs:
        place = again / file.path
        if not place.is_file() or digest(place) != file.sha256:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / about.folder / file.path, place)


def _run(config: Path, again: Path, cores: int) -> None:
    """Run the workflow that stands beside this package, never the one of the archive."""
    snakefile = ROOT.parent / "Snakefile"
    if not snakefile.is_file():
        what = "the workflow (Snakefile) does not stand beside this il6infer, for it was installed without its clone."
        raise UserError(f"{what} Look at the code in the archive; `make venv` in it installs one with its workflow.")
    if find_spec("snakemake") is None:
        raise UserError(
            "Snakemake is not installed here. `make venv` installs it, or `pip install il6infer[workflow]`."
        )
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--cores", str(cores)]
    command += ["--directory", str(again.resolve()), "--configfile", str(config.resolve())]
    command += ["--workflow-profile", str(snakefile.parent / "profiles" / "default"), "--quiet", "rules"]
    again.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, stdout=sys.stderr, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        what = f"the workflow ended with exit code {done.returncode}; what it said stands above."
        raise UserError(f"{again}: {what} The same command again goes on where it stopped.")


def _compared(about: Export, folder: Path, again: Path) -> Iterator[Compared]:
    """Compare each result but the records, which hold times, and what targets of their own make."""
    for file in about.outputs:
        parts = Path(file.path).parts
        if ".provenance" in parts:
            continue
        made = again / file.path
        if not made.is_file() and any(part in NOT_OF_ALL for part in parts):
            yield Compared(file.path, "not run", "`snakemake sbc` makes it")
        elif not made.is_file():
            yield Compared(file.path, "missing", "was not made again")
        else:
            outcome, what = compare(folder / about.folder / file.path, made, about.moved)
            yield Compared(file.path, outcome, what)


def _environment(about: Export) -> Iterator[str]:
    """Say what is not as where the archive was made."""
    for name, version in versions().items():
        if (there := about.versions.get(name)) != version:
            yield f"{name} {version} here, {there or 'none'} there"
    top = ROOT.parent
    changed = [f.path for f in about.code if f.path.startswith(ROOT.name) and not _same(top / f.path, f.sha256)]
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        yield f"code differs: {', '.join(changed[:3])}{more} (compare with {CODE}/)"
    host = _host()
    if about.host and all(there.get("processor") != host["processor"] for there in about.host):
        yield f"processor {host['processor']} here, {about.host[0].get('processor')} there"


def _same(path: Path, sha256: str) -> bool:
    return path.is_file() and digest(path) == sha256


def _host() -> dict[str, str]:
    return {"name": platform.node(), "system": platform.platform(), "processor": platform.machine()}
