"""Numbers of the command line: one that an option cannot take is refused before the work, by its name."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from il6infer.cli.fit import OPTIONS
from il6infer.cli.main import main, parser
from il6infer.cli.options import Named, assignment, count, freed, natural, of_cell, of_member, positive, real, whole

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


def test_every_option_that_is_given_once_a_name_is_walked_here():
    """Repeated options of several words, or of NAME=VALUE, are tables by name: a second row of a name is refused."""
    actions = [action for top in _parsers(parser()) for action in top._actions]
    tables = [a for a in actions if a.nargs in (2, 3, 4) or a.type in (assignment, freed, of_cell, of_member)]

    assert all(isinstance(action, Named) for action in tables)
    assert {action.option_strings[0] for action in tables} == {
        "--set", "--free", "--cell", "--fit", "--freed", "--evidence", "--left-out", "--answers", "--problem",
        "--predictions", "--member", "--and-held-out", "--and-cell", "--and-set",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (["problem", "--free", "k_import=0.04:4", "--free", "k_import=0.1:4"], "k_import"),
        (["problem", "--set", "cell_number=5e4", "--set", "cell_number=5e5"], "cell_number"),
        (["compare", "--fit", "a", "1.nc", "1.json", "--fit", "a", "2.nc", "2.json"], "a"),
        (["freed", "--freed", "a", "k", "1.nc", "1.json", "--freed", "a", "k", "2.nc", "2.json"], "a k"),
        (["join", "--set", "mouse.k=1", "--set", "mouse.k=2"], "mouse k"),
        (["problem", "--and-cell", "mouse=MEF", "--and-cell", "mouse=hepatocyte"], "mouse"),
        (["problem", "--and-set", "mouse.k=1", "--and-set", "mouse.k=2"], "mouse k"),
        (["join", "--cell", "mouse=MEF", "--cell", "mouse=hepatocyte"], "mouse"),
    ],
)
def test_a_name_given_twice_is_refused(given, name, capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(given)

    assert f"{given[1]}: {name} is given twice; give it once" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--cell", "HepG2"], "argument --cell: 'HepG2' is not NAME=CELL, such as mouse=hepatocyte"),
        (["--cell", "=HepG2"], "argument --cell: '=HepG2' is not NAME=CELL, such as mouse=hepatocyte"),
        (["--set", "k=1"], "argument --set: 'k=1' is not NAME.PARAMETER=VALUE, such as mouse.cell_number=5e4"),
        (
            ["--set", "mouse.k=x"],
            "argument --set: 'mouse.k=x' is not NAME.PARAMETER=VALUE, such as mouse.cell_number=5e4",
        ),
    ],
)
def test_what_is_said_of_a_member_has_its_name(given, message, capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["join", *given])

    assert message in capsys.readouterr().err


def test_what_is_said_of_no_member_is_refused(tmp_path, capsys):
    member = ["--member", "mouse", str(tmp_path), "--member", "human", str(tmp_path)]
    given = ["--cell", "muose=MEF", "--set", "rat.k_basal=0"]
    code = main(["join", "--name", "both", *member, *given, "--output", str(tmp_path / "both")])

    assert code == 2
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "  - --cell muose: no --member has that name. Did you mean 'mouse'? Known: human, mouse.",
        "  - --set rat: no --member has that name. Known: human, mouse.",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ["--own", "K_SOC3", "--pooled", "k_import", "--set", "mouse.cell_nmber=1e5"],
            [
                "2 faults",
                "  - --own K_SOC3: no model has a parameter of that name. Did you mean 'K_SOCS3'?",
                "  - --set mouse.cell_nmber: no model has a parameter of that name. Did you mean 'cell_number'?",
            ],
        ),
        (
            ["--own", "K_SOCS3", "--own", "k_import", "--model", "classic_none", "--model", "trans_none"],
            [
                "1 fault",
                "  - --own K_SOCS3: none of classic_none, trans_none has a parameter of that name. Did you mean ",
            ],
        ),
        (
            ["--own", "k_import", "--pooled", "k_import", "--set", "human.k_import=-1"],
            [
                "2 faults",
                "  - --set human.k_import: -1 is given, but it must be a number above 0. ",
                "  - --own k_import: is under --pooled, too. Name it once.",
            ],
        ),
        (["--model", "clasic_none"], ["unknown model 'clasic_none'. Did you mean 'classic_none'?"]),
    ],
)
def test_a_joint_fit_of_parameters_that_no_model_has_is_refused(given, said, tmp_path, capsys):
    """Models pass over what they lack: a misspelt --own was shared, and a misspelt --set given to nobody."""
    member = ["--member", "mouse", str(tmp_path), "--member", "human", str(tmp_path)]
    code = main(["join", "--name", "both", *member, *given, "--output", str(tmp_path / "both")])
    lines = capsys.readouterr().err.splitlines()

    assert code == 2
    assert len(lines) == len(said)
    assert all(part in line for part, line in zip(said, lines, strict=True))
