"""An analysis as one archive (an RO-Crate): exported, unpacked safely, made again, compared."""

from il6infer.archive.packing import export
from il6infer.archive.rerun import reproduce

__all__ = ["export", "reproduce"]
