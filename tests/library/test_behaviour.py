"""What the models say of biology: who answers to what, and what each perturbation does."""

from __future__ import annotations

import numpy as np
import pytest

from tests.library.cells import TIMES, course, dose_response, ec50

IL6, WITH_SIL6R = {"IL6": 0.48}, {"IL6": 0.48, "sIL6R": 0.5}
DOSES = np.geomspace(1e-3, 50, 9)
PERTURBED = "both_socs3+antibodies+drugs"


def peak(name: str, doses: dict, **more) -> float:
    values = course(name, doses, **more)
    return float(values.max() - values[0])


@pytest.mark.parametrize("name", ["classic_dual+hexamer+jak", "both_socs3+trafficking@HUVEC"])
def test_no_classic_response_without_membrane_receptor(name):
    none = {"ratio_IL6R_gp130": 1e-12} if "@" in name else {"IL6R_0": 1e-12}

    assert peak(name, IL6, **none) < 1e-6
    assert peak(name, IL6) > 0.05


@pytest.mark.parametrize("name", ["trans_loss+hexamer", "trans_dual+jak+trafficking", "trans_none@HEK293"])
def test_no_trans_response_without_soluble_receptor(name):
    assert peak(name, IL6) < 1e-6
    assert peak(name, WITH_SIL6R) > 0.1


def test_cluster_needs_contact_and_presented_receptor_and_not_soluble_receptor():
    assert peak("cluster_none", IL6) > 0.3
    assert peak("cluster_none", IL6, contact=1e-9) < 1e-3
    assert peak("cluster_none", IL6, IL6R_presenting_0=1e-9) < 1e-3


@pytest.mark.parametrize(
    ("name", "highest_left"),
    [("trans_none", 0.03), ("cluster_none", 0.15), ("classic_none", 0.9), ("classic_none+surface_trap", 0.1)],
)
def test_sgp130fc_dose_response(name, highest_left):
    left = [peak(name, WITH_SIL6R, before={"sgp130Fc": dose}) for dose in (0.0, 1.0, 30.0, 1000.0)]

    assert left == sorted(left, reverse=True)
    assert left[-1] < highest_left * left[0]


def test_sgp130fc_reaches_classic_signalling_where_it_depletes_il6():
    """With sIL-6R in excess, trapped complexes hold the IL-6 that classic signalling needs (Garbers 2011)."""
    spared, reached = (
        peak("classic_none", {"IL6": 0.48, "sIL6R": s}, before={"sgp130Fc": 100.0})
        / peak("classic_none", {"IL6": 0.48, "sIL6R": s})
        for s in (0.5, 20.0)
    )

    assert spared > 0.8
    assert reached < 0.15


@pytest.mark.parametrize(("receptor", "options"), [("classic", ""), ("both", "+jak"), ("trans", "+hexamer")])
@pytest.mark.parametrize("feedback", ["socs3", "loss", "dual"])
def test_without_socs3_the_signal_lasts(receptor, options, feedback):
    late = list(TIMES).index(90)
    kept, lost = (course(f"{receptor}_{f}{options}", WITH_SIL6R) for f in (feedback, "none"))

    assert lost[late] / lost.max() > 1.2 * kept[late] / kept.max()


@pytest.mark.parametrize(("name", "extra"), [("trans_none@HEK293", {"sIL6R": 0.5}), ("classic_none@PHH", {})])
def test_ec50_falls_as_gp130_rises(name, extra):
    found = [ec50(DOSES, dose_response(name, "IL6", DOSES, extra, gp130_0=n)) for n in (2000, 10000, 50000)]

    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.3 * found[0]


def test_without_a_cell_more_gp130_does_not_lower_ec50():
    """Activity is then a share of gp130, of which IL-6R reaches less where gp130 is plenty."""
    found = [ec50(DOSES, dose_response("classic_none", "IL6", DOSES, {}, gp130_0=c)) for c in (1e3, 1e4, 1e5)]

    assert found == sorted(found)


def test_ratio_of_the_receptors_sets_classic_response():
    found = [peak("classic_none@HUVEC", IL6, ratio_IL6R_gp130=ratio) for ratio in (0.01, 0.1, 1.0)]

    assert found == sorted(found)


@pytest.mark.parametrize(
    ("species", "doses"),
    [
        ("tocilizumab", (0, 1, 10, 100)),
        ("anti_IL6", (0, 1, 10, 100)),
        ("ruxolitinib", (0, 100, 1000, 1e4)),
        ("stattic", (0, 1e4, 1e5)),
    ],
)
def test_inhibitors_lower_pstat3_with_dose(species, doses):
    left = [peak(PERTURBED, WITH_SIL6R, before={species: dose}) for dose in doses]

    assert left == sorted(left, reverse=True)
    assert left[-1] < 0.2 * left[0]


def test_ruxolitinib_is_lost_from_the_medium_and_stattic_leaves_erk():
    name = "both_socs3+akt+drugs+mapk"
    gain = {s: peak(name, IL6, readout="pERK", before={s: d}) for s, d in (("ruxolitinib", 1e4), ("stattic", 1e6))}

    assert gain["ruxolitinib"] < 0.1 * gain["stattic"]
    assert peak(name, IL6, before={"stattic": 1e6}) < 0.02
    assert course(name, {}, before={"ruxolitinib": 1e3})[-1] < course(name, {})[-1]


