"""Every command and snippet of the documents is run or held against the code; what cannot be is listed, with why.

One walk over all blocks of code, fenced or indented. Pages in `WHOLE` are followed as a reader would: files are written
as they stand, commands are run. Elsewhere commands are parsed by the programs' own parsers, targets and paths must be
there, configurations have only keys that exist; tests/ingestion/test_data_page.py runs the examples of docs/data.md.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import jsonschema
import pytest
import yaml

from il6infer.cli.main import parser
from il6infer.configuration.configuration import DataSet
from il6infer.configuration.load import load_config
from il6infer.ingestion.assays import ASSAYS
from il6infer.ingestion.dataset import schema

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "config" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
WHOLE = ("docs/my_blots.md", "docs/my_plates.md", "docs/my_flow.md", "docs/two_cell_lines.md")
"""Pages that are followed from their first line to their last."""

ELSEWHERE = {
    "docs/data.md": "tests/ingestion/test_data_page.py reads each example",
    "docs/models.md": "tests/library/test_own_modules.py writes the module and fits it; test_docs.py the tables",
    "docs/pymc.md": "tests/pymc/test_docs.py makes the model and the term",
}
"""Page -> which test runs its snippets that are no commands."""

NOT_RUN = {
    ("README.md", "import il6infer as il"): "fits: tests/interface runs the same calls",
    ("docs/architecture.md", "instrument files"): "a picture of the data flow in words",
    ("docs/inference.md", "ln y_j = u"): "a formula",
    ("docs/kernel.md", "M = I"): "a formula",
    ("docs/kernel.md", "M^T v"): "a formula",
}
"""(Page, begin of a block) -> why it cannot be run."""

CONFIGURATION = set(yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text("utf-8"))["properties"])
PROGRAMS = {"il6infer", "snakemake", "make", "python", ".", "docker", "apptainer", "export"}
OUTSIDE = {
    "docker": "no registry of images",
    "apptainer": "no registry of images",
    ".": "a shell's own",
    "export": "a shell's own",
}


def blocks(page: Path) -> list[tuple[int, str]]:
    """Line and text of each block of code."""
    found, lines, i = [], page.read_text("utf-8").splitlines(), 0
    while i < len(lines):
        fence = re.match(r"\s*```(\w*)", lines[i])
        if fence:
            end = next(j for j in range(i + 1, len(lines)) if lines[j].strip() == "```")
            found.append((i + 1, "\n".join(lines[i + 1 : end])))
            i = end + 1
            continue
        if lines[i].startswith("    ") and lines[i].strip() and (not lines[i - 1].strip() or lines[i - 1][0] == "#"):
            inside = (j for j in range(i, len(lines)) if lines[j].strip() and not lines[j].startswith("    "))
            end = next(inside, len(lines))
            found.append((i + 1, dedent("\n".join(lines[i:end])).strip("\n")))
            i = end
            continue
        i += 1
    return found


def commands(text: str) -> list[list[str]]:
    """Words of each command; what stands behind several blanks, or #, is for the reader."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        plain = re.split(r"\s{2,}(?=\S)|\s+#\s", line.strip())[0].strip()
        if plain and not plain.startswith("#"):
            found.append(shlex.split(plain))
    return found


def is_shell(text: str) -> bool:
    lines = text.replace("\\\n", " ").splitlines()
    words = [line.split()[0] for line in lines if line.strip() and not line.strip().startswith("#")]
    return bool(words) and all(word in PROGRAMS for word in words)


CASES = [(page.relative_to(ROOT).as_posix(), line, text) for page in PAGES for line, text in blocks(page)]


def kind(page: str, text: str) -> str:
    """Tell how a block is checked; empty where it is not."""
    if is_shell(text):
        return "commands"
    if page in WHOLE:
        return "followed"
    if any(page == own and text.strip().startswith(begin) and begin for own, begin in NOT_RUN):
        return "not run"
    if page in ELSEWHERE:
        return "elsewhere"
    with contextlib.suppress(yaml.YAMLError):
        content = yaml.safe_load(text)
        if isinstance(content, dict) and set(content) <= CONFIGURATION:
            return "configuration"
        if isinstance(content, dict) and set(content) <= set(schema()["properties"]):
            return "description"
        if isinstance(content, list) and all(isinstance(one, dict) and one.get("assay") in ASSAYS for one in content):
            return "description"
    return ""


@pytest.mark.parametrize(("page", "line", "text"), CASES, ids=[f"{page}:{line}" for page, line, _ in CASES])
def test_every_block_is_run_or_listed(page, line, text):
    assert kind(page, text), f"{page}, line {line}: a test runs it, or NOT_RUN says why none does"


def test_no_reason_is_of_a_block_that_is_gone():
    begins = {(page, begin) for page, begin in NOT_RUN if begin}
    used = {(p, b) for p, b in begins for page, _, text in CASES if page == p and text.strip().startswith(b)}
    assert begins == used
    assert set(ELSEWHERE) | set(WHOLE) <= {page for page, _, _ in CASES}


