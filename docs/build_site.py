"""Build the site: pages of the repository, a tutorial, and references made from the code; warnings are errors.

python docs/build_site.py build/site
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]

# Page of the site -> file of the repository, in the order of the contents.
PAGES = {
    "index.md": "README.md",
    "tutorial.md": "docs/tutorial.md",
    "configuration.md": "config/README.md",
    **{path.name: f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "tutorial.md"},
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
ASSETS = {name: f"docs/{name}" for name in ("packages.svg", "first_screen.png", "sbc_gels.svg", "models")}
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def build(site: Path) -> None:
    """Write the site into a folder.

    Parameters
    ----------
    site
        Folder, made anew.

    Raises
    ------
    subprocess.CalledProcessError
        If mkdocs has a warning: a link that leads nowhere, a page that is not in the contents.
    """
    with TemporaryDirectory() as temporary:
        source = Path(temporary) / "docs"
        source.mkdir()
        for page, file in PAGES.items():
            (source / page).write_text(_relinked((ROOT / file).read_text("utf-8"), ROOT / file), encoding="utf-8")
        for name, file in ASSETS.items():
            copy = shutil.copytree if (ROOT / file).is_dir() else shutil.copy
            copy(ROOT / file, source / name)
        (source / "commands.md").write_text(commands(), encoding="utf-8")
        (source / "python.md").write_text(python_api(), encoding="utf-8")
        config = Path(temporary) / "mkdocs.yml"
        config.write_text((ROOT / "mkdocs.yml").read_text("utf-8"), encoding="utf-8")
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", str(config)]
        quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
        subprocess.run([*command, "--site-dir", str(site.resolve())], check=True, env=quiet)  # noqa: S603 (ours)


def _relinked(text: str, file: Path) -> str:
    """Let links between files of the repository lead to pages of the site; what is no page keeps its words."""
    pages = {(ROOT / own).resolve(): page for page, own in PAGES.items()}
    assets = {(ROOT / own).resolve(): name for name, own in ASSETS.items()}

    def link(found: re.Match[str]) -> str:
        mark, words, target = found.groups()
        if re.match(r"[a-z]+:|#", target):
            return found[0]
        path, _, anchor = target.partition("#")
        whole = (file.parent / path).resolve()
        if whole in pages:
            return f"{mark}[{words}]({pages[whole]}{'#' + anchor if anchor else ''})"
        for own, name in assets.items():
            if whole == own or own in whole.parents:
                return f"{mark}[{words}]({Path(name, whole.relative_to(own)).as_posix().rstrip('/.')})"
        return words if words.startswith("`") else f"{words} (`{whole.relative_to(ROOT)}`)"

    return _LINK.sub(link, text)


def commands() -> str:
    """Help of each command."""
    from il6infer.cli.main import COMMANDS

    parts = ["# Commands\nWhat `il6infer COMMAND --help` says. Actions of a command have a help of their own."]
    for name in COMMANDS:
        done = subprocess.run(  # noqa: S603 (ours)
            [sys.executable, "-m", "il6infer", name, "--help"], capture_output=True, text=True, check=True,
            env={**os.environ, "COLUMNS": "100"},
        )  # fmt: skip
        parts.append(f"## il6infer {name}\n```text\n{done.stdout.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def python_api() -> str:
    """Signature and docstring of all that `import il6infer` offers."""
    il = importlib.import_module("il6infer")
    parts = ["# Python\n`import il6infer as il`; the notebook `docs/notebook.ipynb` does the bundled analysis."]
    for name in sorted(il.__all__):
        thing = getattr(il, name)
        try:
            signature = str(inspect.signature(thing)) if callable(thing) else ""
        except (TypeError, ValueError):
            signature = ""
        signature = re.sub(r" at 0x[0-9a-f]+", "", signature)
        parts.append(f"## il.{name}\n```text\n{name}{signature}\n\n{inspect.getdoc(thing) or ''}\n```")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path)
    build(parser.parse_args().site)
