"""A small data set to spoil: one gel, one plate, one qPCR plate, one table, a protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.ingestion import Tables, ingest

PROTOCOL = """condition,time_min,action,species,dose,unit
vehicle,0,control,,,
il6_10,0,add,IL6,10,ng/ml
block,-30,add,sgp130Fc,500,ng/ml
block,0,add,IL6,10,ng/ml
block,0,add,sIL6R,0.5,nM
pulse,0,add,IL6,40,ng/ml
pulse,20,wash,,,
"""
GEL = """lane,condition,time_min,pSTAT3,total_STAT3,loading_control
1,vehicle,0,1000,50000,90000
2,il6_10,15,20000,40000,80000
3,il6_10,60,9000,45000,85000
4,block,15,5000,50000,100000
"""
PLATE = """well,condition,time_min,firefly,renilla
A1,vehicle,0,1000,5000
A2,vehicle,0,1100,5000
A3,il6_10,360,9000,4500
"""
QPCR = """sample,condition,time_min,replicate,gene,ct
S1,vehicle,0,1,SOCS3,30.00
S1,vehicle,0,2,SOCS3,30.20
S1,vehicle,0,1,HPRT,21.00
S1,vehicle,0,2,HPRT,21.20
S2,il6_10,60,1,SOCS3,25.00
S2,il6_10,60,2,SOCS3,25.00
S2,il6_10,60,1,HPRT,21.00
S2,il6_10,60,2,HPRT,21.00
"""
ELISA = """well,sample,condition,time_min,standard,OD450
A1,S1,,,0,0.05
A2,S2,,,10,0.3227
A3,S3,,,30,0.7423
A4,S4,,,100,1.55
A5,S5,,,300,2.3
A6,S6,,,1000,2.7773
B1,sup1,vehicle,0,,0.8
B2,sup2,il6_10,60,,1.2
"""
COIP = """lane,condition,time_min,gp130,IL6R,gp130_input
1,vehicle,0,400,8000,15000
2,il6_10,15,6000,9000,15000
3,il6_10,60,3000,7500,14000
"""
GENES = """gene,log2_fold_change,log2_error,condition,time_min
SOCS3,2.91,0.14,il6_10,60
STAT3,0.81,0.06,il6_10,60
"""
TABLE = """time,dose,pgp130_wb,ms
0,0,0.5,1.1
20,40,2.0,
40,40,,55
"""
YAML = """title: A test
simulated: true
protocol: protocol.csv
files:
  - {path: gel.csv, assay: western_blot, observable: pSTAT3, batch: gel1, signal: pSTAT3,
     normalise: total_STAT3, loading: loading_control, offset: true}
  - {path: plate.csv, assay: luciferase, observable: luciferase, batch: plate1}
  - {path: qpcr.csv, assay: qpcr, observable: SOCS3_mRNA, batch: qpcr1, target: SOCS3, reference: HPRT}
  - path: table.csv
    assay: table
    batch: tab1
    condition: {column: dose, map: {0: vehicle, 40: pulse}}
    observables:
      pgp130: {column: pgp130_wb, unit: a.u., offset: true}
      pSTAT3_cytoplasm: {column: ms, unit: percent, noise: normal, scale: false}
"""
FILES = {"protocol": PROTOCOL, "gel": GEL, "plate": PLATE, "qpcr": QPCR, "table": TABLE}


def read(folder: Path, **changed: str | bytes | None) -> Tables:
    """Ingest the data set with some of its files changed (None: missing); `yaml` is the description."""
    for name, text in {**FILES, **changed}.items():
        path = folder / ("data.yaml" if name == "yaml" else f"{name}.csv")
        if isinstance(text, bytes):
            path.write_bytes(text)
        elif text is not None:
            path.write_text(text, encoding="utf-8")
    if "yaml" not in changed:
        (folder / "data.yaml").write_text(YAML, encoding="utf-8")
    return ingest(folder / "data.yaml", "test", folder)


def faults(folder: Path, **changed: str | bytes | None) -> list[str]:
    """Faults of the data set so changed; the message's first line is checked and left out."""
    with pytest.raises(UserError) as error:
        read(folder, **changed)
    head, *lines = str(error.value).splitlines()
    assert head == f"data set 'test': {len(lines)} fault" + ("s" if len(lines) > 1 else "")
    assert all(line.startswith("  - ") for line in lines)
    return [line.removeprefix("  - ") for line in lines]
