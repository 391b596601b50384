"""Readers of the programs' own files, one module each: a new one is a file in this folder with a ``FORMAT``."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from il6infer.ingestion.formats.format import Block, Format

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        format.name: format
        for module in sorted(info.name for info in pkgutil.iter_modules(__path__))
        if (format := getattr(import_module(f"{__name__}.{module}"), "FORMAT", None)) is not None
    }
)
"""Name in ``format:`` -> format."""

__all__ = ["FORMATS", "Block", "Format"]
