"""Groups of measurements, and what only a group's own read-outs name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from il6infer.engine.likelihood import pointwise
from il6infer.inference.collapsed import RULES
from il6infer.inference.collapsed_groups import collapsed_at
from il6infer.inference.collapsed_tables import reference, tables_of
from il6infer.inference.nuisance import find_nuisance, in_the_model, names_by_row
from il6infer.problems.courses import carriers_of
from il6infer.problems.spec import Problem


def groups_of(problem: Problem, unit: str, data_sets: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """Rows of each group of measurements; literature constraints are in none.

    Parameters
    ----------
    problem
        What was fitted.
    unit
        batch, condition or data_set.
    data_sets
        Names of those of a joint fit, which begin the names of its gels.

    """
    table = problem.data
    if unit == "batch":
        names = table["batch"].astype(str).to_numpy()
    elif unit == "condition":
        names = table["experiment"].astype(str).to_numpy()
    else:
        longest = sorted(data_sets, key=len, reverse=True)
        names = np.array([next((d for d in longest if b.startswith(f"{d}_")), "") for b in table["batch"]], dtype=str)
    rows = table.index.to_numpy()
    return {str(name): rows[names == name] for name in dict.fromkeys(names)}


@dataclass(frozen=True)
class GroupLikelihood:
    """Log-likelihood of one group, what only it has integrated out as far as that is possible.

    Attributes
    ----------
    problem
        The whole one.
    rows
        Of the group, and those that say how errors of its read-outs hang together.
    part
        The problem with the group's measurements alone.
    alone
        Parameters that only its read-outs name.
    template
        (parameters,) what those that are integrated out are replaced by; NaN elsewhere.
    single
        Rows of `part` whose density is their own, not integrated.
    """

    problem: Problem
    rows: np.ndarray
    part: Problem
    alone: tuple[str, ...]
    template: np.ndarray
    single: np.ndarray
    _tables: tuple

    @property
    def integrated(self) -> tuple[str, ...]:
        """Parameters that are integrated out."""
        pairs = zip(self.problem.estimated, self.template, strict=True)
        return tuple(p.id for p, value in pairs if not np.isnan(value))

    def with_single(self, single: np.ndarray) -> GroupLikelihood:
        """Count fewer rows whose density is their own."""
        return replace(self, single=single)

    def integrating(self, only: Collection[str]) -> GroupLikelihood:
        """Integrate no parameters out but these."""
        return _integrating(self.problem, self.rows, self.part, self.alone, only)

    def __call__(self, prediction: np.ndarray, noise: np.ndarray) -> float:
        """Log-density of the group's measurements; -inf where they were not simulated.

        Parameters
        ----------
        prediction, noise
            (measurements,) of the whole problem, with the parameters of `template` in place.
        """
        own, blur = prediction[self.rows], noise[self.rows]
        if not np.isfinite(own).all():
            return -np.inf
        total = float(pointwise(self.part, own, blur)[self.single].sum())
        if len(self._tables[2]):
            ends = np.zeros(len(own)), np.zeros(len(own))
            total += collapsed_at(*self._tables, own, blur, *ends, RULES[0])
        return total if np.isfinite(total) else -np.inf


def likelihoods_of(problem: Problem, groups: Mapping[str, np.ndarray]) -> dict[str, GroupLikelihood]:
    """Make the likelihood of each group.

    Parameters
    ----------
    problem
        What was fitted.
    groups
        Rows of each.
    """
    names, inner = names_by_row(problem), in_the_model(problem)
    observed = problem.measurements["observable"].to_numpy()
    found = {}
    for name, rows in groups.items():
        mine, carriers = set(rows.tolist()), carriers_of(problem)
        read = {str(observed[row]) for row in mine}
        rows = np.concatenate([rows, [row for observable, row in carriers.items() if observable in read]]).astype(int)
        others = set().union(*(named for row, named in enumerate(names) if row not in mine))
        alone = set().union(*(names[row] for row in mine)) - others - inner
        part = problem.with_measurements(problem.measurements.iloc[rows])
        found[name] = _integrating(problem, rows, part, tuple(sorted(alone)), alone)
    return found


def rest_of(group: GroupLikelihood) -> GroupLikelihood:
    """Likelihood of all other measurements, of which only what the group does not name is integrated out."""
    problem, names = group.problem, names_by_row(group.problem)
    own = np.setdiff1d(group.rows, [*carriers_of(problem).values()])
    rows = np.setdiff1d(np.arange(len(names)), own)
    named = set().union(*(names[row] for row in own))
    only = {p.id for p in problem.estimated} - named
    return _integrating(problem, rows, problem.with_measurements(problem.measurements.iloc[rows]), (), only)


def _integrating(
    problem: Problem, rows: np.ndarray, part: Problem, alone: tuple[str, ...], only: Collection[str]
) -> GroupLikelihood:
    nuisance = find_nuisance(part, only)
    tables = tables_of(part, nuisance)
    single = np.setdiff1d(np.arange(len(rows)), tables.members)
    return GroupLikelihood(problem, rows, part, alone, reference(part, nuisance), single, tuple(tables))


def merged(likelihoods: Mapping[str, GroupLikelihood]) -> np.ndarray:
    """Template (parameters,) of all groups at once: no two of them share what only one names."""
    templates = [own.template for own in likelihoods.values()]
    found = templates[0].copy()
    for template in templates[1:]:
        found = np.where(np.isnan(template), found, template)
    return found
