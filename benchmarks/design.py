"""Hold the recommended gel against random ones: how much it shrinks intervals.

Simulated on the posterior of a fit, without its linear approximation: truths are draws, a gel's data are simulated with
noise and a scale of its own, and the draws are weighed by their likelihood.

python -m benchmarks.design results/example/MODEL config/predictions.yaml
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from il6infer._files import read_posterior
from il6infer.petab_files.read import load
from il6infer.prediction.design import SCALE
from il6infer.prediction.interventions import read_interventions
from il6infer.prediction.predict import predict

TRUTHS, RANDOM_GELS, DRAWS = 200, 30, 2000


def run(folder: Path, asked: Path) -> None:
    """Print, for the recommended gel and for random ones, standard deviations after over before."""
    problem = load(folder / "problem" / "problem.yaml")
    idata = read_posterior(folder / "posterior.nc", "posterior")
    found = predict(problem, idata, read_interventions(asked), seed=1, draws=DRAWS)
    if found.plan is None or found.readings is None or not found.plan.lanes:
        raise SystemExit(f"{folder}: no plan")
    flat = np.stack([idata["posterior"][name].values.ravel() for name in found.plan.shrinkage], axis=1)
    thetas = np.log(flat[np.linspace(0, len(flat) - 1, min(DRAWS, len(flat))).astype(int)])
    values, noise = found.readings.values.values, np.array(found.readings.noise)
    known = np.isfinite(values).all(axis=1)
    thetas, values = thetas[known], values[known]
    lanes = [(lane.readout, lane.done, lane.time_min) for lane in found.readings.lanes]
    gels = np.array([lane[0] for lane in lanes])
    plan = [lanes.index((lane.readout, lane.done, lane.time_min)) for lane in found.plan.lanes]
    rng = np.random.default_rng(1)
    before = thetas.std(axis=0)

    def after(at: np.ndarray) -> np.ndarray:
        same = gels[at][:, None] == gels[at][None]
        precision = np.linalg.inv(np.diag(noise[at] ** 2) + SCALE**2 * same)
        sds = []
        for truth in rng.integers(0, len(values), TRUTHS):
            scales = {gel: SCALE * rng.normal() for gel in set(gels[at])}
            seen = values[truth, at] + noise[at] * rng.normal(size=len(at)) + [scales[gel] for gel in gels[at]]
            off = values[:, at] - seen
            logs = -0.5 * np.einsum("ij,jk,ik->i", off, precision, off)
            weights = np.exp(logs - logs.max())
            weights[truth] = 0.0  # the truth is no draw of what is known before
            weights /= weights.sum()
            mean = weights @ thetas
            sds.append(np.sqrt(np.clip(weights @ thetas**2 - mean**2, 0, None)))
        return np.sqrt(np.mean(np.square(sds), axis=0)) / before

    chosen = after(np.array(plan))
    random = np.mean([after(rng.integers(0, len(lanes), len(plan))) for _ in range(RANDOM_GELS)], axis=0)
    print(
        f"{folder.name}: {len(plan)} lanes; {found.plan.gain:.2f} nats foretold, random lanes {found.plan.random:.2f}"
    )
    print("| parameter | foretold | recommended gel | random gel |\n| --- | --- | --- | --- |")
    order = np.argsort(chosen)
    names = list(found.plan.shrinkage)
    for i in order[:8]:
        print(f"| {names[i]} | {found.plan.shrinkage[names[i]]:.2f} | {chosen[i]:.2f} | {random[i]:.2f} |")
    means = [np.mean(list(found.plan.shrinkage.values())), chosen.mean(), random.mean()]
    print(f"| mean of all {len(names)} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
