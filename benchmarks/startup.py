"""What each command costs before its work begins: CPU seconds of its imports, beside an empty Python process."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

from il6infer.cli.main import COMMANDS

CLI = Path(__file__).parents[1] / "il6infer" / "cli"
RUNS = 3


def run(folder: Path) -> None:
    """Measure, and write ``startup.md``."""
    lines = ["| process | CPU [s] |", "| --- | --- |", f"| `python -c pass` | {_cpu('-c', 'pass'):.2f} |"]
    lines.append(f"| `il6infer --help` | {_cpu('-m', 'il6infer', '--help'):.2f} |")
    for command in COMMANDS:
        for function, imports in _imports(CLI / f"{command}.py").items():
            code = "; ".join(["import il6infer.cli.main", *imports])
            lines.append(f"| `il6infer {command}`, `{function}` | {_cpu('-W', 'ignore', '-c', code):.2f} |")
    text = "\n".join(lines) + "\n"
    (folder / "startup.md").write_text(text, "utf-8")
    sys.stdout.write(text)


def _imports(path: Path) -> dict[str, list[str]]:
    """List what each function of a command imports when it runs."""
    found = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
            if inner:
                found[node.name] = [ast.unparse(n) for n in inner]
    return found


def _cpu(*arguments: str) -> float:
    """User and system seconds of a Python process, the median of `RUNS`."""
    times = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(times)
