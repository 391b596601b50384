"""Where what is compiled or fetched is kept between commands."""

from __future__ import annotations

import os
from pathlib import Path


def named_folder() -> Path | None:
    """Folder that ``$IL6INFER_CACHE`` names (``~`` is the user's home), or None where it is not set or blank."""
    own = os.environ.get("IL6INFER_CACHE", "").strip()
    try:
        return Path(own).expanduser() if own else None
    except RuntimeError:  # ~ of nobody
        return Path(own)


def cache_folder() -> Path | None:
    """Folder that ``$IL6INFER_CACHE`` names, else ``il6infer`` in the user's cache folder; None: nowhere.

    A folder of the user that is not absolute counts for none, as the XDG specification says
    (https://specifications.freedesktop.org/basedir-spec/latest/): each command would find another one, where it starts.
    """
    if own := named_folder():
        return own
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        try:
            base = Path.home() / ".cache"
        except RuntimeError:  # no $HOME, and a user that the system does not know
            return None
    return base / "il6infer" if base.is_absolute() else None
