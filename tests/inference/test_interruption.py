"""What a stopped, killed or damaged fit leaves, and that another run goes on from it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer._files import atomic_path
from il6infer._interruption import Interruption, Stopped
from il6infer.inference import FitSettings, fit_problem
from il6infer.inference.checkpoint import Checkpoint, Iterations
from il6infer.inference.frame import Frame, learnt_frame
from il6infer.inference.nuts import KEEP_EVERY, KEEP_LEAST, _keep_after
from il6infer.inference.progress import TimeLeft, in_words
from tests.zoo import toy

SETTINGS = FitSettings(seed=3, chains=2, tune=300, draws=30_000, starts=2, threads=1)
KEY = {"problem": "line"}


class After(Interruption):
    """Asks to stop once a file of draws is there and holds so many bytes."""

    def __init__(self, path: Path, size: int) -> None:
        super().__init__()
        self._path, self._size = path, size

    def wait(self, seconds: float) -> bool:
        if self._path.exists() and self._path.stat().st_size > self._size:
            self.ask()
        return super().wait(0.005)


def _checkpoint(folder: Path) -> Checkpoint:
    checkpoint = Checkpoint(folder / "posterior.nc")
    checkpoint.claim(KEY)
    return checkpoint


@pytest.fixture(scope="module")
def whole():
    return fit_problem(toy.line(), replace(SETTINGS, draws=1000))


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """Stopped when the first chain had ended and the second had begun, then gone on."""
    folder = tmp_path_factory.mktemp("resumed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("il6infer.inference.nuts.KEEP_EVERY", 0.0)
        with pytest.raises(Stopped), _checkpoint(folder) as checkpoint:
            fit_problem(toy.line(), SETTINGS, checkpoint, After(checkpoint.folder / "chain1.0000.draws", 50_000))
    left = {path.name for path in checkpoint.folder.iterdir()}
    with _checkpoint(folder) as checkpoint:
        kept = [len(session.iterations) for session in checkpoint.sessions(1)]
        idata = fit_problem(toy.line(), SETTINGS, checkpoint)
    return idata, left, kept, [path.name for path in folder.iterdir()]


def test_a_stopped_fit_leaves_its_draws_and_a_whole_one_nothing(resumed):
    _, left, _, after = resumed

    assert left == {"key.json", "starts.npz", *(f"chain{c}.0000.{kind}" for c in "01" for kind in ("draws", "npz"))}
    assert after == []


def test_chains_that_had_ended_are_taken_as_they_are(resumed):
    idata, *_ = resumed
    again = fit_problem(toy.line(), replace(SETTINGS, chains=1))

    for group in ("posterior", "sample_stats", "warmup_posterior", "warmup_sample_stats"):
        assert idata[group].isel(chain=[0]).equals(again[group]), group


def test_a_chain_that_went_on_has_the_draws_that_it_had_and_says_where_it_stopped(resumed):
    idata, _, [kept], _ = resumed

    assert SETTINGS.tune < kept < SETTINGS.tune + SETTINGS.draws
    assert json.loads(idata["posterior"].attrs["resumed"]) == {"2": [kept]}
    assert dict(idata["posterior"].sizes) == dict(idata["sample_stats"].sizes) == {"chain": 2, "draw": SETTINGS.draws}
    assert not idata["sample_stats"]["tuning"].any()
    assert idata["warmup_sample_stats"].sizes["draw"] == SETTINGS.tune


def test_the_posterior_of_what_went_on_is_the_same(resumed):
    idata, *_ = resumed
    mean, covariance = toy.line_posterior()
    for chain in range(2):
        draws = np.stack([idata["posterior"][n].values[chain] for n in "ab"])
        # Where the fit is stopped depends on the clock; five standard errors of 16,000 draws hold for any moment.
        assert (np.abs(draws.mean(axis=1) - mean) < 0.04 * np.sqrt(np.diag(covariance))).all()
        np.testing.assert_allclose(np.cov(draws), covariance, rtol=0.06)


def test_keeping_changes_no_draw(whole, tmp_path):
    with _checkpoint(tmp_path) as checkpoint:
        kept = fit_problem(toy.line(), replace(SETTINGS, draws=1000), checkpoint)

    assert kept["posterior"].equals(whole["posterior"])
    assert "resumed" not in kept["posterior"].attrs


def _iterations(size=7, first=0.0):
    numbers = first + np.arange(size, dtype=float)
    statistics = {"logp": -numbers, "tuning": numbers < 3, "n_steps": numbers.astype(np.uint64)}
    return Iterations(np.column_stack([numbers, numbers**2]), statistics)


def _written(folder: Path) -> tuple[Checkpoint, Path]:
    checkpoint = _checkpoint(folder)
    checkpoint.begin(0, Frame(np.zeros(2), np.eye(2)), 0)
    checkpoint.append(0, 0, _iterations(4))
    checkpoint.append(0, 0, _iterations(3, 4.0))
    return checkpoint, checkpoint.folder / "chain0.0000.draws"


def test_what_is_appended_is_read_back(tmp_path):
    checkpoint, _ = _written(tmp_path)
    [session] = checkpoint.sessions(0)

    np.testing.assert_array_equal(session.iterations.coordinates, _iterations(7).coordinates)
    for name, values in _iterations(7).statistics.items():
        found = session.iterations.statistics[name]
        assert found.dtype == values.dtype
        assert np.array_equal(found[:4], values[:4]), name
    assert checkpoint.sessions(1) == []


@pytest.mark.parametrize("cut", range(1, 200, 7))
def test_a_file_that_was_cut_gives_the_iterations_before(tmp_path, cut):
    checkpoint, path = _written(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    found = sum(len(session.iterations) for session in checkpoint.sessions(0))
    record = 2 * 8 + 8 + 1 + 8 + 4

    assert found == max(0, 7 - -(-cut // record))


@pytest.mark.parametrize("fill", [b"\0", b"\xff", b"x"])
def test_a_damaged_record_ends_the_file(tmp_path, fill):
    checkpoint, path = _written(tmp_path)
    content = bytearray(path.read_bytes())
    record = 2 * 8 + 8 + 1 + 8 + 4
    begin = len(content) - 3 * record
    content[begin : begin + record] = fill * record
    path.write_bytes(bytes(content))

    assert [len(session.iterations) for session in checkpoint.sessions(0)] == [4]


def test_draws_of_another_fit_are_discarded_and_it_says_what_differs(tmp_path, caplog):
    _written(tmp_path)[0].__exit__(SystemExit)
    other = Checkpoint(tmp_path / "posterior.nc")
    with caplog.at_level("WARNING", "il6infer"):
        other.claim({"problem": "other", "seed": 1})

    assert other.sessions(0) == []
    assert caplog.messages == [f"{other.folder} is of another fit (problem, seed differs): its draws are discarded"]


def test_resume_refuses_another_fit_and_keeps_its_draws(tmp_path):
    first, _ = _written(tmp_path)
    first.__exit__(SystemExit)
    number = len(first.sessions(0)[0].iterations)
    refused = pytest.raises(UserError, match=r"another fit \(problem differs\), and none were discarded")
    with refused, Checkpoint(tmp_path / "posterior.nc", "resume") as other:
        other.claim({"problem": "other"})

    with Checkpoint(tmp_path / "posterior.nc", "resume") as again:
        again.claim(KEY)
        assert number > 0
        assert [len(session.iterations) for session in again.sessions(0)] == [number]


def test_resume_without_an_interrupted_fit_says_so_and_leaves_nothing(tmp_path):
    output = tmp_path / "posterior.nc"
    with pytest.raises(UserError, match="no interrupted fit to go on from: no "):
        Checkpoint(output, "resume").claim(KEY)
    assert list(tmp_path.iterdir()) == []

    output.touch()
    with pytest.raises(UserError, match="the file is there, so it has ended"):
        Checkpoint(output, "resume").claim(KEY)


def test_fresh_discards_the_draws_of_the_same_fit(tmp_path):
    _written(tmp_path)[0].__exit__(SystemExit)
    fresh = Checkpoint(tmp_path / "posterior.nc", "fresh")
    fresh.claim(KEY)

    assert fresh.sessions(0) == []


def test_a_kill_loses_a_fiftieth_of_what_was_sampled_or_less_but_for_short_and_dear_writes():
    times = np.linspace(0.0, 1000.0, 500)
    free = np.array([_keep_after(t, 0.0) for t in times])

    assert (free <= np.maximum(KEEP_LEAST, 0.02 * times)).all()
    assert free.max() == KEEP_EVERY
    assert _keep_after(0.0, 0.1) == pytest.approx(3.0)  # a slow disk takes a thirtieth of the time, no more
    assert _keep_after(0.0, 10.0) == KEEP_EVERY


def test_two_processes_do_not_make_one_file(tmp_path):
    with _checkpoint(tmp_path), pytest.raises(UserError) as caught:
        Checkpoint(tmp_path / "posterior.nc").claim(KEY)

    assert str(caught.value) == (
        f"{tmp_path}/posterior.nc: another process is fitting it. Wait for it, or choose another file."
    )


def test_what_a_kill_left_of_the_file_is_removed_by_the_next_run_and_not_while_another_writes_it(tmp_path):
    mine = tmp_path / "posterior.nc"
    with atomic_path(mine) as left:
        pass
    others = [left.with_name(name) for name in (".posterior.json", "posterior.abcdefgh.nc", ".prior.abcdefgh.nc")]
    for path in (left, *others):
        path.touch()
    with _checkpoint(tmp_path):
        assert not left.exists()
        left.touch()
        with pytest.raises(UserError, match="another process is fitting it"):
            Checkpoint(mine).claim(KEY)

    assert all(path.exists() for path in (left, *others))


def test_a_full_disk_does_not_end_the_fit(whole, tmp_path, caplog, monkeypatch):
    def full(*_):
        raise OSError(28, os.strerror(28), "chain0")

    monkeypatch.setattr("il6infer.inference.checkpoint._append", full)
    with _checkpoint(tmp_path) as checkpoint, caplog.at_level("WARNING", "il6infer"):
        idata = fit_problem(toy.line(), replace(SETTINGS, draws=1000), checkpoint)

    assert idata["posterior"].equals(whole["posterior"])
    assert [m for m in caplog.messages if "cannot be kept" in m] == [
        "the draws cannot be kept while they are made, and the fit goes on: chain0: No space left on device. "
        "Free some space, or choose another disk."
    ]


def test_a_learnt_frame_makes_draws_standard_normal():
    rng = np.random.default_rng(1)
    mixing = np.array([[2.0, 0.0, 0.0], [1.9, 0.5, 0.0], [0.0, 0.0, 1e-3]])
    points = rng.normal(size=(5000, 3)) @ mixing.T + [5.0, -3.0, 0.1]
    frame = learnt_frame(Frame(np.zeros(3), np.diag([1.0, 1.0, 1e-3])), points)
    z = np.linalg.solve(frame.matrix, (points - frame.origin).T)

    np.testing.assert_allclose(np.cov(z), np.eye(3), atol=0.05)
    assert learnt_frame(frame, points[:2]) is frame


def test_the_time_left_is_that_of_the_recent_speed():
    left = TimeLeft([100, 100])

    assert left(0.0, [0, 0]) is None
    assert left(10.0, [10, 0]) == pytest.approx(190.0)
    assert left(20.0, [20, 20]) == pytest.approx(80.0)
    assert left(100.0, [99, 90]) == pytest.approx(10 * 80 / 70)  # of the slower chain
    assert left(110.0, [100, 100]) == 0.0
    assert [in_words(s) for s in (12.3, 600.0, 9000.0)] == ["12 s", "10 min", "2.5 h"]


def test_a_chain_that_has_just_begun_is_taken_to_be_as_fast_as_the_others():
    """Four chains, one after the other on one thread; 46 iterations after 10 s of others were 10 min left."""
    left = TimeLeft([1800] * 4)
    looks = [(0.0, 0, 0), (10.0, 1, 46), (20.0, 2, 31), (30.0, 3, 16)]

    told = [left(at, [1800] * ended + [begun] + [0] * (3 - ended)) for at, ended, begun in looks]

    assert told[0] is None
    assert all(0.5 * (40 - at) < seconds < 3 * (40 - at) for (at, *_), seconds in zip(looks[1:], told[1:], strict=True))


def test_a_chain_that_is_slow_for_long_says_when_all_end():
    left = TimeLeft([1000, 1000])
    told = [left(10.0 * i, [min(100 * i, 1000), 2 * i]) for i in range(13)]

    assert told[-1] == pytest.approx(976 / 0.2)


DEAF = """
import ctypes, logging, sys
from il6infer import _interruption
logging.basicConfig(format="%(message)s")

