"""Raw files made from read-outs give the read-outs back: up to scale, offset and noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from il6infer._errors import raise_faults
from il6infer._tables import read_sheet
from il6infer.ingestion import luciferase, qpcr, western_blot
from il6infer.ingestion.luciferase import Luciferase, LuciferaseSettings, luciferase_plate
from il6infer.ingestion.qpcr import Qpcr, QpcrSettings, qpcr_plate
from il6infer.ingestion.western_blot import BlotSettings, WesternBlot, western_blot_gel

TIMES, CONDITIONS = (0.0, 5.0, 15.0, 60.0), ("vehicle", "il6_10")
READOUT = pd.DataFrame(
    {
        "condition": np.repeat(CONDITIONS, len(TIMES)),
        "time_min": np.tile(TIMES, len(CONDITIONS)),
        "value": [0.01, 0.01, 0.01, 0.01, 0.01, 0.2, 0.5, 0.15],
    }
)
BLOT = WesternBlot("raw.csv", "pSTAT3", "gel1", "pSTAT3", "total_STAT3", "loading_control", offset=True)
LUCIFERASE = Luciferase("raw.csv", "luciferase", "plate1")
QPCR = Qpcr("raw.csv", "SOCS3_mRNA", "qpcr1", "SOCS3", ("HPRT",))


def recover(frame, spec, reader, folder):
    """Values that the reader finds in the raw file, with the read-outs that made them."""
    frame.to_csv(folder / "raw.csv", index=False)
    sheet, faults = read_sheet(folder / "raw.csv", "raw.csv")
    reading = reader(sheet, spec)
    raise_faults([*faults, *reading.faults], "raw.csv")
    found = pd.DataFrame([{"condition": v.condition, "time_min": v.time_min, "found": v.value} for v in reading.values])
    return found.merge(READOUT, on=["condition", "time_min"], how="left", validate="many_to_one"), reading


def test_blot_without_noise(tmp_path):
    settings = BlotSettings(noise=0, total_noise=0, loading_noise=0)
    gel = western_blot_gel(TIMES, CONDITIONS, READOUT, settings, np.random.default_rng(1))
    assert list(gel.columns) == ["lane", "condition", "time_min", "pSTAT3", "total_STAT3", "loading_control"]
    assert all(gel[band].dtype.kind == "i" for band in ("pSTAT3", "total_STAT3", "loading_control"))
    assert gel["loading_control"].std() / gel["loading_control"].mean() > 0.05
    found, _ = recover(gel, BLOT, western_blot.read, tmp_path)
    expected = settings.scale / settings.total_scale * (found["value"] + settings.background)
    assert found["found"].to_numpy() == pytest.approx(expected.to_numpy(), rel=2e-4)


def test_luciferase_without_noise(tmp_path):
    settings = LuciferaseSettings(noise=0, wells=2)
    plate = luciferase_plate(TIMES, CONDITIONS, READOUT, settings, np.random.default_rng(2))
    assert plate["renilla"].std() / plate["renilla"].mean() > 0.1
    found, _ = recover(plate, LUCIFERASE, luciferase.read, tmp_path)
    assert len(found) == 16
    expected = settings.scale / settings.renilla_scale * found["value"]
    assert found["found"].to_numpy() == pytest.approx(expected.to_numpy(), rel=2e-3)


def test_qpcr_without_noise(tmp_path):
    settings = QpcrSettings(noise=0, well_noise=0, samples=2)
    plate = qpcr_plate(TIMES, CONDITIONS, READOUT, settings, np.random.default_rng(3))
    assert plate["ct"].str.fullmatch(r"\d+\.\d\d").all()
    found, _ = recover(plate, QPCR, qpcr.read, tmp_path)
    assert len(found) == 16
    expected = 2 ** (settings.reference_ct - settings.target_ct) * found["value"]
    # two Ct, each rounded to 0.01 cycles
    assert found["found"].to_numpy() == pytest.approx(expected.to_numpy(), rel=0.01 * np.log(2) + 1e-4)


@pytest.mark.parametrize(
    ("make", "settings", "spec", "reader", "sd"),
    [
        (western_blot_gel, BlotSettings(background=0), BLOT, western_blot.read, np.hypot(0.15, 0.05)),
        (luciferase_plate, LuciferaseSettings(wells=1), LUCIFERASE, luciferase.read, 0.1),
        (qpcr_plate, QpcrSettings(samples=1), QPCR, qpcr.read, np.hypot(0.1, 0.07 * np.log(2))),
    ],
)
def test_noise_has_the_stated_size(make, settings, spec, reader, sd, tmp_path):
    rng = np.random.default_rng(4)
    logs = []
    for _ in range(40):
        found, _ = recover(make(TIMES, CONDITIONS, READOUT, settings, rng), spec, reader, tmp_path)
        logs.append(np.log(found["found"] / found["value"]))
    assert np.std(logs) == pytest.approx(sd, rel=0.15)


def test_expression_of_nothing_is_undetermined(tmp_path):
    nothing = READOUT.assign(value=READOUT["value"].where(READOUT["condition"] == "il6_10", 0.0))
    plate = qpcr_plate(TIMES, CONDITIONS, nothing, QpcrSettings(samples=1), np.random.default_rng(5))
    assert set(plate.query("condition == 'vehicle' and gene == 'SOCS3'")["ct"]) == {"Undetermined"}
    found, reading = recover(plate, QPCR, qpcr.read, tmp_path)
    below = [value for value in reading.values if value.condition == "vehicle"]
    assert len(below) == len(TIMES)
    assert all(value.censored == "below" and value.value == value.detection_limit > 0 for value in below)
    assert not any(value.censored for value in reading.values if value.condition == "il6_10")


@pytest.mark.parametrize(
    ("make", "settings"),
    [(western_blot_gel, BlotSettings()), (luciferase_plate, LuciferaseSettings()), (qpcr_plate, QpcrSettings())],
)
def test_same_seed_gives_the_same_table(make, settings):
    one, two = (make(TIMES, CONDITIONS, READOUT, settings, np.random.default_rng(6)) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


def test_wells_go_on_with_a_second_plate():
    settings = LuciferaseSettings(wells=13)
    plate = luciferase_plate(TIMES, CONDITIONS, READOUT, settings, np.random.default_rng(7))
    assert list(plate["well"].iloc[[0, 11, 12, 95, 96]]) == ["A1", "A12", "B1", "H12", "P2A1"]
    assert plate["well"].is_unique


def test_read_outs_must_hold_every_sample():
    with pytest.raises(ValueError, match="^the read-outs have no value of condition 'il6_10' at 30 min$"):
        western_blot_gel([30.0], ["il6_10"], READOUT, BlotSettings(), np.random.default_rng(8))
