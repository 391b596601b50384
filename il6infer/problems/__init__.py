"""Inference problems: built from tables as PEtab v2 folders, and read back from any PEtab problem."""
