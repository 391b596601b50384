"""Measurements, protocol and a model of the library -> a PEtab folder."""
