"""A first configuration of the workflow, for a data set that was just described."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

_FIT = """\
# How fast partners meet is estimated, with published priors (docs/priors.md): IL-6 and its receptor meet at 0.19 per
# nM and min on HepG2, at 0.007-0.025 on mouse hepatocytes (docs/real_data.md); no one value is right for all cells.
# Few doses and early times hardly tell it, and then it costs many draws. If the verdict says that one of the two did
# not sample, draw more, or fix it: the verdict then says whether the data pull it, and every answer is one given that
# value.
# values: {{kon_IL6_IL6R: 0.2, kon_complex_gp130: 0.27}}

{constraint}# A fit that does not sample says so: then draw more. `auto` is NUTS, and more where its chains do not meet.
fit: {{sampler: auto, draws: 2000, target_accept: 0.8, rtol: 1.0e-3, atol: 1.0e-5}}

"""
"""What makes a first fit sample, as the analyses of real data have it; nothing is fixed without a word."""
_CONSTRAINT = """\
# Few data tell how often partners meet in the membrane: what binding assays count on cells with IL-6R, 10-40 pM
# (docs/models.md).
constraints: [high_affinity_sites]

"""


def _asked() -> str:
    """Keys of the questions that a fit is asked; comments where their files are not at hand."""
    what = {
        "predictions": "what an inhibitor would do (doses of sgp130Fc that block trans), what to measure next",
        "claims": "statements of the literature, put to the test",
    }
    lines = [f"{key}: config/{key}.yaml  # {said}" for key, said in what.items()]
    return "".join(f"{line if Path(line.split()[1]).is_file() else f'# {line}'}\n" for line in lines) + "\n"


_FEEDBACKS = ("none", "socs3")
_DRUGS = {"ruxolitinib", "stattic", "actinomycinD", "cycloheximide"}


def _modes(given: Collection[str]) -> tuple[str, ...]:
    """Receptors of models that can answer what was given; where that is not known, two that are tried first."""
    trans = "HyperIL6" in given or {"IL6", "sIL6R"} <= set(given)
    if "HyperIL6" in given and "IL6" not in given:
        return ("trans",)
    if trans:
        return ("both",)
    return ("classic",) if "IL6" in given else ("classic", "both")


def configuration(name: str, folder: Path, cell: str = "", given: Collection[str] = ()) -> str:
    """Write YAML text of a configuration of the workflow.

    Parameters
    ----------
    name, folder
        Of the data set.
    cell
        What was measured in, whose receptors the models have; empty: it is not said.
    given
        Substances that the files name, as far as that is seen.
    """
    modes = _modes(given)
    option = "+drugs" if _DRUGS & set(given) else ""
    behind = option + (f"@{cell}" if cell else "")
    models = ", ".join(f"{mode}_{feedback}{behind}" for mode in modes for feedback in _FEEDBACKS)
    fitted = _FIT.format(constraint="" if modes == ("trans",) else _CONSTRAINT)
    return (
        f"# snakemake --cores 8 --configfile {folder}/{name}_config.yaml\n"
        f"title: {name}\nresults: results/{name}\n\ndatasets:\n  {name}:\n"
        f"    description: {folder}/{name}.yaml\n    folder: {folder}\n\n"
        + _asked()
        + fitted
        + "# il6infer models list shows all; an option such as +drugs brings ruxolitinib; @HepG2 after a name gives\n"
        "# receptors and STAT3 of such cells. Cells without IL-6R: trans_none, trans_socs3, without the constraint.\n"
        f"models: [{models}]\n"
    )
