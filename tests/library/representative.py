"""Models that together hold every module, and every pair of modules that share text."""

from __future__ import annotations

from il6infer.library.catalogue import shipped
from il6infer.library.names import base_names

MEDIUM = ("IL6", "sIL6R", "sgp130Fc", "HyperIL6", "IL6_sIL6R", "IL6_sIL6R_sgp130Fc", "HyperIL6_sgp130Fc")
"""Medium of every model."""

READOUTS = (
    *("pSTAT3", "pSTAT3_cytoplasm", "pSTAT3_nucleus", "tSTAT3_cytoplasm", "pgp130"),
    *("SOCS3_mRNA", "SOCS3_protein", "luciferase"),
)
"""Read-outs of every model."""

EVERYTHING = (
    "both_dual+akt+antibodies+assays+dimer+drugs+hexamer+jak+mapk+sgp130+shedding+stat1+surface_trap+targets"
    "+trafficking@HUVEC"
)
REPRESENTATIVE = (
    "both_loss+hexamer",
    "both_dual+akt+jak+mapk",
    "both_socs3+antibodies+drugs+shedding",
    "both_socs3+wiring_erk_akt",
    "both_socs3+wiring_shared",
    "both_socs3+wiring_stat3",
    "cluster_socs3+antibodies+dimer+sgp130",
    "cluster_loss+hexamer+trafficking@VSMC",
    "classic_loss+hexamer+trafficking",
    "both_socs3+sgp130+surface_trap",
    "both_none+stat1+targets@RPE1",
    "both_socs3+assays+shedding@HepG2",
    "classic_socs3+akt+mapk@PHH",
    "classic_none@hepatocyte",
    "trans_socs3+assays@HEK293",
    "both_socs3+drugs+jak+targets@retinal_endothelial",
    "linear_dual+delay5+shuttling+socs3_binding",
    "both_socs3+basal+competition+deactivation@MEF",
    "both_dual+socs3_by_mode+socs3_per_cell+uptake_by_mode",
    EVERYTHING,
)
LIBRARY = (*base_names(), *REPRESENTATIVE)
"""Every receptor with every feedback, every option, every cell."""

EACH_OPTION = tuple(
    f"{receptor}_dual+{option}"
    for option, module in shipped().shown_options.items()
    for receptor in module.receptors or shipped().receptors
    if receptor not in module.excludes
)
"""Every option with every receptor that it goes with."""