SHELL = [
    (page, line, words) for page, line, text in CASES if kind(page, text) == "commands" for words in commands(text)
]


def _ends(words: list[str]) -> int | str | None:
    """Exit code of a command's parser; 0 where it goes on."""
    try:
        parser().parse_args(words)
    except SystemExit as end:
        return end.code
    return 0


@pytest.mark.parametrize(
    ("page", "line", "words"), SHELL, ids=[f"{page}:{line} {' '.join(words)[:40]}" for page, line, words in SHELL]
)
def test_every_command_is_one(page, line, words):
    program, *rest = words
    if program == "il6infer":
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            assert _ends(rest) == 0, said.getvalue()
    elif program == "make":
        targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
        assert set(rest) <= targets
    elif program == "python":
        module = rest[1] if rest[0] == "-m" else rest[0]
        path = ROOT / module if rest[0] != "-m" else ROOT / module.replace(".", "/")
        assert path.is_file() or path.is_dir() or path.with_suffix(".py").is_file()
    elif program == "snakemake":
        for option, value in zip(rest, rest[1:], strict=False):
            if option == "--workflow-profile":
                assert (ROOT / value).is_dir()
            if option == "--configfile" and value.startswith("config/"):
                assert (ROOT / value).is_file()
    else:
        assert OUTSIDE[program]


CHECK = """import json, sys
from snakemake.cli import get_argument_parser
for words in json.loads(sys.argv[1]):
    get_argument_parser().parse_args(words)
"""


def test_options_of_snakemake_are_its_own():
    """All in one process, for to start it takes the time."""
    told = [words[1:] for _, _, words in SHELL if words[0] == "snakemake"]
    done = subprocess.run([sys.executable, "-c", CHECK, json.dumps(told)], capture_output=True, text=True, check=False)
    assert told
    assert done.returncode == 0, done.stderr


CONFIGURED = [(page, line, text) for page, line, text in CASES if kind(page, text) == "configuration"]


@pytest.mark.parametrize(("page", "line", "text"), CONFIGURED, ids=[f"{page}:{line}" for page, line, _ in CONFIGURED])
def test_every_configuration_has_only_keys_that_exist(page, line, text, tmp_path):
    """As it stands, and with the data set that its page leaves out; values and files are the reader's."""
    content = yaml.safe_load(text)
    content.setdefault("datasets", {"mine": {"description": "mine.yaml", "folder": "mine"}})
    content.setdefault("models", ["classic_socs3"])
    for name in content.get("hold_out", {}).get("datasets", []):
        content["datasets"].setdefault(name, {"description": "x.yaml", "folder": "x"})
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert load_config(path).datasets


DESCRIBED = [(page, line, text) for page, line, text in CASES if kind(page, text) == "description"]


@pytest.mark.parametrize(("page", "line", "text"), DESCRIBED, ids=[f"{page}:{line}" for page, line, _ in DESCRIBED])
def test_every_part_of_a_description_has_only_keys_that_exist(page, line, text):
    content = yaml.safe_load(text)
    if isinstance(content, list):
        for one in content:
            jsonschema.validate(one, ASSAYS[one["assay"]].schema)
        return
    for key, part in content.items():
        jsonschema.validate(part, {**schema()["properties"][key], "$defs": schema().get("$defs", {})})


@pytest.mark.parametrize("page", WHOLE)
def test_a_page_can_be_followed(page, tmp_path):
    """Files are written where the page says so, commands run in their order; of fits the problems are made."""
    text = (ROOT / page).read_text("utf-8")
    files = re.findall(r"File `(\S+)`:\n```\w+\n(.*?)```", text, re.DOTALL)
    assert files
    for name, content in files:
        (tmp_path / name).write_text(content, encoding="utf-8")
    for _, block in blocks(ROOT / page):
        for program, *rest in commands(block) if is_shell(block) else []:
            if program == "il6infer":
                done = subprocess.run(
                    [sys.executable, "-m", "il6infer", *rest], cwd=tmp_path, capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, done.stderr
    for name, content in files:
        if "datasets:" in content:
            config = load_config(tmp_path / name)
            models = config.models
            for own in config.datasets.values():
                if own.description is not None:
                    _problem(tmp_path, own, models[0])


def _problem(folder: Path, own: DataSet, model: str) -> None:
    data = folder / "tables"
    run = [sys.executable, "-m", "il6infer"]
    wanted = model if "@" in model or not own.cell else f"{model}@{own.cell}"
    for words in (
        ["ingest", own.description, "--folder", own.folder, "--output", str(data)],
        [
            "problem",
            str(data / "measurements.csv"),
            str(data / "protocol.csv"),
            "--model",
            wanted,
            "--output",
            str(folder / "problem"),
        ],
    ):
        done = subprocess.run([*run, *words], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_python_that_is_not_run_parses():
    for page, _, text in CASES:
        if text.strip().startswith("import "):
            assert ast.parse(text), page
