"""Where each result came from: noted when it is made, told as a chain to the raw files, and verified."""

from il6infer.provenance.chain import chain
from il6infer.provenance.verify import Finding, verify

__all__ = ["Finding", "chain", "verify"]
