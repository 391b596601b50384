"""What each command costs before its work begins: user CPU seconds of its imports, beside an empty Python process."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from itertools import takewhile
from pathlib import Path
from statistics import median

from il6infer.cli.main import COMMANDS

CLI = Path(__file__).parents[1] / "il6infer" / "cli"
RUNS = 3


def run(folder: Path) -> None:
    """Measure, and write ``startup.md``."""
    lines = ["| process | before its work begins [s] | all its imports [s] |", "| --- | --- | --- |"]
    lines.append(f"| `python -c pass` | {_cpu('-c', 'pass'):.2f} | |")
    lines.append(f"| `il6infer --help` | {_cpu('-m', 'il6infer', '--help'):.2f} | |")
    for command in COMMANDS:
        for function, (first, every) in _imports(CLI / f"{command}.py").items():
            times = [
                _cpu("-W", "ignore", "-c", "; ".join(["import il6infer.cli.main", *code])) for code in (first, every)
            ]
            lines.append(f"| `il6infer {command}`, `{function}` | {times[0]:.2f} | {times[1]:.2f} |")
    text = "\n".join(lines) + "\n"
    (folder / "startup.md").write_text(text, "utf-8")
    sys.stdout.write(text)


def _imports(path: Path) -> dict[str, tuple[list[str], list[str]]]:
    """List what each function of a command imports when it runs: before its first other statement, and in all."""
    found = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
            body = node.body[1:] if ast.get_docstring(node) else node.body
            first = [*takewhile(lambda n: isinstance(n, ast.Import | ast.ImportFrom), body)]
            if inner:
                found[node.name] = ([ast.unparse(n) for n in first], [ast.unparse(n) for n in inner])
    return found


def _cpu(*arguments: str) -> float:
    """User seconds of a Python process, the median of `RUNS`."""
    times = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime - before.ru_utime)
    return median(times)
