"""Images and the conda environment hold what requirements.lock names, and nothing that it does not."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.test_installation import PYTHONS

LOCKED = (
    "python -m pip install --only-binary :all: --no-binary connection-pool,petab,petab-select --no-deps "
    "--require-hashes --requirement requirements.lock"
)
OWN = "python -m pip install --no-deps --no-build-isolation --editable ."
KNOWN = {"ARG", "FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "CMD"}


def dockerfile(root: Path) -> list[tuple[str, str]]:
    """Instructions with their arguments, lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (root / "containers" / "Dockerfile").read_text("utf-8"), flags=re.M)
    lines = [line.strip() for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def definition(root: Path) -> dict[str, list[str]]:
    """Sections of the Apptainer definition; the header is ''."""
    found: dict[str, list[str]] = {"": []}
    section = ""
    for line in (root / "containers" / "il6infer.def").read_text("utf-8").splitlines():
        if line.startswith("%"):
            section = line[1:].strip()
            found[section] = []
        elif line.strip() and not line.startswith("#"):
            found[section].append(line.strip())
    return found


def copied(root: Path) -> set[str]:
    """What the Dockerfile takes of the clone."""
    return {Path(name).as_posix() for kind, words in dockerfile(root) if kind == "COPY" for name in words.split()[:-1]}


def test_the_dockerfile_has_known_instructions_in_order(root):
    kinds = [kind for kind, _ in dockerfile(root)]

    assert set(kinds) == KNOWN
    assert kinds[:2] == ["ARG", "FROM"]
    assert kinds.index("USER") > max(n for n, kind in enumerate(kinds) if kind == "RUN")


def test_a_user_that_the_image_does_not_know_has_a_home_and_a_name(root):
    """`docker run --user 12345`: Snakemake asks for the name of the user, and ends where there is none."""
    settings = dict(pair.split("=") for kind, words in dockerfile(root) if kind == "ENV" for pair in words.split())

    assert settings["HOME"] == "/tmp"
    assert settings["USER"] == "il6infer"


def test_both_install_the_lock_file_and_nothing_else(root):
    runs = [part.strip() for kind, words in dockerfile(root) if kind == "RUN" for part in words.split("&&")]
    post = definition(root)["post"]

    for commands in (runs, post):
        installs = [command for command in commands if "install" in command]
        assert installs == [LOCKED, OWN]
        assert not [c for c in commands if re.search(r"\b(curl|wget|apt|apt-get|conda|git)\b", c)]


def test_both_start_from_the_same_python_one_that_is_tested(root):
    base = [words for kind, words in dockerfile(root) if kind == "FROM"]
    default = [words for kind, words in dockerfile(root) if kind == "ARG"]
    header = definition(root)[""]

    assert base == ["python:${PYTHON}-slim-bookworm"]
    assert default == definition(root)["arguments"] == ["PYTHON=3.11"]
    assert header == ["Bootstrap: docker", "From: python:{{ PYTHON }}-slim-bookworm"]
    assert default[0].partition("=")[2] in PYTHONS


def test_both_take_the_same_files_and_these_are_there(root):
    pairs = [line.split() for line in definition(root)["files"]]

    assert {source for source, _ in pairs} == copied(root)
    assert all(target == f"/opt/il6infer/{source}" for source, target in pairs)
    assert [name for name in copied(root) if not (root / name).exists()] == []


def test_what_the_image_needs_is_sent_to_the_builder_and_results_are_not(root):
    kept = {line[1:] for line in (root / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}

    assert kept == copied(root)
    assert not kept & {"results", ".venv", ".git", "build"}


def test_the_package_can_be_built_from_what_is_copied(root):
    """The file of the package names others: a missing one would end the build of the image."""
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    named = {project["project"]["readme"], *project["project"]["license-files"]}

    assert named | {"pyproject.toml", "il6infer"} <= copied(root)


def test_the_conda_environment_installs_the_same(root):
    environment = yaml.safe_load((root / "workflow" / "envs" / "il6infer.yaml").read_text("utf-8"))
    script = (root / "workflow" / "envs" / "il6infer.post-deploy.sh").read_text("utf-8")

    assert environment["channels"] == ["conda-forge", "nodefaults"]
    assert re.sub(r"\s", "", environment["dependencies"][0]).removeprefix("python=") in PYTHONS
    assert environment["dependencies"][1:] == ["pip"]
    assert [line for line in script.splitlines() if line.startswith("python")] == [LOCKED, OWN]


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_scripts_are_shell(root, shell):
    scripts = ["\n".join(definition(root)[part]) for part in ("post", "environment", "test", "runscript")]
    scripts += [words for kind, words in dockerfile(root) if kind == "RUN"]
    scripts += [(root / "workflow" / "envs" / "il6infer.post-deploy.sh").read_text("utf-8")] if shell == "bash" else []
    for script in scripts:
        done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
        assert done.stderr == ""


def test_outside_of_the_clone_the_conda_environment_says_where_to_go(root, tmp_path):
    script = root / "workflow" / "envs" / "il6infer.post-deploy.sh"
    done = subprocess.run(["bash", str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr == (
        f"{tmp_path} holds no requirements.lock: call snakemake --sdm conda in the clone of il6infer.\n"
    )


def test_each_package_of_the_lock_file_has_a_wheel_or_may_be_built(root):
    """A package with one digest has its source alone (or one wheel, which would be named here in vain)."""
    text = (root / "requirements.lock").read_text("utf-8")
    pins = re.findall(r"^([\w.-]+)(?:\[.*\])?==\S+.*((?:\n    --hash.*)+)", text, flags=re.M)
    alone = [name for name, digests in pins if digests.count("--hash") == 1]

    assert len(pins) == len(re.findall(r"^[\w.\[\]-]+==", text, flags=re.M)) > 150
    assert re.findall(r"--no-binary (\S+)", LOCKED) == [",".join(alone)]


def test_the_profile_of_the_container_finds_the_workflow(root, tmp_path):
    """The profile of the image, with this clone in the place of the image's, in a folder that holds no workflow."""
    profile = tmp_path / "profile"
    shutil.copytree(root / "profiles" / "container", profile)
    path = profile / "config.yaml"
    path.write_text(path.read_text("utf-8").replace("/opt/il6infer", str(root)))
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "mine.yaml").write_text(
        "datasets:\n"
        f"  example: {{description: {root}/config/datasets/example.yaml, folder: {root}/resources/example}}\n"
        "models: [classic_none]\n"
    )
    command = shlex.join([sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", "mine.yaml", "--dry-run"])
    done = subprocess.run(
        ["sh", "-c", f"SNAKEMAKE_PROFILE={profile} {command}"],
        cwd=tmp_path / "work", capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "results/report/index.html" in done.stdout
    assert "ENV" in {kind for kind, _ in dockerfile(root)}
    assert "SNAKEMAKE_PROFILE=/opt/il6infer/profiles/container" in (root / "containers" / "Dockerfile").read_text(
        "utf-8"
    )
