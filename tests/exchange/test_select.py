"""Export of a comparison's models for PEtab Select."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6infer.exchange.select_export import export
from tests.zoo import decay_v1


@pytest.mark.filterwarnings("ignore")  # of petab_select and of petab v1, on import and on reading
def test_petab_select_reads_it(tmp_path: Path) -> None:
    import petab_select

    problems = {name: decay_v1.write(tmp_path / name) for name in ("classic", "trans")}
    path = export(problems, tmp_path / "select", criterion="BIC")
    read = petab_select.Problem.from_yaml(path)
    assert read.criterion == petab_select.Criterion.BIC
    assert read.method == petab_select.Method.BRUTE_FORCE
    assert sorted(read.model_space.model_subspaces) == ["classic", "trans"]
