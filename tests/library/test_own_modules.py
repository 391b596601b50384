"""Modules of the user's own: composed, drawn, shown, built and fitted as those of the package; faults say where."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from il6infer._errors import UserError
from il6infer.cli.main import main
from il6infer.drawing.graph import graph
from il6infer.drawing.placement import by_hand
from il6infer.drawing.svg import svg
from il6infer.engine import compile
from il6infer.library.assembly import own_files
from il6infer.library.catalogue import Library, read_library
from il6infer.library.compose import compose, with_values
from il6infer.library.names import base_names, parse_model_name
from il6infer.network.sbml import read_sbml
from il6infer.petab_files.read import load

DOCS = Path(__file__).parents[2] / "docs" / "models.md"
HEADER = "parameter,description,distribution,median,low,high,unit,source,doi,cell_type,temperature,why\n"
NANOBODY = """\
// ---
// kind: receptor
// word: nanobody
// text: a nanobody with two arms joins gp130 without a receptor
// order: 35
// complexes: [nanobody]
// medium: [nanobody]
// knock_outs: [Kd_nanobody]
// ---
  species nanobody in medium = 0, C_nanobody in medium = 0;
  engage_nanobody: nanobody + gp130 -> C_nanobody; medium*kon_complex_gp130*(nanobody*gp130 - Kd_nanobody*C_nanobody);
  internalise_nanobody: C_nanobody => ; medium*k_internalisation*C_nanobody;
"""
BRAKE = """\
// ---
// kind: feedback
// word: brake
// text: SOCS3 inhibits by the square
// order: 305
// inhibition: 1/(1 + (SOCS3_p/K_SOCS3)^2)
// ---
"""
JOINT = """\
// ---
// kind: joint
// text: shed nanobody complexes
// joins: [receptor_nanobody, trafficking]
// ---
  lose_nanobody_quickly: C_nanobody => ; medium*k_nanobody_loss*C_nanobody;
