"""Steady states of systems whose end is known: the one that the run reaches and that is stable, or none."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import compile
from il6infer.engine.rosenbrock import RosenbrockEngine
from il6infer.network.network import Network, symbol
from il6infer.problems.spec import STEADY_STATE, Experiment, Period
from il6infer.runs.outcome import Outcome
from tests.zoo.systems import network, problem

SIZE = 4
REST = Experiment("e", (Period(STEADY_STATE), Period(0.0)))
TOLERANCES = ((1e-3, 1e-5), (1e-6, 1e-8), (1e-8, 1e-10))


def _blocks() -> tuple[Network, dict[str, float]]:
    """Several small systems side by side; one whose parameters are all zero stands still.

    Linear x' = A x + b; cubic q' = -(q - qa)(q - qb)(q - qc); a rotation that grows or decays, with a limit cycle; S
    and I of an infection, whose sum is constant; growth g' = g (1 - g) beside a decay z; a race of two that exclude
    each other; w' = w_in and d' = -d^2, which have no stable root.
    """
    names = [f"x{i}" for i in range(SIZE)]
    x = [symbol(name) for name in names]
    q, u, v, s, i, g, z, m, n, w, d = map(symbol, ("q", "u", "v", "S", "I", "g", "z", "m", "n", "w", "d"))
    parameters = {f"A{r}{c}": 0.0 for r in range(SIZE) for c in range(SIZE)} | {f"b{r}": 0.0 for r in range(SIZE)}
    parameters |= {f"x{r}_0": 0.0 for r in range(SIZE)}
    more = "q_on qa qb qc q_0 growth turn bend u_0 infect heal S_0 I_0 g_on g_0 z_on z_0 race m_0 n_0 w_in d_on d_0"
    parameters |= dict.fromkeys(more.split(), 0.0)
    p = {name: symbol(name) for name in parameters}
    radius = u**2 + v**2
    rates = {name: sum(p[f"A{r}{c}"] * x[c] for c in range(SIZE)) + p[f"b{r}"] for r, name in enumerate(names)}
    rates |= {
        "q": -p["q_on"] * (q - p["qa"]) * (q - p["qb"]) * (q - p["qc"]),
        "u": p["growth"] * u - p["turn"] * v - p["bend"] * u * radius,
        "v": p["turn"] * u + p["growth"] * v - p["bend"] * v * radius,
    }
    infection, healing = p["infect"] * s * i, p["heal"] * i
    rates |= {"S": healing - infection, "I": infection - healing}
    rates |= {
        "g": p["g_on"] * g * (1 - g),
        "z": -p["z_on"] * z,
        "m": p["race"] * m * (1 - m - 2 * n),
        "n": p["race"] * n * (1 - n - 2 * m),
        "w": p["w_in"],
        "d": -p["d_on"] * d**2,
    }
    states = [*rates]
    alone = [name for name in states if name not in ("S", "I")]
    stoichiometry = np.zeros((len(states), len(alone) + 2))
    for column, name in enumerate(alone):
        stoichiometry[states.index(name), column] = 1.0
    stoichiometry[[states.index("S"), states.index("I")], -2] = -1.0, 1.0
    stoichiometry[[states.index("S"), states.index("I")], -1] = 1.0, -1.0
    fluxes = [rates[name] for name in alone] + [infection, healing]
    initial = {f"x{r}": p[f"x{r}_0"] for r in range(SIZE)}
    initial |= {name: p[f"{name}_0"] for name in ("q", "u", "S", "I", "g", "z", "m", "n", "d")}
    return network(rates, initial, parameters, stoichiometry, fluxes), parameters


class Blocks:
    """The blocks, compiled once, at several tolerances."""

    def __init__(self) -> None:
        self.network, self.parameters = _blocks()
        self.states = self.network.states
        self.engines = {
            tolerances: compile(
                problem(self.network, [0.0], [REST], dict.fromkeys(self.parameters, 1.0)),
                engine="rodas5p", rtol=tolerances[0], atol=tolerances[1], lower_atol=False,
            )
            for tolerances in TOLERANCES
        }  # fmt: skip

    def theta(self, **values: float) -> np.ndarray:
        """Parameters; those not named are zero."""
        return np.array([*(self.parameters | values).values()])

    def rest(
        self, tolerances: tuple[float, float] = TOLERANCES[1], **values: float
    ) -> tuple[Outcome, dict[str, float]]:
        """Outcome, and the states."""
        found = self.engines[tolerances].simulate(self.theta(**values))
        return Outcome(found.outcome[0]), dict(zip(self.states, found.prediction, strict=True))


@pytest.fixture(scope="module")
def blocks() -> Blocks:
    return Blocks()


def _linear(matrix: np.ndarray, shift: np.ndarray, start: np.ndarray) -> dict[str, float]:
    values = {f"A{r}{c}": matrix[r, c] for r in range(SIZE) for c in range(SIZE)}
    return values | {f"b{r}": shift[r] for r in range(SIZE)} | {f"x{r}_0": start[r] for r in range(SIZE)}


def test_linear_system_rests_where_all_eigenvalues_are_left_of_zero(blocks: Blocks) -> None:
    """Stable, unstable and undamped random matrices, all of them dense, of rates between 1e-4 and 1e4."""
    rng, seen = np.random.default_rng(1), set()
    for trial in range(60):
        basis = rng.normal(size=(SIZE, SIZE))
        real = -(10.0 ** rng.uniform(-4, 4, size=SIZE)) if trial % 2 else -(10.0 ** rng.uniform(-1, 1, size=SIZE))
        blocks_of_two = np.diag(real)
        if trial % 3 == 0:
            turning, damping = 10.0 ** rng.uniform(-1, 1), rng.choice([-0.3, 0.0, 0.02])
            blocks_of_two[:2, :2] = [[damping, -turning], [turning, damping]]
        elif trial % 3 == 1:
            blocks_of_two[0, 0] *= rng.choice([-1.0, 1.0])
        matrix = basis @ blocks_of_two @ np.linalg.inv(basis)
        rates = np.linalg.eigvals(blocks_of_two).real
        end, start = rng.normal(size=SIZE), rng.normal(size=SIZE)
        outcome, found = blocks.rest(**_linear(matrix, -matrix @ end, start))
        stable = bool((rates < 0).all())
        seen.add(stable)
        assert (outcome is Outcome.OK) == stable, (trial, outcome, rates)
        if stable:
            np.testing.assert_allclose([found[f"x{r}"] for r in range(SIZE)], end, rtol=1e-5, atol=1e-5)
    assert seen == {True, False}


@pytest.mark.parametrize("tolerances", TOLERANCES)
def test_of_two_stable_states_it_is_that_of_the_start(blocks: Blocks, tolerances: tuple[float, float]) -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        low, middle, high = np.sort(10.0 ** rng.uniform(-3, 3, size=3)) * np.array([1.0, 1.2, 1.5])
        start = rng.choice([middle * 0.98, middle * 1.02, 0.0, high * 3, low])
        values = {"q_on": 1.0, "qa": low, "qb": middle, "qc": high, "q_0": start}
        outcome, found = blocks.rest(tolerances, **values)
        assert outcome is Outcome.OK
        assert found["q"] == pytest.approx(low if start < middle else high, rel=1e-9)


def test_start_exactly_at_an_unstable_root_stays_there(blocks: Blocks) -> None:
    outcome, found = blocks.rest(q_on=1.0, qa=1.0, qb=2.0, qc=3.0, q_0=2.0)
    assert (outcome, found["q"]) == (Outcome.OK, 2.0)
    outcome, found = blocks.rest(g_on=0.01, z_on=0.3, z_0=5.0)  # nothing that grows, beside something that decays
    assert (outcome, found["g"]) == (Outcome.OK, 0.0)
    assert abs(found["z"]) < 1e-8


@pytest.mark.parametrize("tolerances", TOLERANCES)
@pytest.mark.parametrize("start", [1e-12, 1e-9, 1e-6, 0.3, 7.0])
@pytest.mark.parametrize("rate", [1e-4, 0.01, 100.0])
def test_growth_ends_at_its_capacity_however_small_it_begins(
    blocks: Blocks, tolerances: tuple[float, float], start: float, rate: float
) -> None:
    """Beside a decay that is over before the growth begins to show: a saddle, approached, then left."""
    outcome, found = blocks.rest(tolerances, g_on=rate, g_0=start, z_on=1.0, z_0=1.0)
    assert outcome is Outcome.OK
    assert found["g"] == pytest.approx(1.0, abs=1e-12)
    assert abs(found["z"]) < tolerances[1]


def test_run_that_only_rounding_would_take_off_a_saddle_has_no_steady_state(blocks: Blocks) -> None:
    """Two that exclude each other, from equal starts, rest at the saddle between: which wins is nobody's to say."""
    assert blocks.rest(race=1.0, m_0=0.2, n_0=0.2)[0] is Outcome.NO_STEADY_STATE
    outcome, found = blocks.rest(race=1.0, m_0=0.2, n_0=0.21)
    assert outcome is Outcome.OK
    assert (found["m"], found["n"]) == (pytest.approx(0.0, abs=1e-8), pytest.approx(1.0))


