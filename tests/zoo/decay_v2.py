"""The problem of `tests.zoo.decay_v1` as PEtab v2, with one experiment for each name."""

from __future__ import annotations

from pathlib import Path

from tests.zoo import decay_v1

RATES = (0.5, 0.25, 0.125)
"""k of the first, second and third experiment; those after begin again."""

TABLES = {
    "parameters.tsv": "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\na0\t0\t10\t1\ttrue\n",
    "observables.tsv": "observableId\tobservableFormula\tnoiseFormula\tnoiseDistribution\nobs\tA\t0.1\tlog-normal\n",
}


def write(folder: Path, names: tuple[str, ...] = ("e1",), **changed: str) -> Path:
    """Write the problem; returns the path of its YAML file.

    Parameters
    ----------
    names
        Experiments, each with a condition of the same name.
    changed
        Table (without its suffix) -> its text in place of the usual one.
    """
    decay_v1.write(folder)
    rates = {name: RATES[i % len(RATES)] for i, name in enumerate(names)}
    tables = TABLES | {
        "conditions.tsv": "conditionId\ttargetId\ttargetValue\n" + "".join(f"{n}\tk\t{k}\n" for n, k in rates.items()),
        "experiments.tsv": "experimentId\ttime\tconditionId\n" + "".join(f"{n}\t0\t{n}\n" for n in names),
        "measurements.tsv": "observableId\texperimentId\ttime\tmeasurement\n"
        + "".join(f"obs\t{name}\t{time}\t1\n" for name in names for time in decay_v1.TIMES),
    }
    tables |= {f"{name}.tsv": text for name, text in changed.items()}
    for name, text in tables.items():
        (folder / name).write_text(text)
    lists = "".join(f"{Path(name).stem.removesuffix('s')}_files: [{name}]\n" for name in tables)
    model = "model_files: {decay: {language: sbml, location: model.xml}}\n"
    (folder / "problem.yaml").write_text(f"format_version: 2.0.0\nid: decay\n{model}{lists}")
    return folder / "problem.yaml"
