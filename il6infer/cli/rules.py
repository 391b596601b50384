"""Rule of the workflow -> the function that its command runs: where the digest of the rule's code starts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ENTRIES: Mapping[str, str] = MappingProxyType(
    {
        "adopt": "il6infer.cli.adopt:run",
        "draw_adopted": "il6infer.cli.adopt:draw",
        "draw": "il6infer.cli.models:draw",
        "ingest": "il6infer.cli.ingest:run",
        "join": "il6infer.cli.join:run",
        "problem": "il6infer.cli.problem:run",
        "check_prior": "il6infer.cli.claims:check_priors",
        "fit": "il6infer.cli.fit:run",
        "sbc_batch": "il6infer.cli.sbc:run",
        "sbc_gather": "il6infer.cli.sbc:gather",
        "sbc_table": "il6infer.cli.sbc:table",
        "diagnose": "il6infer.cli.diagnose:run",
        "identify": "il6infer.cli.identify:run",
        "profile_part": "il6infer.cli.identify:profile",
        "profile_gather": "il6infer.cli.identify:gather",
        "held_out_problem": "il6infer.cli.problem:run",
        "hold_out": "il6infer.cli.holdout:run",
        "leave_out": "il6infer.cli.leaveout:run",
        "evidence": "il6infer.cli.evidence:run",
        "compare": "il6infer.cli.compare:run",
        "freed": "il6infer.cli.freed:run",
        "ask": "il6infer.cli.claims:ask",
        "weigh": "il6infer.cli.claims:weigh",
        "predict": "il6infer.cli.predict:ask",
        "weigh_predictions": "il6infer.cli.predict:weigh",
        "report": "il6infer.cli.report:run",
    }
)
