"""What a fit asks of PyMC, without importing it before it is needed."""

from __future__ import annotations

from il6infer.inference.sampler import Stated
from il6infer.pymc.agreement import hold
from il6infer.pymc.samplers import SAMPLERS

STATED = Stated(hold=hold, samplers=SAMPLERS)
"""For `il6infer.inference.fit`."""
