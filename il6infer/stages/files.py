"""The JSON files that stages hand on, by name: for those who read them with other tools."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from il6infer._files import write_json
from il6infer.stages.claims import Answers, WeighedClaims
from il6infer.stages.comparison import Comparison
from il6infer.stages.evidence import Evidence
from il6infer.stages.export import Export, Reproduction
from il6infer.stages.freed import Freed
from il6infer.stages.hold_out import HeldOut
from il6infer.stages.identifiability import Identifiability, Profiles
from il6infer.stages.ingest import IngestSummary
from il6infer.stages.leave_out import LeaveOut
from il6infer.stages.prior_check import PriorCheck
from il6infer.stages.provenance import Provenance
from il6infer.stages.schema import schema
from il6infer.stages.selection import Selection
from il6infer.stages.settings import CompareSections, EvidenceSections, FitSections, LeaveOutSections, VerdictSections
from il6infer.stages.verdict import Verdict

FILES: Mapping[str, type] = MappingProxyType(
    {
        "ingest": IngestSummary,
        "prior_check": PriorCheck,
        "verdict": Verdict,
        "identifiability": Identifiability,
        "profiles": Profiles,
        "hold_out": HeldOut,
        "leave_out": LeaveOut,
        "selection": Selection,
        "evidence": Evidence,
        "comparison": Comparison,
        "freed": Freed,
        "model_claims": Answers,
        "claims": WeighedClaims,
        "provenance": Provenance,
        "export": Export,
        "reproduction": Reproduction,
        "settings_fit": FitSections,
        "settings_verdict": VerdictSections,
        "settings_leave_out": LeaveOutSections,
        "settings_evidence": EvidenceSections,
        "settings_compare": CompareSections,
    }
)
"""Name of a schema -> what the file is read into; `model_claims` is ``<model>/claims.json``."""


def write_schemas(folder: Path) -> None:
    """Write ``<name>.schema.json`` of each file (draft 2020-12)."""
    for name, kind in FILES.items():
        write_json(folder / f"{name}.schema.json", schema(kind))
