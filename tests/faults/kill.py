"""Kill a run of the workflow in each of its stages, again and again: `python -m tests.faults.kill --times 30`.

A first run is left alone; it tells how long each stage takes, and what its results are. Then, for each kill: a run is
started, one of the stages that are left waited for, and ``kill -9`` sent at a random moment of it, to snakemake and,
seven times of ten, to its jobs. After each kill every file under its final name must be whole, and what was finished
before must not have been made again. At the end the results must be those of the run that was left alone. Prints the
table of docs/reliability.md.
"""

from __future__ import annotations

import argparse
import base64
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from il6infer.provenance import verify
from tests.faults.runs import ASKED, CONFIG, broken, different, done_run, log_of, make_folder, results, start

# Rule -> words of its command. In the order of the data flow, so that a run that goes on meets one after the other.
STAGES = {
    "ingest": "ingest",
    "problem": "problem",
    "draw": "models diagram",
    "check_prior": "claims prior",
    "fit": "fit",
    "diagnose": "diagnose",
    "identify": "identify run",
    "leave_out": "leaveout",
    "evidence": "evidence",
    "compare": "compare",
    "ask": "claims ask",
    "predict": "predict ask",
    "weigh": "claims weigh",
    "weigh_predictions": "predict weigh",
    "report": "report",
}


@dataclass
class Found:
    """What kills came to.

    Attributes
    ----------
    kills
        Stage that was waited for -> number of kills.
    late
        Stage -> kills of these that came when its job had just ended.
    half, redone
        Files that were half written under their final names, and finished files that were made again.
    whole
        For each folder, of runs that were killed until nothing was left to kill: exit code 0 at last, the page there.
    unlike, not_as_written
        Results that differ from those of the run that was left alone, and that `il6infer verify` finds altered.
    locks, refused
        Locks of killed runs that the next run removed, and runs that were refused for one.
    """

    kills: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    half: list[str] = field(default_factory=list)
    redone: list[str] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)
    not_as_written: list[str] = field(default_factory=list)
    locks: int = 0
    refused: int = 0

    @property
    def lost(self) -> bool:
        """Whether anything was."""
        faults = (self.half, self.redone, self.unlike, self.not_as_written, self.refused)
        return any(faults) or not all(self.whole)