def test_actinomycin_d_and_cycloheximide_take_the_feedback_away():
    plain = course(PERTURBED, IL6)
    stopped = course(PERTURBED, IL6, before={"actinomycinD": 4e3})

    assert course(PERTURBED, IL6, "SOCS3_mRNA", before={"actinomycinD": 4e3}).max() < 0.02
    assert course(PERTURBED, IL6, "SOCS3_protein", before={"cycloheximide": 1e5}).max() < 0.02
    assert stopped[list(TIMES).index(60)] > 1.3 * plain[list(TIMES).index(60)]


def test_monomeric_sgp130_traps_less_than_the_dimer():
    name = "trans_none+sgp130"
    left = [peak(name, WITH_SIL6R, before={s: 10.0}) for s in ("sgp130", "sgp130Fc")]

    assert left[1] < left[0] < peak(name, WITH_SIL6R)


@pytest.mark.parametrize(
    ("wiring", "classic"),
    [
        ("shared", {"pSTAT3", "pERK", "pAKT"}),
        ("stat3", {"pSTAT3"}),
        ("erk_akt", {"pERK", "pAKT"}),
    ],
)
def test_wirings_differ_in_what_classic_drives(wiring, classic):
    """Membrane IL-6R is given IL-6 alone (classic); Hyper-IL-6 is trans alone, and drives all three branches."""
    answers = {
        mode: {r for r in ("pSTAT3", "pERK", "pAKT") if peak(f"both_socs3+wiring_{wiring}", doses, readout=r) > 0.02}
        for mode, doses in (("classic", IL6), ("trans", {"HyperIL6": 0.18}))
    }

    assert answers == {"classic": classic, "trans": {"pSTAT3", "pERK", "pAKT"}}


def test_jak1_carries_most_of_the_signal_and_stat1_is_lost_before_stat3():
    assert peak("both_socs3+jak", IL6, JAK1=0.0) < 0.5 * peak("both_socs3+jak", IL6)
    tight, loose = ({r: peak("trans_none+stat1", WITH_SIL6R, readout=r, Kd_complex_gp130=kd)
                     for r in ("pSTAT1", "pSTAT3")} for kd in (0.3, 10.0))  # fmt: skip
    assert loose["pSTAT1"] / tight["pSTAT1"] < 0.6 * loose["pSTAT3"] / tight["pSTAT3"]


def test_elisa_rises_with_shedding_and_counts_bound_receptor():
    name = "both_none+assays+sgp130+shedding"
    shed = [course(name, {}, "sIL6R_medium", k_shedding=rate)[-1] for rate in (1e-5, 1e-4, 1e-3)]
    start = [course(name, {"sIL6R": dose}, "sIL6R_medium")[0] for dose in (0.1, 1.0, 10.0)]

    assert shed == sorted(shed)
    assert start == sorted(start)
    trapped = {r: course(name, WITH_SIL6R, r, before={"sgp130Fc": 10.0})[4] for r in ("sIL6R_free", "sIL6R_medium")}
    assert 0 < trapped["sIL6R_free"] < trapped["sIL6R_medium"]


def test_elisa_of_il6_counts_what_is_free_or_bound_and_no_hyper_il6():
    name = "both_none+assays+antibodies+dimer"
    doses = {"IL6": 0.5, "sIL6R": 0.5, "HyperIL6": 0.3}
    before = {"sgp130Fc": 0.2, "anti_IL6": 0.1}
    free, medium = (course(name, doses, readout, before=before) for readout in ("IL6_free", "IL6_medium"))

    assert medium[0] == pytest.approx(0.5, rel=1e-6)
    assert (free[1:] < medium[1:]).all()
    assert (np.diff(medium) < 0).all()  # cells take up what is free
    assert medium[-1] > 0.9 * medium[0]  # and a million of them in a millilitre little of it


def test_co_ip_rises_with_il6_and_with_affinity():
    name = "both_none+assays"
    by_dose = [course(name, {"IL6": dose, "sIL6R": 0.5}, "IL6R_gp130_coIP").max() for dose in (0.0, 0.05, 0.5, 5.0)]
    by_kd = [course(name, WITH_SIL6R, "IL6R_gp130_coIP", Kd_complex_gp130=kd).max() for kd in (3.0, 0.3, 0.03)]

    assert by_dose == sorted(by_dose)
    assert by_dose[0] < 1e-12
    assert by_kd == sorted(by_kd)


def test_receptors_per_cell_are_the_presets_and_fall_after_il6():
    numbers = course("both_socs3@HepG2", WITH_SIL6R, "gp130_per_cell"), course("both_socs3@HepG2", IL6, "IL6R_per_cell")

    assert numbers[0][0] == pytest.approx(108040)
    assert numbers[1][0] == pytest.approx(0.011 * 108040)
    assert all(n[-1] < n[0] for n in numbers)


def test_hexamer_answers_to_less_at_low_dose_and_alike_at_high_dose():
    """The numbers of docs/models.md: where 2:2:2 and 1:1:1 differ."""
    one, two = (dose_response(f"classic_socs3{o}", "IL6", DOSES, {}) for o in ("", "+hexamer"))

    assert two[0] < 0.1 * one[0]
    assert 0.7 * one[-1] < two[-1] < one[-1]
    tight = dose_response("classic_socs3+hexamer", "IL6", DOSES, {}, cooperativity=30.0)
    assert ec50(DOSES, two) > 1.2 * ec50(DOSES, one)
    assert ec50(DOSES, tight) == pytest.approx(ec50(DOSES, one), rel=0.2)


def test_target_mrnas_rise():
    for gene in ("ICAM1", "CCL2", "CXCL8"):
        values = course("both_none+targets", IL6, f"{gene}_mRNA")
        assert values.max() > 3 * values[0]
