"""Raw instrument files and a protocol to one tidy measurement table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from il6infer.ingestion.assemble import Tables, ingest, write

__all__ = ["Tables", "ingest", "write"]


def __getattr__(name: str) -> Any:
    # Stages that only read a protocol need no readers of instruments.
    if name in __all__:
        from il6infer.ingestion import assemble

        return getattr(assemble, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
