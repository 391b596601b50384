"""Write the report: one self-contained HTML page from the files of all stages.

`--paper` writes the same for print, about a dozen pages: the best model, without what a screen folds away.
`--figures` draws the figures once more as files for a manuscript, SVG and PDF with text as text, each with its numbers
as CSV.

Example:
    il6infer report config/config.yaml --results results --output results/report/index.html
    il6infer report config/config.yaml --results results --output paper.html --paper --figures results/figures
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from il6infer.cli.options import count

logger = logging.getLogger("il6infer")


def register_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``il6infer report``."""
    parser = subparsers.add_parser(
        "report",
        help="everything -> one HTML page",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml", help="configuration of the analysis")
    parser.add_argument("--results", required=True, type=Path, help="folder that the stages wrote into")
    parser.add_argument("--output", required=True, type=Path, help="HTML file to write")
    parser.add_argument("--threads", type=count, default=1, help="models that are drawn at once (default: 1)")
    parser.add_argument("--paper", action="store_true", help="for print: about a dozen pages")
    parser.add_argument("--figures", type=Path, metavar="DIR", help="folder for figures as SVG, PDF and CSV")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Render and write."""
    import matplotlib as mpl

    mpl.use("svg")
    from il6infer._files import atomic_write_text
    from il6infer.configuration.load import load_config
    from il6infer.configuration.raw import truth_of
    from il6infer.report import render

    # No argument names them; the record of where the page came from does.
    args.truths = [truth for data in load_config(args.config).datasets.values() if (truth := truth_of(data))]
    atomic_write_text(args.output, render(args.config, args.results, args.threads, paper=args.paper))
    logger.info("report: %s", args.output)
    if args.figures:
        from il6infer.report.export import write_figures

        written = write_figures(args.config, args.results, args.figures)
        logger.info("figures: %d files in %s", len(written), args.figures)
