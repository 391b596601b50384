"""Write what to cite: methods in a paragraph, and the publications of everything that an analysis used.

Example:
    il6infer cite config/config.yaml
    il6infer cite config/config.yaml --bibtex > references.bib
"""

from __future__ import annotations

import argparse
from pathlib import Path

from il6infer._outputs import say


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer cite``."""
    parser = subparsers.add_parser(
        "cite",
        help="methods paragraph and references",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml", help="configuration of the analysis")
    parser.add_argument("--bibtex", action="store_true", help="the references as BibTeX, and nothing else")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Write the paragraph, or the references."""
    from il6infer._files import versions
    from il6infer.configuration.load import load_config, models_of
    from il6infer.report.citing import methods, sources

    config = load_config(args.config)
    names = list(dict.fromkeys(m for dataset in config.datasets for m in models_of(config, dataset)))
    found = methods(config, versions(), names)
    if args.bibtex:
        say("\n\n".join(reference.bibtex for reference in found.references))
        return
    lines = [f"[{i}] {reference}" for i, reference in enumerate(found.references, start=1)]
    priors = sources(_sources(names))
    more = ["", "Sources of the priors: " + ", ".join(f"doi {doi}" for doi in priors)] if priors else []
    say("\n".join([found.paragraph, "", *lines, *more]))


def _sources(models: list[str]) -> list[str]:
    """List sources of the priors of library models; those of a PEtab problem stand in its own tables."""
    from il6infer.library.compose import compose

    found: list[str] = []
    for model in models:
        if model != "petab":
            table = compose(model).priors
            found += [*map(str, table["source"]), *map(str, table.get("doi", []))]
    return found