def pids_at_work(process: subprocess.Popen[bytes]) -> dict[int, str]:
    """Processes of a run that are commands of its rules -> the rule."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(path.name)) != process.pid:
                continue
            words = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except (ProcessLookupError, FileNotFoundError, PermissionError):
            continue
        places = [i for i, word in enumerate(words) if Path(word).name == "il6infer"]
        said = " ".join(words[places[0] + 1 :]) if places else ""
        found |= {int(path.name): rule for rule, command in STAGES.items() if said.startswith(f"{command} ")}
    return found


def at_work(process: subprocess.Popen[bytes]) -> set[str]:
    """Rules whose commands are at work in a run."""
    return set(pids_at_work(process).values())


def kill(process: subprocess.Popen[bytes], *, all_of_it: bool) -> None:
    """Kill -9 of snakemake, and of its jobs, too; else these end by themselves, and are waited for."""
    if all_of_it:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    while True:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.2)


def finished(folder: Path) -> dict[str, tuple[int, int]]:
    """Results of jobs that Snakemake knows to have ended -> their inode and time."""
    unfinished = [
        base64.b64decode(path.name + "===").decode(errors="replace")
        for path in (folder / ".snakemake" / "incomplete").rglob("*")
        if path.is_file()
    ]
    found = {str(path.relative_to(folder)): path.stat() for path in results(folder)}
    return {
        name: (about.st_ino, about.st_mtime_ns)
        for name, about in found.items()
        if not any(name == other or name.startswith(f"{other}/") for other in unfinished)
    }


def seconds_of(folder: Path) -> dict[str, float]:
    """How long each rule took in a run that was left alone [s]."""
    found = {}
    for rule in STAGES:
        path = next((folder / "results" / "benchmarks" / rule).rglob("*.tsv"), None)
        path = path or folder / "results" / "benchmarks" / f"{rule}.tsv"
        head, row = (line.split("\t") for line in path.read_text().splitlines()[:2])
        found[rule] = float(row[head.index("s")])
    return found


def trial(scratch: Path, stages: Sequence[str], rng: random.Random) -> Found:
    """Kill runs, each in one stage, then let one end, and compare.

    Parameters
    ----------
    scratch
        Folder for run directories, empty.
    stages
        Stage for each kill.
    rng
        Of the moments.
    """
    alone = done_run(scratch / "alone", CONFIG + ASKED)
    seconds, found, left = seconds_of(alone), Found(), sorted(stages, key=list(STAGES).index)
    while left:
        folder = make_folder(scratch / f"killed{len(found.whole)}", CONFIG + ASKED)
        left = _kill_in(folder, left, seconds, found, rng)
        code = start(folder, "--cores", "2").wait()
        found.whole.append(code == 0 and (folder / "results" / "report" / "index.html").is_file())
        found.unlike += different(alone, folder)
        found.not_as_written += [f"{f.path}: {f.what}" for f in verify(folder / "results")[1]]
        found.locks += log_of(folder).count("its lock is removed")
        found.refused += log_of(folder).count("LockException")
    return found


def _kill_in(
    folder: Path, stages: Sequence[str], seconds: dict[str, float], found: Found, rng: random.Random
) -> list[str]:
    """Kill runs of one folder, each in a stage that is left, until it is done; give the stages that are still left."""
    left, kept = list(stages), {}
    while left:
        process, found_at_work = start(folder, "--cores", "2"), []
        while not found_at_work and process.poll() is None:
            time.sleep(0.1)
            now_at_work = at_work(process)
            found_at_work = [stage for stage in left if stage in now_at_work]
        if not found_at_work:  # the run is done
            break
        stage = found_at_work[0]
        left.remove(stage)
        time.sleep(rng.uniform(0.0, seconds[stage]))
        found.late[stage] += stage not in at_work(process)
        kill(process, all_of_it=rng.random() < 0.7)
        found.kills[stage] += 1
        found.half += [f"{path.relative_to(folder)}: {what}" for path in results(folder) if (what := broken(path))]
        now = finished(folder)
        found.redone += [f"{path}, at a kill of {stage}" for path, what in kept.items() if now.get(path) != what]
        kept = now
        sys.stderr.write(f"kill {found.kills.total()}, of {stage}: {len(results(folder))} results\n")
    return left


def table(found: Found) -> str:
    """Give the table of docs/reliability.md."""
    lines = ["| stage | kills | of these when its job had just ended |", "|---|---|---|"]
    lines += [f"| `{stage}` | {found.kills[stage]} | {found.late[stage]} |" for stage in STAGES if found.kills[stage]]
    lines += [
        "", "| all kills | |", "|---|---|", f"| kills | {found.kills.total()} |",
        f"| locks that the next run removed | {found.locks} |", f"| runs refused | {found.refused} |",
        f"| files half written under their final names | {', '.join(found.half) or 'none'} |",
        f"| finished files made again | {', '.join(found.redone) or 'none'} |",
        f"| runs that ended well at last | {sum(found.whole)} of {len(found.whole)} |",
        f"| results that differ from those of a run left alone | {', '.join(found.unlike) or 'none'} |",
        f"| results not as their record says | {', '.join(found.not_as_written) or 'none'} |",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> int:
    """Try, print what came of it; 0 if nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30, help="kills (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments (default: 1)")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    stages = [*STAGES] * (args.times // len(STAGES)) + rng.sample([*STAGES], args.times % len(STAGES))
    with tempfile.TemporaryDirectory() as folder:
        found = trial(Path(folder), stages, rng)
    sys.stdout.write(table(found))
    return int(found.lost)


if __name__ == "__main__":
    raise SystemExit(main())
