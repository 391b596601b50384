"""What is set outside of the program and keeps numba from compiling: told in one message, with what to do.

Numba takes its settings from variables ``NUMBA_...`` and from a file ``.numba_config.yaml`` in the folder that a
command is started in (https://numba.readthedocs.io/en/stable/reference/envvars.html).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from il6infer._errors import UserError

FILE = ".numba_config.yaml"
_OFF = "the engine is compiled by numba, and cannot run without. Unset it, or set it to 0."
_NO_THREADS = "numba needs one thread at least. Unset it, or set it to 1 or more."


def refuse_hindering() -> None:
    """Refuse settings with which numba does not compile, or does not even start.

    Raises
    ------
    UserError
        Naming the setting, where it stands, its value, and what to do.
    """
    written = _written()
    for name, hinders, why in (
        ("NUMBA_DISABLE_JIT", lambda value: value != 0, _OFF),
        ("NUMBA_NUM_THREADS", lambda value: value < 1, _NO_THREADS),
    ):
        place, text = _value(name, written)
        try:
            value = int(text or "")
        except ValueError:
            continue  # numba says so, and goes on as if nothing were set
        if hinders(value):
            raise UserError(f"{place} is {text}: {why}")


def _value(name: str, written: Mapping[str, object]) -> tuple[str, str | None]:
    """Where a setting stands, and its text; variables go before the file."""
    if name in os.environ:
        return f"the environment variable {name}", os.environ[name]
    return f"{name.removeprefix('NUMBA_').lower()} in {FILE} of this folder", _text(written.get(name))


def _text(value: object) -> str | None:
    return None if value is None else str(int(value) if isinstance(value, bool) else value)


def _written() -> Mapping[str, object]:
    """Read the settings of the file, by the names of the variables."""
    path = Path(FILE)
    if not path.is_file():
        return {}
    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise UserError(
            f"{FILE} of this folder, which numba reads, cannot be read: {' '.join(str(error).split())}. Remove it."
        ) from None
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise UserError(f"{FILE} of this folder, which numba reads, is no list of names and values. Remove it.")
    return {f"NUMBA_{key.upper()}": value for key, value in found.items()}
