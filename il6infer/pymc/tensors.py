"""PyTensor's functions of tensors; many of them are annotated as giving nothing, or any variable."""

from __future__ import annotations

from typing import Any

import pytensor.tensor

pt: Any = pytensor.tensor
