"""The public IL-6 problem of 214 parameters (Sobotta et al. 2017, nine read-outs), with priors that can be defended.

As published its priors are flat over 8 to 21 decades. `python -m benchmarks flagship` writes a copy whose
parameter table has two columns more, to benchmarks/results/flagship; nothing else is changed.
"""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pandas as pd

from benchmarks.problems import SHARED

FOLDER = SHARED / "benchmark_problems" / "Sobotta_nine"
PROBLEM = "Sobotta_nine.yaml"

DECADES = 1.0
"""Standard deviation of the prior of a rate, in decades, around the published estimate."""

GELS = {"scale": (0.5, 1.0), "offset": (-1.0, 1.5), "sd": (-1.0, 0.5)}
"""Mean and standard deviation of log10 of what a gel has of its own.

A scale of 3 within two decades, and a background of a tenth of a unit within three, either way, for the values were
brought to the order of one; a noise of 0.1 on the log10 axis, a quarter of the value, between 0.01 and 1. A scale that
is flat over 21 decades has a plateau where it is nothing and the gel all background, from which chains come back late.
"""

TURNOVER = {"socs3rna_des": (math.log10(math.log(2.0) / 14.4), 0.2), "socs3_des": (-0.93, 0.5)}
"""Mean and standard deviation of log10 of decay rates [1/min] that others have measured or fitted.

SOCS3 mRNA: a half-life of 14.4 min (HepG2, with actinomycin D; Zeilfelder 2025), a factor of 2.5 either way for
another cell. SOCS3 protein: half-lives of 1.5 (Sobotta 2017) to 23 min (Singh 2006). The data alone let the two trade
places.
"""

DRUG = {"rux_degrade": (math.log10(math.log(2.0) / 360.0), 0.4)}
"""Mean and standard deviation of log10 of the rate [1/min] at which cells use up a drug.

Ruxolitinib: a half-life of 6 h, 1.3 to 27 h in 90 %. In people it is 3 h and the liver's work (doi
10.1007/s40262-023-01225-7), in a dish a few times fewer hepatocytes share a millilitre; published fit: 11.9 h. Within a
decade of that fit alone a second explanation is open: gone in a quarter of an hour, and fifteen times as strong before.
"""

IMPORT = (math.log(5.0), 0.5 * math.log(10.0))
"""Mean and standard deviation of the logarithm of f_pstat3_imp.

Phosphorylated STAT3 enters the nucleus 1 + f times as fast as the other; 90 % of f lie between 0.75 and 33. Far below 1
it means nothing, and chains lose themselves there.
"""


def prior_of(name: str, scale: str, published: float) -> tuple[str, str]:
    """Type and parameters of the prior of an estimated parameter, in PEtab's words; '' for the flat one.

    The Hill coefficient stays flat between its bounds.

    Parameters
    ----------
    name
        Of the parameter.
    scale
        'lin' or 'log10'.
    published
        Its published estimate.
    """
    if name == "socs3rna_hill":
        return "", ""
    known = TURNOVER.get(name) or DRUG.get(name) or GELS.get(name.split("_")[0])
    if known:
        mean, width = known
        return "parameterScaleNormal", f"{mean:.4f};{width}"
    if scale == "lin":
        return "logNormal", f"{IMPORT[0]};{IMPORT[1]}"
    return "parameterScaleNormal", f"{math.log10(published)};{DECADES}"


def write(folder: Path) -> Path:
    """Write the problem with priors to a folder; return its YAML file."""
    if not FOLDER.is_dir():
        raise SystemExit(f"{FOLDER}: not found; the public problem is kept there.")
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    [path] = folder.glob("parameters_*.tsv")
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    rows = zip(table["parameterId"], table["parameterScale"], table["nominalValue"], table["estimate"], strict=True)
    priors = [
        prior_of(name, scale, float(value)) if estimate == "1" else ("", "") for name, scale, value, estimate in rows
    ]
    for place, column in enumerate(("objectivePriorType", "objectivePriorParameters")):
        table[column] = [prior[place] for prior in priors]
    table.to_csv(path, sep="\t", index=False)
    return folder / PROBLEM


def run(folder: Path) -> None:
    """Write it, and say how it is fitted."""
    path = write(folder / "flagship")
    print(f"written; next: il6infer petab fit {path} --output benchmarks/results/flagship_fit")