"""
PRIORS = HEADER + (
    "Kd_nanobody,affinity,log-normal,1,0.1,10,nM,mine,,mine,37 C,a guess\n"
    "k_nanobody_loss,loss,fixed,0.1,,,1/min,mine,,mine,37 C,a guess\n"
)


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / (f"{name}.csv" if name == "priors" else f"{name}.ant")).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def documented(tmp_path_factory) -> Path:
    """Return a folder with the example of docs/models.md, as it stands there."""
    module, priors = re.findall(r"^```\n(.*?)^```$", DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return write(tmp_path_factory.mktemp("run") / "my_modules", mcl1=module, priors=priors)


@pytest.fixture(scope="module")
def mine(tmp_path_factory) -> Library:
    folder = tmp_path_factory.mktemp("mine")
    texts = {"receptor_nanobody": NANOBODY, "feedback_brake": BRAKE, "nanobody_trafficking": JOINT, "priors": PRIORS}
    return read_library(write(folder, **texts))


def refused(folder: Path, name: str = "classic_none") -> list[str]:
    with pytest.raises(UserError) as error:
        compose(name, read_library(folder))
    return str(error.value).splitlines()


def test_the_documented_option_is_composed_drawn_and_leaves_other_models_as_they_are(documented):
    library = read_library(documented)
    model = compose("classic_socs3+mcl1", library)

    assert model.readouts == (*compose("classic_socs3").readouts, "MCL1_mRNA")
    assert model.module_of["transcribe_MCL1"] == "mcl1"
    assert set(model.priors["parameter"]) - set(compose("classic_socs3").priors["parameter"]) == {
        "K_MCL1",
        "k_MCL1_mRNA",
    }
    assert by_hand(graph(model))
    picture = svg(model)
    assert ">MCL1 mRNA</text>" in picture
    assert ">mcl1: mRNA of MCL1 under nuclear pSTAT3</text>" in picture
    assert picture.count('fill="#e6e0f0"') == 2  # the species, and the legend
    assert compose("both_dual+jak", library).sbml == compose("both_dual+jak").sbml
    with pytest.raises(UserError, match="unknown option 'mcl1'"):
        compose("classic_socs3+mcl1")


def test_models_show_documents_it(documented, capsys):
    assert main(["models", "show", "classic_socs3+mcl1", "--modules", str(documented)]) == 0
    shown = capsys.readouterr().out

    assert f"of {documented}: mcl1\n" in shown
    assert re.search(r"^MCL1_mRNA  +MCL1_m$", shown, re.MULTILINE)
    assert re.search(r"^K_MCL1 +log-normal +0.2 +0.04-1 ", shown, re.MULTILINE)
    assert "NOT in detailed balance" not in shown
    assert main(["models", "list", "--modules", str(documented)]) == 0
    assert re.search(r"^mcl1 +classic, .*mRNA of MCL1", capsys.readouterr().out, re.MULTILINE)


def test_it_is_drawn_by_the_command(documented, tmp_path):
    words = ("models", "diagram", "classic_socs3+mcl1", "--modules", documented, "--output", tmp_path / "d.svg")

    assert main([*map(str, words)]) == 0
    assert (tmp_path / "d.svg").read_text("utf-8") == svg(compose("classic_socs3+mcl1", read_library(documented)))


@pytest.fixture(scope="module")
def problem(documented, tmp_path_factory) -> Path:
    """Build the problem of the documented option from data of its own read-out, by the command."""
    folder = tmp_path_factory.mktemp("problem")
    times, values = [0.0, 30.0, 60.0, 120.0, 240.0], [0.02, 0.3, 0.5, 0.45, 0.2]
    row = {
        "dataset": "d", "condition": "il6", "replicate": 1, "batch": "plate", "unit": "relative", "noise": "lognormal",
        "detection_limit": np.nan, "censored": "", "error": np.nan, "scale_sd": np.nan,
        "assay": "table", "scale": True, "offset": False, "simulated": True,
        "source_file": "f.csv", "source_row": 2,
    }  # fmt: skip
    columns = ["dataset", "observable", "condition", "time_min", "replicate", "batch", "value", *list(row)[4:]]
    table = pd.DataFrame({"observable": "MCL1_mRNA", "time_min": times, "value": values, **row})
    table[columns].to_csv(folder / "m.csv", index=False)
    steps = "condition,time_min,action,species,concentration_nM,dose,unit\nil6,0,add,IL6,0.48,10,ng/ml\n"
    (folder / "p.csv").write_text(steps)
    words = ["problem", folder / "m.csv", folder / "p.csv", "--model", "classic_socs3+mcl1", "--modules", documented]
    assert main([*map(str, words), "--output", str(folder / "out")]) == 0
    return folder / "out" / "problem.yaml"


def test_its_read_out_is_data_and_its_prior_is_in_the_problem(problem):
    found = load(problem)

    assert [o.id for o in found.observables] == ["obs_MCL1_mRNA"]
    [prior] = [p for p in found.parameters if p.id == "K_MCL1"]
    assert np.exp(prior.prior.parameters[0]) == pytest.approx(0.2)
    result = compile(found).simulate(np.array([p.nominal for p in found.estimated]))
    assert result.ok
    assert result.prediction[2] > 5 * result.prediction[0] > 0


@pytest.mark.slow
def test_it_is_fitted(problem, tmp_path):
    words = ("fit", problem, "--output", tmp_path / "p.nc", "--chains", 1, "--tune", 30, "--draws", 20, "--starts", 1)

    assert main([*map(str, words), "--seed", "3"]) == 0
    assert (tmp_path / "p.nc").is_file()


def test_receptor_feedback_and_joint_are_words_and_parts_of_models(mine):
    assert {"nanobody_brake", "nanobody_none", "both_brake"} < set(base_names(mine))
    plain, joined = (compose(name, mine) for name in ("nanobody_brake", "nanobody_dual+hexamer+trafficking"))

    assert "active_receptor := (C_nanobody)/gp130_0;" in plain.antimony
    assert "inhibition := 1/(1 + (SOCS3_p/K_SOCS3)^2);" in plain.antimony
    assert plain.medium[-1] == "nanobody"
    assert "lose_nanobody_quickly" not in plain.module_of
    assert joined.module_of["lose_nanobody_quickly"] == "nanobody_trafficking"
    assert "2*(H_nanobody)" in joined.antimony
    assert not by_hand(graph(plain))  # no place is given: laid out in rows
    assert svg(plain).count('rx="7"') == len(graph(plain).nodes)
    assert set(read_sbml(plain.sbml).states) >= {"nanobody", "C_nanobody"}
    with pytest.raises(UserError, match="does not go with receptor 'nanobody'"):
        parse_model_name("nanobody_none+shedding", mine)


def test_a_header_says_what_may_be_0(mine):
    model = compose("nanobody_none", mine)

    assert with_values(model, {"Kd_nanobody": 0.0}).priors.set_index("parameter").loc["Kd_nanobody", "median"] == 0
    with pytest.raises(UserError, match="Kd_complex_sgp130Fc: 0 is given, but it must be a number above 0"):
        with_values(model, {"Kd_complex_sgp130Fc": 0.0})


def test_a_model_uses_the_files_that_it_is_made_of(mine):
    def used(name: str) -> list[str]:
        return [path.name for path in own_files(name, mine)]

    assert used("both_dual") == []
    assert used("both_brake") == ["feedback_brake.ant", "priors.csv"]
    assert used("nanobody_none+trafficking") == ["receptor_nanobody.ant", "nanobody_trafficking.ant", "priors.csv"]


def test_an_edit_is_seen_in_the_same_process(tmp_path):
    folder = write(tmp_path / "m", feedback_brake=BRAKE)
    before = compose("classic_brake", read_library(folder)).sbml
    write(folder, feedback_brake=BRAKE.replace("^2", "^3"))

    assert compose("classic_brake", read_library(folder)).sbml != before


OPTION = "// ---\n// kind: option\n// text: t\n{}// ---\n{}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.ant, line 1: has no header: '// ---' was expected in its first line. docs/models.md shows a module."),
        ("// ---\n// kind: option\n", "x.ant, line 1: the header has no end: a second line '// ---' was expected."),
        ("// ---\n// kind: option\nspecies a;\n// ---\n",
         "x.ant, line 3: 'species a;' stands in the header without '//'. The header ends with '// ---'."),
        ("// ---\n// option\n// ---\n", "x.ant, line 2: the header holds no 'key: value' lines."),
        ("// ---\n// kind: option\n// ---\n", "x.ant, line 2, key 'text': is missing, expected one line of text."),
        ("// ---\n// text: t\n// ---\n",
         "x.ant, line 2, key 'kind': is missing, expected one of base, receptor, feedback, option, joint, cell."),
        (OPTION.format("// kid: 1\n", ""), "x.ant, line 4, key 'kid': is unknown. Did you mean 'kind'? Known: "),
        (OPTION.format("// text: u\n", ""), "x.ant, line 4, key 'text': stands twice."),
        (OPTION.format("// order: first\n", ""),
         "x.ant, line 4, key 'order': 'first' is given, expected a whole number from 0 to 999."),
        (OPTION.format("// readouts: a\n", ""),
         "x.ant, line 4, key 'readouts': 'a' is given, expected a list of read-outs, such as [pERK]."),
        (OPTION.format('// colours: ["#fff", "#000000"]\n', ""),
         "x.ant, line 4, key 'colours': ['#fff', '#000000'] is given, expected fill and line, such as"),
        (OPTION.format("// places: {a: [1, m9]}\n", ""),
         "x.ant, line 4, key 'places': {'a': [1, 'm9']} is given, expected species with column and lane, such as"),
        (OPTION.format("// counts: {gp130: [a]}\n", ""), "x.ant, line 4, key 'counts': {'gp130': ['a']} is given, "),
        (OPTION.format("// acts_on: {f: [a b]}\n", ""), "x.ant, line 4, key 'acts_on': {'f': ['a b']} is given, "),
        (OPTION.format("// word: x\n", ""),
         "x.ant, line 4, key 'word': is not for kind 'option', but for receptor and feedback."),
        (OPTION.format("// inhibition: 1/2\n", ""),
         "x.ant, line 4, key 'inhibition': is not for kind 'option', but for feedback."),
        (OPTION.format("// order: [1\n", ""), "x.ant, line "),
        (OPTION.format("// receptors: [clasic]\n", ""),
         "x.ant, line 4, key 'receptors': there is no 'clasic'. Did you mean 'classic'? Known: both, classic, "),
        (OPTION.format("// excludes: {jack: rival}\n", ""),
         "x.ant, line 4, key 'excludes': there is no 'jack'. Did you mean 'jak'? Known: "),
        (OPTION.format("// brings: [mapkk]\n", ""), "x.ant, line 4, key 'brings': there is no 'mapkk'. Did you mean"),
        (OPTION.format("// readouts: [b]\n", "a := IL6;\n"),
         "x.ant, line 4, key 'readouts': the module's text declares no rule (:=) 'b'. Known: a."),
        (OPTION.format("// medium: [b]\n", "species a in medium = 0;\n"),
         "x.ant, line 4, key 'medium': the module's text declares no species 'b'. Known: a."),
        (OPTION.format("// complexes: [b]\n", ""),
         "x.ant, line 4, key 'complexes': the module's text declares no species 'C_b'. Known: ."),
        # Names that others have.
        ("// ---\n// kind: base\n// text: t\n// ---\n",
         "x.ant, line 2, key 'kind': 'base' is the package's own. Use receptor, feedback, option, joint."),
        ("// ---\n// kind: receptor\n// word: both\n// text: t\n// ---\n",
         "x.ant, line 3, key 'word': receptor_both.ant has receptor 'both', too. Choose another word."),
        (OPTION.format("// readouts: [pERK]\n", "pERK := IL6;\n"),
         "x.ant, line 4, key 'readouts': 'pERK' is that of mapk.ant. A module lists what it adds: leave it out, or "
         "choose another name."),
        (OPTION.format("", "species STAT1 in cell = 1;\n"),
         "x.ant: species 'STAT1' is declared by stat1.ant, too. A species is declared once; other modules use it, or "
         "choose another name."),
    ],
)  # fmt: skip
def test_faults_of_a_module_name_file_line_and_key(tmp_path, text, message):
    found = refused(write(tmp_path / "m", x=text))

    assert found[0].startswith(f"modules of {tmp_path / 'm'}: 1 fault")
    assert found[1].startswith(f"  - {message}")


def test_a_module_with_a_name_of_the_package_is_refused(tmp_path):
    assert refused(write(tmp_path / "m", jak=OPTION.format("", ""))) == [
        f"modules of {tmp_path / 'm'}: 1 fault",
        "  - jak.ant: a module of the package has this name. Rename the file.",
    ]
    assert "'my-module' is not a name for a module" in refused(write(tmp_path / "n", **{"my-module": ""}))[1]


def test_a_folder_that_is_not_there_or_empty_is_refused(tmp_path):
    assert refused(tmp_path / "no") == [
        f"modules: no such folder {tmp_path / 'no'}. Give the folder that holds your .ant files."
    ]
    assert refused(write(tmp_path / "m"))[1] == (
        f"  - {tmp_path / 'm'}: holds no module. A module is a file <name>.ant (docs/models.md)."
    )


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ("  a: => b; cell*k_delay;\n", ["x.ant, line 5: no module declares the species 'b'. Declare it, 'species b in "
                                       "medium = 0;', or correct its name."]),
        ("  species b in cell = 0;\n  a: => b; cell*k_mine;\n",
         ["x.ant, line 6: parameter 'k_mine' has no prior and no value. Give it a row in priors.csv beside your "
          "modules, or correct its name."]),
        ("  species b in cell = 0;\n  => b; cell*k_delay;\n",
         ["x.ant: a reaction has no name of its own (Antimony calls it '_J0'). Write each on one line, "
          "'name: A + B -> C; rate;'."]),
        ("  species b in cell = 0;\n  a: => b; cell*(k_delay;\n", ["x.ant, line 6: is not valid Antimony: "]),
    ],
)  # fmt: skip
def test_faults_that_show_only_in_a_model_are_placed_in_the_users_file(tmp_path, body, messages):
    found = refused(write(tmp_path / "m", x=OPTION.format("", body)), "classic_none+x")

    assert found[0] == f"model 'classic_none+x': {len(messages)} fault"
    for line, message in zip(found[1:], messages, strict=True):
        assert line.startswith(f"  - {message}")


ROW = "k_mine,d,log-normal,1,0.1,10,1/min,s,,c,37 C,w\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROW, "priors.csv: column 'parameter' is missing. "),
        (HEADER + ROW.replace("k_mine", "k_delay"),
         "priors.csv, row 2, column 'parameter': 'k_delay' is a parameter of the package. Choose another name."),
        (HEADER + ROW.replace(",1,0.1", ",one,0.1"),
         "priors.csv, row 2, column 'median': 'one' is not a number. Write 0.5 or 1e-3."),
        (HEADER + ROW.replace("10,1/min", "0.5,1/min"), "priors.csv, row 2: expected low < median < high."),
        (HEADER + ROW.replace("1/min", "1/s"), "priors.csv, row 2: unit = '1/s': expected one of "),
        (HEADER + ROW + ROW, "priors.csv, row 2: parameter = 'k_mine': expected one row for each parameter."),
        (HEADER + ROW.replace(",w", ","), "priors.csv, row 2: why = '': expected a text that is not empty."),
        (HEADER + ROW.replace("37 C", "warm"), "priors.csv, row 2: temperature = 'warm': expected such "
         "as 37 C, 'not stated' or 'does not apply'."),
        (HEADER + ROW.replace("log-normal", "normal"), "priors.csv, row 2: distribution = 'normal': expected "
         "one of log-normal, fixed."),
    ],
)  # fmt: skip
def test_faults_of_a_table_of_priors_name_row_and_column(tmp_path, text, message):
    folder = write(tmp_path / "m", x=OPTION.format("", ""), priors=text)
    found = refused(folder)

    assert found[0].startswith(f"{folder / 'priors.csv'}: ")
    assert found[1].startswith(f"  - {message}")


def test_binding_that_breaks_detailed_balance_is_named(tmp_path, capsys):
    body = "  double: IL6 + sIL6R -> IL6_sIL6R; medium*kon_IL6_IL6R*(IL6*sIL6R - 2*Kd_IL6_IL6R*IL6_sIL6R);\n"
    folder = write(tmp_path / "m", x=OPTION.format("", body))

    assert main(["models", "show", "trans_none+x", "--modules", str(folder)]) == 0
    assert "NOT in detailed balance, whatever the parameters: bind_IL6_sIL6R double" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line", ['end\nimport "../secret.txt"', 'x = 1; end; import "/dev/zero"', 'p = "//"; import "a.ant"']
)
def test_a_module_takes_in_no_other_file(line, tmp_path):
    folder = write(tmp_path / "mine", nanobody=f"{NANOBODY}{line}\n", priors=PRIORS)

    with pytest.raises(UserError, match=r"takes in another file, a module is one\. Copy what is needed of it\."):
        read_library(folder)


def test_a_comment_may_tell_of_nuclear_import(tmp_path):
    text = f"{NANOBODY}// import of STAT3\n".replace("C_nanobody;\n", "C_nanobody;  // before its import\n")

    assert "nanobody" in " ".join(read_library(write(tmp_path / "mine", nanobody=text, priors=PRIORS)).modules)
