"""The core model of Sobotta 2017 is one of the library's, in a limit: the likelihood of their values is theirs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from il6infer.engine import compile
from il6infer.network.network import symbol
from il6infer.petab_files.read import load
from il6infer.problems.noise import log_density
from tests.library.cells import odes

MODEL = "linear_dual+delay5+shuttling+socs3_binding"
UNIT, FAR, FAST = 1e4, 1e3, 300.0
"""Molecules for one of their units of gp130; how far SOCS3 transcription is from saturation; rate [1/min] at which
nuclear pSTAT3, of which they have none, is dephosphorylated."""

INPUTS = ("input_actd", "input_ruxolitinib", "input_stattic")


def ours(theirs: Mapping[str, float], total: float) -> tuple[dict[str, float], float]:
    """Parameters of the library's model, and their SOCS3 for one of ours; `total` STAT3 as nM of their cytoplasm."""
    pgp130, mrna = (
        theirs[f"scale_{name}"]
        for name in ("pgp130_wb_bohl_hep_2005_07_26_Pulse5min", "socs3_qpcr_braun_hep_2013_07_08_qPCR_Socs3_Stat3")
    )
    k_import = theirs["stat3_imp"] * (1 + theirs["f_pstat3_imp"])
    saturation = FAR * k_import / FAST
    hill = theirs["socs3rna_hill"]
    # Their transcription at our nuclear pSTAT3 of `saturation`, as steady mRNA and SOCS3.
    full = theirs["socs3rna_pro"] / mrna * (25.34 * total * FAR * k_import) ** hill / theirs["socs3rna_des"]
    full /= 25.34  # from nucleus to cytoplasm
    socs3 = mrna * theirs["socs3_pro"] * full / theirs["socs3_des"]
    gp130 = theirs["gp130_pro"] / theirs["gp130_deg"]
    return {
        "gp130_0": UNIT * gp130,
        "k_turnover": theirs["gp130_deg"],
        "k_JAK1_IL6": theirs["jak1_act_il6"] / pgp130,  # IL-6 in ng/ml, as they have it
        "k_JAK1_basal": theirs["jak1_act_basal"] / pgp130,
        "k_gp130_JAK1": theirs["gp130_act_jak1"],
        "k_gp130_dephosphorylation": theirs["jak1_gp130_dea"],
        "k_basal": 0.0,
        "k_phosphorylation": pgp130 * theirs["stat3_act_gp130"] * gp130,
        "k_dephosphorylation": 0.0,
        "k_import": k_import,
        "k_import_STAT3": theirs["stat3_imp"],
        "k_export": theirs["stat3_exp"],
        "k_dephosphorylation_n": FAST,
        "SOCS3_basal": 0.0,
        "K_SOCS3_mRNA": saturation,
        "hill_SOCS3": hill,
        "k_delay": theirs["socs3rna_delay"] / 2.5,
        "k_SOCS3_mRNA": theirs["socs3rna_des"],
        "k_SOCS3_protein": theirs["socs3_des"],
        "K_SOCS3": 1 / (theirs["stat3_inh_socs3"] * socs3),
        "k_loss_SOCS3": theirs["socs3_assoc"] * socs3,
        "copies_SOCS3": UNIT * socs3,
    }, socs3


@pytest.mark.slow
def test_likelihood_of_their_values_is_theirs(shared):
    path = shared / "benchmark_problems" / "Sobotta_nine" / "Sobotta_nine.yaml"
    if not path.is_file():
        pytest.skip(f"the published problem is not here: {path}")
    problem = load(path)
    theta = np.array([p.nominal for p in problem.estimated])
    engine = compile(problem)
    result = engine.simulate(theta)
    assert result.ok
    nominal = {p.id: p.nominal for p in problem.parameters}
    theirs = {p: nominal.get(p, d) for p, d in zip(problem.network.parameters, problem.network.defaults, strict=True)}
    rest = dict(zip(problem.network.states, map(float, problem.network.initial), strict=True))
    total = rest["STAT3"] + rest["tpSTAT3"] + rest["nSTAT3"] * 0.5 / 12.67
    parameters, socs3 = ours({p: float(v) for p, v in theirs.items()}, total)
    system = odes(MODEL)
    start = dict(zip(system.network.states, system.initial(parameters), strict=True))
    start |= {"pSTAT3_c": 0.03, "pSTAT3_n": 0.03 * parameters["k_import"] / FAST, "STAT3": 0.97}
    quiet = system.run(np.array(list(start.values())), np.array([0.0, 20000.0]), parameters)[-1]

    inputs = {e.id: {name: float(v) for period in e.periods for name, v in period.changes.items()} for e in
              problem.experiments}  # fmt: skip
    rows = problem.measurements
    free = [i for i in range(len(rows)) if not any(inputs[rows["experiment"].iloc[i]].get(name) for name in INPUTS)]
    formulas = {o.id: o for o in problem.observables}
    found = result.prediction.copy()
    for dose in sorted({inputs[rows["experiment"].iloc[i]].get("input_il6", 0.0) for i in free}):
        own = [i for i in free if inputs[rows["experiment"].iloc[i]].get("input_il6", 0.0) == dose]
        times = np.unique([0.0, *(rows["time"].iloc[i] for i in own)])
        states = system.run(system.dose(quiet, {"IL6": dose}), times, parameters)
        for i in own:
            state = dict(zip(system.network.states, states[np.searchsorted(times, rows["time"].iloc[i])], strict=True))
            values = {
                **theirs, **nominal,
                "JAK1_gp130": state["gp130"] / UNIT, "pJAK1_gp130": state["gp130_JAK1"] / UNIT,
                "pJAK1_pgp130": state["C_linear"] / UNIT,
                "STAT3": total * state["STAT3"], "tpSTAT3": total * state["pSTAT3_c"],
                "SOCS3": socs3 * state["SOCS3_p"],
            }  # fmt: skip
            observable = formulas[rows["observable"].iloc[i]]
            given = zip(observable.placeholders, rows["observable_parameters"].iloc[i], strict=True)
            values |= {name: value if isinstance(value, float) else float(values[str(value)]) for name, value in given}
            found[i] = float(observable.formula.xreplace({symbol(s.name): values[s.name]
                                                          for s in observable.formula.free_symbols}))  # fmt: skip

    measured, kinds = rows["value"].to_numpy(float), np.asarray(problem.noise_kinds)
    likelihoods = [log_density(kinds, measured, median, result.noise, np.zeros(len(rows)))[free].sum() for median in
                   (result.prediction, found)]  # fmt: skip
    assert len(free) > 1000
    assert abs(likelihoods[0] - likelihoods[1]) < 2.0
    # Predictions themselves: their rest was written down with its rounding, ours is computed.
    assert np.median(np.abs(found[free] / result.prediction[free] - 1)) < 1e-3