@pytest.mark.parametrize(("growth", "bend", "expected"), [
    (-0.1, 0.0, Outcome.OK), (-0.1, 1.0, Outcome.OK),  # damped
    (0.0, 0.0, Outcome.NO_STEADY_STATE),  # undamped
    (0.2, 1.0, Outcome.NO_STEADY_STATE),  # limit cycle
    (0.2, 0.0, Outcome.NO_STEADY_STATE),  # grows for ever
])  # fmt: skip
@pytest.mark.parametrize("tolerances", TOLERANCES)
def test_oscillation_rests_only_where_it_is_damped(
    blocks: Blocks, tolerances: tuple[float, float], growth: float, bend: float, expected: Outcome
) -> None:
    outcome, found = blocks.rest(tolerances, growth=growth, turn=1.0, bend=bend, u_0=0.7)
    assert outcome is expected
    if outcome is Outcome.OK:
        assert max(abs(found["u"]), abs(found["v"])) < 1e-9
    else:
        assert np.isposinf([*found.values()]).all()


@pytest.mark.parametrize("seed", [1e-12, 1e-3, 4.0])
@pytest.mark.parametrize(("infect", "endemic"), [(2.0, True), (0.05, False)])
def test_infection_rests_within_its_moiety(blocks: Blocks, seed: float, infect: float, endemic: bool) -> None:
    """S + I = 5 + seed is constant; I ends at the total less heal / infect, or dies out."""
    outcome, found = blocks.rest(infect=infect, heal=0.5, S_0=5.0, I_0=seed)
    expected = 5.0 + seed - 0.5 / infect if endemic else 0.0
    assert outcome is Outcome.OK
    assert found["I"] == pytest.approx(expected, abs=1e-9)
    assert found["S"] + found["I"] == pytest.approx(5.0 + seed, rel=1e-12)


