"""What the Antimony text of a module declares: one reaction, rule or list of species a line."""

from __future__ import annotations

import re


def species_of(text: str) -> list[str]:
    """List the ids of the species that a module declares."""
    declared = [s for line in re.findall(r"^\s*species (.*);", text, re.MULTILINE) for s in line.split(",")]
    return [s.split()[0] for s in declared]


def reactions_of(text: str) -> list[str]:
    """List the ids of the reactions that a module declares."""
    return re.findall(r"^\s*(\w+):(?!=)", text, re.MULTILINE)


def rules_of(text: str) -> list[str]:
    """List the ids of the assignment rules that a module declares."""
    return re.findall(r"^\s*(\w+) :=", text, re.MULTILINE)
