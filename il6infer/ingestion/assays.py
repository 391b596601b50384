"""All assays: a new one is a file with an entry of its own, and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from il6infer.ingestion import coip, elisa, luciferase, qpcr, rnaseq, table, western_blot
from il6infer.ingestion.assay import Assay

ASSAYS: Mapping[str, Assay] = MappingProxyType(
    {module.ASSAY.name: module.ASSAY for module in (western_blot, luciferase, qpcr, elisa, coip, rnaseq, table)}
)
"""Name in a description -> assay."""
