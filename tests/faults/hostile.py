"""Inputs made to harm: each a folder, and the command that meets it; `python -m tests.faults.hostile` tries all."""

from __future__ import annotations

import csv
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.faults.hostile_analyses import ANALYSES
from tests.faults.hostile_folders import Maker
from tests.faults.hostile_names import NAMES
from tests.faults.hostile_numbers import NUMBERS
from tests.faults.hostile_packed import PACKED
from tests.faults.hostile_texts import TEXTS

SECONDS, BYTES = 60, 2 << 30
"""Within which there must be an answer."""

SECRET = "secret-a7f3"
"""Stands in a file beside the folder, which no answer may quote."""

FORMULA = re.compile(r"[=@\t\r]|[+-].*[(|!]")
"""What a spreadsheet takes for a formula that can do something."""


@dataclass(frozen=True)
class Answer:
    """What a command did.

    Attributes
    ----------
    code
        Exit code; None where it did not end.
    text
        What it said.
    seconds
        Wall time.
    left
        What it has made, changed or removed beside its folder.
    formulas
        Cells of tables that it wrote, which a spreadsheet would run.
    """

    code: int | None
    text: str
    seconds: float
    left: frozenset[str]
    formulas: frozenset[str]


def answer(command: list[str], folder: Path) -> Answer:
    """Run il6infer in a folder, with the limits of memory and time.

    Parameters
    ----------
    command
        Words after ``il6infer``.
    folder
        Working folder; what appears beside it is what was written outside.
    """
    before = _beside(folder)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    began = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "il6infer", *command], cwd=folder, preexec_fn=limit, timeout=10 * SECONDS,
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        code, text = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        code, text = None, ""
    left = frozenset(name for name, _ in before ^ _beside(folder))
    return Answer(code, text, time.monotonic() - began, left, frozenset(_formulas(folder / "out")))


def _beside(folder: Path) -> set[tuple[str, bytes]]:
    """Names of what stands beside a folder, with the content of files."""
    return {(path.name, path.read_bytes() if path.is_file() else b"") for path in folder.parent.iterdir()}


def _formulas(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.[ct]sv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
            yield from (cell for row in rows for cell in row if FORMULA.match(cell))


HOSTILE: Mapping[str, tuple[list[str], Maker]] = MappingProxyType({**TEXTS, **PACKED, **NAMES, **NUMBERS, **ANALYSES})
"""What it is -> command, and what makes its folder."""


def meet(name: str, folder: Path) -> Answer:
    """Make the folder of a hostile input, and give what the command answers.

    Parameters
    ----------
    name
        Of `HOSTILE`.
    folder
        To make it in, as `folder`/inside; `SECRET` stands beside it.
    """
    command, make = HOSTILE[name]
    inside = folder / "inside"
    inside.mkdir()
    (folder / "secret.txt").write_text(f"{SECRET}\t{SECRET}\n{SECRET}\n")
    make(inside)
    return answer(command, inside)


def faults(name: str, found: Answer) -> list[str]:
    """Say what is wrong with the answer to an input."""
    said = [f"exit code {found.code}: {found.text[-300:]}"] if found.code not in (0, 1, 2) else []
    said += ["it is taken"] if name.startswith(("option", "setting")) and found.code != 2 else []
    said += ["a traceback"] if "Traceback" in found.text else []
    # The files of a PEtab problem may lie anywhere, and links are followed: who runs it may read them, see SECURITY.md.
    said += ["it quotes a file outside"] if SECRET in found.text and not name.startswith(("PEtab", "link")) else []
    said += ["it commands the terminal"] if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", found.text) else []
    said += [f"it wrote {', '.join(sorted(found.left))} outside"] if found.left else []
    said += [f"it hands {', '.join(sorted(found.formulas))} to a spreadsheet"] if found.formulas else []
    said += [f"{len(found.text)} characters of messages"] if len(found.text) > 20_000 else []
    return said


def main() -> int:
    """Meet all, or those whose names begin with one of the words given, and write the table of docs/reliability.md."""
    bad, asked = 0, sys.argv[1:]
    for name in HOSTILE:
        if asked and not name.startswith(tuple(asked)):
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = meet(name, Path(folder))
        wrong = faults(name, found)
        bad += bool(wrong)
        first = found.text.strip().splitlines()[-1:] or [""]
        sys.stdout.write(f"| {name} | {'; '.join(wrong) or 'answered'} | {found.seconds:.0f} s | {first[0][:150]} |\n")
        sys.stdout.flush()
    return min(bad, 1)


if __name__ == "__main__":
    raise SystemExit(main())
