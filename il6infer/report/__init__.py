"""One self-contained page from the files of all stages."""

from __future__ import annotations

from il6infer.report.page import render

__all__ = ["render"]
