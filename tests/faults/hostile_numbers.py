"""Numbers made to harm: in options, configurations, protocols and cells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests.faults import hostile_folders as make
from tests.faults.hostile_folders import INGEST, REPORT, Maker

FIT = ["petab", "fit", "problem.yaml", "--output", "out"]
COUNTS = ("-1", "0", "1.5", "1e308", "nan", "inf", "99999999999999999999", "\u0663", "1_000", "0x10")
SETTINGS = (
    "fit: {draws: -1}", "fit: {draws: 9223372036854775808}", "fit: {draws: .inf}", "fit: {draws: .nan}",
    "fit: {draws: true}", "fit: {draws: '100'}", "fit: {draws: [100]}", "fit: {chains: 1000000000}",
    "fit: {target_accept: .nan}", "fit: {target_accept: 2}", "fit: {rtol: -1.0e-3}", "fit: {rtol: .inf}",
    "fit: {atol: 0}", "fit: {max_steps: 1.0e+300}", "seed: -1", "seed: .nan", "seed: 1.0e+400",
    "verdict: {rhat_max: .nan}", "verdict: {ess_min: -.inf}", "comparison: {particles: 1.0e+18}",
    "values: {kon_IL6_IL6R: .nan}", "values: {kon_IL6_IL6R: -1}", "values: {'__class__': 1}",
)  # fmt: skip
CELLS = ("1e400", "-inf", "1_0", "\uff11\uff12", "\u0663", "\u22121", "0x1F", "1e5e5", "--1", "1'000", "1e-400", "=1+1")
DOSES = ("1e400", "nan", "inf", "-1", "1_0", "1e-400", "''", "[1]", "true", "9" * 5_000)


def settings(text: str) -> Maker:
    """Write a good configuration of an analysis, and one thing more."""

    def make_folder(folder: Path) -> None:
        make.told()(folder)
        good = "title: t\ndatasets: {d: {description: about.yaml, folder: .}}\nmodels: [classic_none]\n"
        (folder / "config.yaml").write_text(f"{good}{text}\n", "utf-8")

    return make_folder


def dosed(dose: str) -> Maker:
    """Write a good description, but for a dose, as YAML has it."""

    def make_folder(folder: Path) -> None:
        make.told()(folder)
        path = folder / "about.yaml"
        path.write_text(path.read_text("utf-8").replace("dose: 1,", f"dose: {dose},"), "utf-8")

    return make_folder


NUMBERS: Mapping[str, tuple[list[str], Maker]] = MappingProxyType(
    {
        **{f"option: --{name} {number}": ([*FIT, f"--{name}={number}"], make.problem())
           for name in ("draws", "chains", "threads") for number in COUNTS},
        "option: --seed -1": ([*FIT, "--seed=-1"], make.problem()),
        "option: --target-accept nan": ([*FIT, "--target-accept=nan"], make.problem()),
        "option: --rtol -1": ([*FIT, "--rtol=-1"], make.problem()),
        "option: --max-steps 10^400": ([*FIT, f"--max-steps={10**400}"], make.problem()),
        "option: --time-limit nan": ([*FIT, "--time-limit=nan"], make.problem()),
        "option: draws that no memory holds": ([*FIT, "--draws=1000000000", "--chains=4"], make.problem()),
        "option: 1,000,000 chains": ([*FIT, "--chains=1000000", "--draws=10", "--tune=10"], make.problem()),
        **{f"setting: {text}": (REPORT, settings(text)) for text in SETTINGS},
        **{f"dose: {dose[:9]}": (INGEST, dosed(dose)) for dose in DOSES},
        **{f"cell: {cell}": (INGEST, make.told(cells=f"a,0,{cell}\na,10,2\na,60,3\n")) for cell in CELLS},
        **{f"time: {cell}": (INGEST, make.told(cells=f"a,{cell},1\na,10,2\na,60,3\n")) for cell in CELLS},
    }
)  # fmt: skip
"""What it is -> command, and what makes its folder."""
