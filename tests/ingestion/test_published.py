"""The published data sets that ship as configurations are read as their descriptions say."""

from __future__ import annotations

import pytest

from il6infer.ingestion.assemble import ingest

COUNTS = {
    "billing2019_hepg2": ("billing2019", {"pSTAT3": 36}),
    "billing2019_mef": ("billing2019", {"pSTAT3": 174}),
    "wilmes2021_rpe1": ("wilmes2021", {"pSTAT3": 8, "pSTAT1": 8}),
    "zeilfelder2025_hepg2": (
        "zeilfelder2025",
        {"pSTAT3": 49, "pSTAT3_cytoplasm": 34, "pSTAT3_nucleus": 34, "SOCS3_mRNA": 24},
    ),
    "sobotta2017_held_out": ("sobotta2017", None),
    "sobotta2017_bohl": ("sobotta2017", None),
    "sobotta2017_pulses": (
        "sobotta2017",
        {"pgp130": 64, "pSTAT3_nucleus": 61, "pSTAT3_cytoplasm": 36, "SOCS3_mRNA": 28},
    ),
}


@pytest.mark.parametrize("name", COUNTS)
def test_description_reads_the_published_files(name, root, shared):
    folder, counts = COUNTS[name]
    path = shared / "data" / folder
    if not path.is_dir():
        pytest.skip(f"the published files are not here: {path}")
    tables = ingest(root / "config" / "datasets" / f"{name}.yaml", name, path)

    found = tables.measurements["observable"].value_counts().to_dict()
    assert counts is None or found == counts
    assert len(tables.measurements) >= 16
    assert not tables.measurements["simulated"].any()
    if name == "billing2019_mef":
        lacking = tables.protocol.set_index("condition")["knock_out"]
        assert {condition.startswith("ko_") for condition in lacking[lacking == "SOCS3"].index} == {True}
        assert not lacking[lacking == ""].index.str.startswith("ko_").any()
