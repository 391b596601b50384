"""IL-6 receptor signalling: from raw instrument files to an honest report, one command a stage.

example:
  il6infer models list
  il6infer ingest config/datasets/example.yaml --name example --folder resources/example --output results/example

The whole analysis runs with `snakemake --cores 8`; each of its rules calls one of these commands.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from pathlib import Path

from il6infer._blas import let_blas_use_one_thread
from il6infer._environment import refuse_hindering
from il6infer._errors import UserError, visible
from il6infer._files import WRITTEN
from il6infer._outputs import check_file, check_folder, kept, refuse_inputs, told

# One module of il6infer.cli each, in the order of the data flow. The module's docstring is the help.
COMMANDS = (
    "init",
    "simulate",
    "data",
    "ingest",
    "join",
    "problem",
    "fit",
    "sbc",
    "diagnose",
    "identify",
    "holdout",
    "evidence",
    "leaveout",
    "compare",
    "freed",
    "claims",
    "predict",
    "report",
    "cite",
    "status",
    "models",
    "petab",
    "provenance",
    "verify",
    "export",
    "reproduce",
)

NO_MEMORY = "the memory is full. Give it more (on a cluster `mem_mb`), or run fewer jobs, chains or threads at once."

INTERRUPTED = 130
"""Exit code after Ctrl-C, as that of a shell."""

_REFUSED = re.compile(
    r"out of memory|cannot allocate|unable to allocate|failed to allocate|bad_?alloc|can't start new thread",
    re.IGNORECASE,
)
"""What libraries say when memory, or a thread for lack of it, is refused."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0; 130 after Ctrl-C; 2 when the input has a fault that the user can mend, or the operating system refuses a
        file or memory; the message goes to stderr. Anything unforeseen is not caught: its traceback is what a developer
        needs.
    """
    words = sys.argv[1:] if argv is None else argv
    _open_streams()
    let_blas_use_one_thread()
    args = parser().parse_args(words)
    gc.set_threshold(50_000, 20, 20)  # by default it looks over what imports make, and keep, for a sixth of a stage
    _start_logging(args.verbose)
    try:
        with kept(lambda: _inputs(args)):
            _check_outputs(args)
            _tell_altered(args)
            WRITTEN.clear()
            args.run(args)
        if WRITTEN:
            from il6infer.provenance.record import note

            note(args, words, WRITTEN)
    except UserError as error:
        sys.stderr.write(f"error: {visible(str(error))}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) left: no fault of ours, and nothing more to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        full = _lacks_memory(error)
        if args.verbose:
            raise
        if not (full or isinstance(error, OSError)):
            hindrance = _hindrance()
            if hindrance is None:
                raise
            sys.stderr.write(f"error: {visible(hindrance)}\n")
            return 2
        sys.stderr.write(f"error: {visible(told(error)) if isinstance(error, OSError) and not full else NO_MEMORY}\n")
        return 2
    return 0


def _open_streams() -> None:
    """Let a standard stream that was closed (`2>&-`) lead nowhere: the next file opened would have its number.

    What a library says to the number 2 would then go into a result.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the least number that is free
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - as long as the process


def _lacks_memory(error: BaseException | None) -> bool:
    """Whether memory was refused, by whatever class a library has for it: pandas' is that of a file it cannot parse."""
    while error is not None:
        if isinstance(error, MemoryError) or _REFUSED.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _hindrance() -> str | None:
    """Say what keeps numba from its work: arviz and pytensor start it, too, and die of it in their words."""
    try:
        refuse_hindering()
    except UserError as error:
        return str(error)
    return None


def _check_outputs(args: argparse.Namespace) -> None:
    """Refuse outputs that cannot be written before hours of work go into them."""
    for name in ("output", "diagram", "figure"):
        path = getattr(args, name, None)
        if path is not None:
            if name in getattr(args, "folders", ()):
                check_folder(path)
            else:
                check_file(path)
                refuse_inputs([path])


def _inputs(args: argparse.Namespace) -> set[Path]:
    from il6infer.provenance.record import inputs_of  # needed where a file would be replaced

    return inputs_of(args)


def _tell_altered(args: argparse.Namespace) -> None:
    """Warn of inputs that are not what was written: a table that was cut at the end of a row looks whole."""
    if getattr(args, "output", None) is not None:
        from il6infer.provenance.record import altered

        for text in altered(args):
            logging.getLogger("il6infer").warning("%s", text)


def parser() -> argparse.ArgumentParser:
    """Build the parser of `il6infer` with one subparser a command."""
    top = argparse.ArgumentParser(
        prog="il6infer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--version", action="version", version=f"il6infer {metadata.version('il6infer')}")
    top.add_argument("-v", "--verbose", action="store_true", help="log details")
    subparsers = top.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        module = import_module(f"il6infer.cli.{command}")
        module.register_parser(subparsers)
    return top


class _Visible(logging.Formatter):
    """What is logged quotes names and cells, too."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - of the library
        """Give the line of a record."""
        return visible(super().formatMessage(record))


def _start_logging(verbose: bool) -> None:
    """Log to stderr: with rich when a person watches, as plain dated lines when not."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.logging import RichHandler

        handler: logging.Handler = RichHandler(console=Console(stderr=True), show_path=False)
        handler.setFormatter(_Visible("%(message)s"))
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Visible("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logger = logging.getLogger("il6infer")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)


if __name__ == "__main__":
    raise SystemExit(main())
