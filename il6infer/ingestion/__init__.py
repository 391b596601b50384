"""Raw instrument files and a protocol to one tidy measurement table."""

from __future__ import annotations

from il6infer.ingestion.assemble import Tables, ingest, write

__all__ = ["Tables", "ingest", "write"]
