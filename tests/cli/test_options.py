"""Numbers of the command line: one that an option cannot take is refused before the work, by its name."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from il6infer.cli.fit import OPTIONS
from il6infer.cli.main import parser
from il6infer.cli.options import count, natural, positive, real, whole

NUMBERS = {"--threads", "--draws", "--seed", "--batch", "--rtol", "--atol", "--max-steps", "--max-seconds"}
NUMBERS |= {"--time-limit", "--job", "--jobs", "--cores", "--starts", "--part", "--parts"}
WHOLE = NUMBERS - {"--rtol", "--atol", "--max-seconds", "--time-limit"}
FROM_ZERO = {"--seed", "--batch", "--part"}
OF_FITS = {f"--{name.replace('_', '-')}" for name in OPTIONS}
"""Whose limits are those of the configuration (`il6infer.stages.settings`), walked in tests/stages."""


def leaves(top: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Each command, with the options of it that are numbers."""
    inner = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    for action in inner:
        for name, found in action.choices.items():
            yield from leaves(found, (*words, name))
    if not inner:
        known = {option for action in top._actions for option in action.option_strings} & NUMBERS
        yield words, known - OF_FITS if words[-1] == "fit" else known


CASES = [(words, option) for words, options in leaves(parser()) for option in sorted(options)]


def test_every_number_is_walked_here():
    kinds = (count, natural, positive, whole, real)
    actions = [action for top in _parsers(parser()) for action in top._actions if action.type in kinds]

    assert {option for _, option in CASES} == NUMBERS
    assert {option for action in actions for option in action.option_strings} <= NUMBERS | OF_FITS


def test_no_number_is_read_as_python_reads_it():
    """Python takes ``1_0`` for 10, digits of any script, and ``nan`` for a number."""
    assert not [action.dest for top in _parsers(parser()) for action in top._actions if action.type in (int, float)]


@pytest.mark.parametrize("text", ["1_0", "\u0663", "", "x", "9" * 5_000])
@pytest.mark.parametrize("option", ["--draws", "--seed", "--rtol"])
def test_a_number_of_a_fit_that_is_none_is_refused_by_name(option, text, capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["fit", "problem.yaml", "--output", "x.nc", f"{option}={text}"])

    assert f"argument {option}: '{text[:40]}' is not a " in capsys.readouterr().err


def _parsers(top: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for found in action.choices.values():
                yield from _parsers(found)


@pytest.mark.parametrize(("words", "option"), CASES, ids=[" ".join([*words, option]) for words, option in CASES])
def test_a_number_that_an_option_cannot_take_is_refused_by_name(words, option, capsys):
    wrong = ["-1", "x", "nan", *(["1.5", "²"] if option in WHOLE else ["inf"]), *([] if option in FROM_ZERO else ["0"])]
    for text in wrong:
        with pytest.raises(SystemExit) as left:
            parser().parse_args([*words, f"{option}={text}"])
        said = capsys.readouterr().err

        assert left.value.code == 2
        assert f"argument {option}: '{text}' is not a " in said