@pytest.mark.parametrize("values", [{"w_in": 1.0}, {"w_in": 1e-9}, {"d_on": 1.0, "d_0": 1.0}])
def test_what_grows_for_ever_or_is_marginally_stable_has_no_steady_state(
    blocks: Blocks, values: dict[str, float]
) -> None:
    assert blocks.rest(**values)[0] is Outcome.NO_STEADY_STATE


def test_slow_states_behind_fast_ones_are_waited_for(blocks: Blocks) -> None:
    """Rates of 1e6 and 1e-8 in one system: what stands still at first is not yet at rest."""
    matrix = np.diag([-1e6, -1.0, -1e-4, -1e-8])
    matrix[1:, 0] = [1.0, 1e-4, 1e-8]
    end = np.array([1.0, 2.0, 3.0, 4.0])
    outcome, found = blocks.rest(**_linear(matrix, -matrix @ end, np.zeros(SIZE)))
    assert outcome is Outcome.OK
    np.testing.assert_allclose([found[f"x{r}"] for r in range(SIZE)], end, rtol=1e-9)


def test_gradient_is_that_of_central_differences(blocks: Blocks) -> None:
    engine, weights = blocks.engines[TOLERANCES[2]], np.cos(np.arange(len(blocks.states)))
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(SIZE, SIZE)) - 4 * np.eye(SIZE)
    theta = blocks.theta(
        q_on=0.3, qa=1.0, qb=2.0, qc=4.0, q_0=2.5, infect=0.3, heal=0.5, S_0=5.0, I_0=1e-6, g_on=0.1, g_0=1e-9,
        growth=-0.2, turn=1.0, u_0=1.0, race=0.7, m_0=0.3, n_0=0.1,
        **_linear(matrix, rng.normal(size=SIZE), rng.normal(size=SIZE)),
    )  # fmt: skip
    value = lambda at: weights @ engine.simulate(at).prediction  # noqa: E731
    moved = np.flatnonzero(theta)
    sizes = np.clip(1e-5 * np.abs(theta), 1e-7, 0.5 * np.abs(theta))
    steps = [sizes[i] * np.eye(len(theta))[i] for i in moved]
    expected = [(value(theta + step) - value(theta - step)) / (2 * step.sum()) for step in steps]
    found = engine.pullback(theta, weights, np.zeros(len(weights)))
    forward = weights @ engine.jacobian(theta)[0]
    np.testing.assert_allclose(found[moved], expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(forward, found, rtol=1e-8, atol=1e-10)


def test_what_a_reaction_without_return_makes_is_found_by_the_second_engine() -> None:
    """A -> P and A -> nothing: P ends at a share of A that no conservation law says; value and gradient by diffsol."""
    a, k1, k2 = symbol("A"), symbol("k1"), symbol("k2")
    net = network({"A": -(k1 + k2) * a, "P": k1 * a}, {"A": sp.Integer(3)}, {"k1": 0.2, "k2": 0.4})
    asked = problem(net, [0.0], [REST], {"k1": 0.2, "k2": 0.4}, ["P"])
    theta = np.array([0.2, 0.4])
    alone = compile(asked, engine="rodas5p").simulate(theta)
    engine = compile(asked)
    found = engine.simulate(theta)
    assert Outcome(alone.outcome[0]) is Outcome.NO_STEADY_STATE
    assert Outcome(found.outcome[0]) is Outcome.RESCUED
    np.testing.assert_allclose(found.prediction, [1.0], rtol=1e-5)
    gradient = engine.pullback(theta, np.ones(1), np.zeros(1))
    np.testing.assert_allclose(gradient, [3 * 0.4 / 0.36, -3 * 0.2 / 0.36], rtol=1e-4)
    assert isinstance(engine, RosenbrockEngine)
