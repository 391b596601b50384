"""Fetch published measurements: from a folder, from a mirror through pooch, from the cache; each file by its digest.

pooch: Uieda et al. 2020, JOSS 5:1943, doi 10.21105/joss.01943.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from il6infer._cache_folder import named_folder
from il6infer._errors import Fault, UserError, raise_faults
from il6infer._files import MAX_BYTES, digest, why_unreadable
from il6infer._outputs import atomic_files
from il6infer.published.registry import PublishedSet, published_set

SOURCE = "SOURCE.txt"
MIRROR = "IL6INFER_DATA_URL"
"""Variable that names a mirror: an address below which each set has a folder of its name."""


def fetch(name: str, output: str | Path, source: str | Path | None = None, url: str | None = None) -> PublishedSet:
    """Put the files of a set into a folder, all or none, each the one that the table knows.

    Parameters
    ----------
    name
        Of the set.
    output
        Folder to write into; `SOURCE.txt` in it says what to cite, and the licence.
    source
        Folder that has them, or one above of that name; None: the mirror.
    url
        Address of a mirror; None: the one that `IL6INFER_DATA_URL` names. What the cache holds is not fetched again.

    Raises
    ------
    UserError
        If there is no such set; with every file that is missing or is another one; if nothing says where they are;
        if the mirror does not answer.
    """
    one = published_set(name)
    found = _in_folder(one, Path(source)) if source is not None else _through_pooch(one, url or os.environ.get(MIRROR))
    with atomic_files(Path(output)) as temporary:
        for path, place in found:
            (temporary / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place, temporary / path)
        (temporary / SOURCE).write_text(one.source, encoding="utf-8", newline="\n")
    return one


def cache_folder() -> Path:
    """Where what was fetched is kept: ``$IL6INFER_CACHE/data``, else below the user's cache folder."""
    import pooch

    return (named_folder() or Path(pooch.os_cache("il6infer"))) / "data"


def _in_folder(one: PublishedSet, source: Path) -> list[tuple[str, Path]]:
    if not source.is_dir():
        raise UserError(f"{source}: no such folder. Give the one that holds the files of {one.name}.")
    below = source / one.name if (source / one.name).is_dir() else source
    raise_faults(_faults(one, below), f"{one.name} from {below}", "Nothing was written.", alike=3)
    return [(path, below / path) for path in one.files]


def _faults(one: PublishedSet, folder: Path) -> Iterator[Fault]:
    for path, sha256 in one.files.items():
        place = folder / path
        if why := why_unreadable(place, MAX_BYTES):
            yield Fault(path, why)
        elif (found := digest(place)) != sha256:
            what = f"is another file than the one that was published: sha256 {found[:12]}, expected {sha256[:12]}."
            yield Fault(path, what)


def _through_pooch(one: PublishedSet, url: str | None) -> list[tuple[str, Path]]:
    import pooch

    cache = cache_folder() / one.name
    kept = [*_faults(one, cache)] == []
    if not kept and not url:
        raise UserError(
            f"{one.name}: nothing says where its files are. Its authors keep them at doi {one.doi} ({one.record}), not "
            f"as these tables. Give a folder that has the tables with --from FOLDER, or a mirror with --url ADDRESS "
            f"(or the variable {MIRROR}), below which they lie in {one.name}/."
        )
    if url and not url.startswith(("http://", "https://")):
        raise UserError(f"{url}: is no address that begins with https:// or http://. A folder is given with --from.")
    files = pooch.create(path=cache, base_url=f"{(url or '').rstrip('/')}/{one.name}/", registry=dict(one.files))
    pooch.get_logger().setLevel("WARNING")
    found, faults = [], []
    for path in one.files:
        try:
            found.append((path, Path(files.fetch(path, downloader=pooch.HTTPDownloader(timeout=60)))))
        except OSError as error:  # of the network, of the server's answer, of the disk
            faults.append(Fault(path, f"cannot be fetched from {files.get_url(path)} ({_short(error)})."))
            if getattr(error, "response", None) is None:
                break  # nobody answers: the others would wait as long
        except ValueError:  # pooch took the file away again
            faults.append(Fault(path, f"is another file at {files.get_url(path)} than the one that was published."))
    raise_faults(faults, one.name, "Nothing was written; what was fetched is kept.", alike=3)
    return found


def _short(error: Exception) -> str:
    response = getattr(error, "response", None)
    return f"status {response.status_code}" if response is not None else type(error).__name__
