"""Kinds of jumps of a state at the start of a segment; see `il6infer.runs.segments.Segment`."""

from __future__ import annotations

SET, ADD, EVALUATE = range(3)
"""The state becomes a quantity; a quantity is added; the state becomes the value of an expression of all states."""