def work(interruption):
    print("deaf", flush=True)
    ctypes.CDLL(None).sleep(60)

_interruption.run(work, float(sys.argv[1]) if len(sys.argv) > 1 else None)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_work_that_does_not_listen(number, code):
    process = subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "deaf\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == code
    assert errors == "interrupted\n"


def test_a_signal_that_another_thread_takes_is_heard():
    """As the system may give it where a process was stopped when it came; no wait of the main thread ends by it."""
    script = textwrap.dedent("""
        import signal, threading, time
        from il6infer import _interruption

        def work(interruption):
            time.sleep(0.5)  # the main thread waits by then
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
            with interruption.keeping():
                raise _interruption.Stopped if interruption.wait(30) else AssertionError("not heard")

        _interruption.run(work)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (143, "interrupted\n")


def test_the_time_limit_has_a_code_of_its_own():
    done = subprocess.run([sys.executable, "-c", DEAF, "0.2"], capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, done.stderr) == (124, "the time limit is reached\n")


def test_what_is_kept_is_said_where_work_is_left():
    script = DEAF.replace('    print("deaf"', '    interruption.state = "nothing was lost"\n    print("deaf"')
    run = [sys.executable, "-c", script, "0.2"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, done.stderr) == (124, "the time limit is reached: nothing was lost\n")


def test_a_stopped_fit_says_where_its_draws_are(tmp_path, whole):
    interruption = Interruption()
    interruption.ask()
    with pytest.raises(Stopped), _checkpoint(tmp_path) as checkpoint:
        fit_problem(toy.line(), replace(SETTINGS, draws=1000), checkpoint, interruption)

    assert re.fullmatch(
        rf"stopped after \d+ of 2600 iterations: they are in {tmp_path}/posterior.nc.partial, and the same command "
        "goes on from there",
        interruption.state,
    )


def test_what_the_process_was_told_to_ignore_stays_ignored():
    script = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + textwrap.dedent("""
        import os
        from il6infer import _interruption

        def work(interruption):
            os.kill(os.getpid(), signal.SIGHUP)
            return "done"

        print(_interruption.run(work))
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, done.stdout) == (0, "done\n")
