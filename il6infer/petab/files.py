"""A PEtab problem's files, and only those, side by side in another folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from il6infer._errors import UserError

_LISTS = ("condition_files", "experiment_files", "measurement_files", "observable_files", "mapping_files")


def read_problem_file(path: Path) -> dict[str, Any]:
    """Read a problem's YAML file.

    Raises
    ------
    UserError
        If it is missing, not YAML, or not that of a PEtab problem.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such PEtab problem file.")
    try:
        config = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a readable YAML file: {error}") from error
    if not isinstance(config, dict) or "format_version" not in config:
        raise UserError(f"{path}: not a PEtab problem file: key 'format_version' is missing.")
    return config


def is_first_version(config: Mapping[str, Any]) -> bool:
    """Whether a problem is of PEtab v1."""
    return str(config["format_version"]).startswith("1")


def measurement_files(path: Path) -> list[Path]:
    """Measurement tables of a problem, in its order."""
    config = read_problem_file(path)
    parts = config.get("problems", []) if is_first_version(config) else [config]
    return [path.parent / name for part in parts for name in part.get("measurement_files", [])]


def problem_files(path: Path) -> list[Path]:
    """List the problem file and every file that it names.

    Raises
    ------
    UserError
        If the problem file cannot be read.
    """
    config = read_problem_file(path)
    names: list[str] = []
    parts = config.get("problems", []) if is_first_version(config) else [config]
    for part in parts:
        for key in (*_LISTS, "sbml_files", "parameter_files"):
            names += part.get(key) or []
    parameters = config.get("parameter_file") or []
    names += [parameters] if isinstance(parameters, str) else parameters
    names += [model["location"] for model in (config.get("model_files") or {}).values()]
    return [path, *(path.parent / name for name in names)]


def copy_problem(path: Path, folder: Path, name: str = "problem.yaml") -> dict[str, Any]:
    """Copy a problem; its files get plain names, so that none can leave the folder.

    Returns
    -------
    dict
        The configuration that was written to ``folder / name``.

    Raises
    ------
    UserError
        If a file that it names does not exist.
    """
    config = read_problem_file(path)
    folder.mkdir(parents=True, exist_ok=True)
    copied: dict[str, str] = {}

    def take(names: Any) -> Any:
        if not isinstance(names, str):
            return [take(one) for one in names or ()]
        source = path.parent / names
        if not source.is_file():
            raise UserError(f"{path}: names the file '{names}', which does not exist.")
        if names not in copied:
            plain = source.name if source.name not in copied.values() else f"{len(copied)}_{source.name}"
            copied[names] = plain
            shutil.copyfile(source, folder / plain)
        return copied[names]

    if is_first_version(config):
        config["parameter_file"] = take(config.get("parameter_file", []))
        config["problems"] = [
            {key: take(part[key]) for key in (*_LISTS, "sbml_files") if key in part} for part in config["problems"]
        ]
    else:
        for key in (*_LISTS, "parameter_files"):
            if key in config:
                config[key] = take(config[key])
        for model in (config.get("model_files") or {}).values():
            model["location"] = take(model["location"])
    (folder / name).write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    return config
