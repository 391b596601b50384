"""Texts made to harm: YAML, PEtab problems, formulas, SBML, tables."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tests.faults import hostile_folders as make
from tests.faults.hostile_folders import INGEST, LINT, REPORT, Maker

TEXTS: Mapping[str, tuple[list[str], Maker]] = MappingProxyType(
    {
        "YAML: a bomb of aliases": (LINT, make.yaml("a: &a [x, x]\n" + "".join(
            f"{c}: &{c} [{', '.join([f'*{p}'] * 10)}]\n" for p, c in zip("abcdefghi", "bcdefghij", strict=True)))),
        "YAML: nested 100,000 deep": (LINT, make.yaml("a: " + "[" * 100_000)),
        "YAML: a description nested 100,000 deep": (INGEST, make.yaml("a: " + "{b: " * 100_000)),
        "YAML: an object of Python": (LINT, make.yaml("a: !!python/object/apply:os.system ['touch ../outside']\n")),
        "YAML: a description that is an object": (INGEST,
            make.yaml("!!python/object/apply:os.system ['touch ../outside']")),
        "YAML: a whole number of 100,000 digits": (LINT, make.yaml("format_version: " + "9" * 100_000)),
        "YAML: zero bytes": (LINT, make.yaml(b"\0" * 1000)),
        "YAML: 4 MB of keys": (INGEST, make.yaml("".join(f"k{i}: 1\n" for i in range(400_000)))),
        "YAML: a configuration that holds itself": (REPORT, make.yaml("datasets: &a {b: *a}\n")),
        "YAML: an alias doubled 20,000 times": (INGEST, make.later(lambda: make.yaml("a0: &a0 [x]\n" + "".join(
            f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}]\n" for i in range(20_000))))),
        "YAML: mappings merged ten by ten": (INGEST, make.yaml("a: &a {k: 1}\n" + "".join(
            f"{c}: &{c} {{<<: [{', '.join([f'*{p}'] * 10)}]}}\n" for p, c in zip("abcdefg", "bcdefgh", strict=True)))),
        "YAML: a key that is a list": (INGEST, make.yaml("? [a, b]\n: 1\n")),
        "YAML: a key that is a mapping": (LINT, make.yaml("? {a: 1}\n: 1\n")),
        **{f"YAML: {tag}": (INGEST, make.yaml(f"title: {tag}\n")) for tag in (
            "!!int ''", "!!int x", "!!bool maybe", "!!timestamp x", "!!timestamp 2020-99-99", "!!float x", "!!float ''",
            "!!binary é", "!!set [a]", "!!omap x", "!!pairs [a]", "!!python/name:os.system ''", "!!python/tuple [a]",
            "!!map x", "!!seq x", "!!str [a]", "!own x", "!float_with_exponent x", "!!merge x", "!!value x")},
        "PEtab: a file outside": (LINT, make.yaml("format_version: 2.0.0\nmodel_files: {m: {language: sbml, location: "
            "../secret.txt}}\nparameter_files: [../secret.txt]\nobservable_files: [../secret.txt]\nmeasurement_files: "
            "[../secret.txt]\n")),
        "PEtab: an address": (LINT, make.yaml("format_version: 2.0.0\nmodel_files: {m: {language: sbml, location: "
            "'http://127.0.0.1:9/m.xml'}}\nparameter_files: ['http://127.0.0.1:9/p.tsv']\nobservable_files: [o.tsv]\n"
            "measurement_files: [m.tsv]\n")),
        "PEtab: a device": (LINT,
            make.yaml("format_version: 2.0.0\nmodel_files: {m: {language: sbml, location: /dev/zero}}\n"
            "parameter_files: [/dev/zero]\nobservable_files: [/dev/urandom]\nmeasurement_files: [/dev/stdin]\n")),
        "formula: 100,000 parentheses": (LINT, make.observable("(" * 100_000 + "A" + ")" * 100_000)),
        "formula: 100,000 signs": (LINT, make.observable("-" * 100_000 + "A")),
        "formula: 100,000 powers": (LINT, make.observable("^".join(["A"] * 100_000))),
        "formula: a sum of 100,000 terms": (LINT, make.observable("+".join(["A"] * 100_000))),
        "formula: 9^9^9^9": (LINT, make.observable("9^9^9^9*A")),
        "formula: code": (LINT, make.observable("__import__('os').system('touch ../outside')")),
        "SBML: entities that grow": (LINT, make.model(make.bomb)),
        "SBML: an entity from a file": (LINT, make.model(make.external)),
        "SBML: nested 100,000 deep": (LINT, make.model(make.deep_model(100_000))),
        "SBML: nested 2,000 deep": (LINT, make.model(make.deep_model(2_000))),
        "SBML: 10,000 species": (LINT, make.model(make.species(10_000))),
        "formula: an attribute": (LINT, make.observable("A.__class__.__subclasses__()")),
        "formula: a name of 1 MB": (LINT, make.observable("A" * 1_000_000)),
        "formula: a power of a sum": (LINT, make.observable("((A+1)^1000+(A+2)^1000)^100000000")),
        "formula: factorial(10^8)": (LINT, make.observable("factorial(10^8)*A")),
        "formula: max of 100,000": (LINT, make.observable("max(" + ",".join(["A"] * 100_000) + ")")),
        "formula: piecewise 2,000 deep": (LINT, make.observable("piecewise(A,A>1," * 2_000 + "A" + ")" * 2_000)),
        "formula: powers of e": (LINT, make.observable("exp(" * 500 + "A" + ")" * 500)),
        "formula: letters that run backwards": (LINT, make.observable("\u202eA\u2066\u0410")),
        "formula: of a spreadsheet": (LINT, make.observable("=cmd|' /C calc'!A1")),
        "SBML: a function of itself": (LINT, make.model(make.functions({"f": "f"}))),
        "SBML: functions of each other": (LINT, make.model(make.functions({"f": "g", "g": "f"}))),
        "SBML: functions that double, 40 deep": (LINT, make.model(make.doubling(40))),
        "SBML: rules in a circle": (LINT, make.model(make.rules({"p": "q", "q": "p"}))),
        "SBML: rules that double, 60 deep": (LINT, make.model(make.rules(
            {f"p{i}": f"p{i + 1}" for i in range(60)} | {"p60": "k"}, twice=True))),
        "SBML: 100,000 parameters": (LINT, make.later(lambda: make.model(make.parameters(100_000)))),
        "SBML: names of Python": (LINT, make.model(lambda text: text.replace('"A"', '"__class__"')
            .replace("> A <", "> __class__ <").replace('"k"', '"lambda"').replace("> k <", "> lambda <"))),
        "SBML: a name of 1 MB": (LINT, make.model(lambda text: text.replace('"A"', f'"{"A" * 1_000_000}"'))),
        "SBML: a number beyond all": (LINT, make.model(lambda text: text.replace('size="1"', 'size="1e999"'))),
        "SBML: a document type elsewhere": (LINT, make.model(lambda text: make.after_declaration(
            text, '<!DOCTYPE sbml PUBLIC "x" "http://127.0.0.1:9/x.dtd">'))),
        "SBML: a part of another file": (LINT, make.model(lambda text: text.replace("<listOfSpecies",
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="../secret.txt" parse="text"/><listOfSpecies',
            1))),
        "PEtab: a measurement beyond all": (LINT, make.problem(measurements="1e999")),
        "PEtab: a time before all": (LINT, make.problem(times="-inf")),
        "PEtab: 1,000,000 measurements": (LINT, make.later(lambda: make.problem(rows=1_000_000))),
        "PEtab: 90,000 experiments": (LINT, make.later(lambda: make.problem(experiments=90_000))),
        "PEtab: 9,000 experiments": (LINT, make.later(lambda: make.problem(experiments=9_000))),
        "PEtab: an id __class__": (["petab", "evaluate", "problem.yaml"], make.problem(observable="__class__")),
        "PEtab: an id of a line break": (LINT, make.problem(observable='"a\nb"')),
        "PEtab: zero bytes in a table": (LINT, make.problem(observable="o\0bs")),
        "table: 1,000,000 rows": (INGEST,
            make.later(lambda: make.raw("condition,time_min,value\n" + "a,10,1.0\n" * 1_000_000))),
        "table: one cell of 50 MB": (INGEST,
            make.later(lambda: make.raw("condition,time_min,value\na,10," + "1" * 50_000_000))),
        "table: 100,000 columns": (INGEST,
            make.raw(",".join(f"c{i}" for i in range(100_000)) + "\n" + "1," * 99_999 + "1\n")),
        "table: outside of the folder": (INGEST, make.raw("x", path="../secret.txt")),
        "table: of the system": (INGEST, make.raw("x", path="/etc/passwd")),
        "table: a device": (INGEST, make.raw("x", path="/dev/zero")),
        **{f"table: a header of 30,000 {name}": (INGEST,
            make.raw(f"condition,time_min,a{30_000 * letter}b,x\na,10,1.0,1\n"))
            for name, letter in zip(("blanks", "dashes", "lines", "bars", "dots", "brackets"), " -_|.(", strict=True)},
        **{f"table: a cell of 30,000 {name}": (INGEST, make.told(cells=f"a,10,1{30_000 * letter}x\n"))
            for name, letter in zip(("blanks", "dashes", "dots", "brackets", "numbers"), " -.(1", strict=True)},
        "table: 1,000,000 quotes": (INGEST, make.raw("condition,time_min,value\n" + '"' * 1_000_001)),
        "table: 1,000,000 empty lines": (INGEST, make.raw("\n" * 1_000_000 + "condition,time_min,value\na,10,1\n")),
        "table: zero bytes far behind": (INGEST,
            make.raw("condition,time_min,value\n" + "a,10,1\n" * 1_000 + "\0,1,1\n")),
        "table: UTF-16 cut in the middle of a letter": (INGEST,
            make.raw("\ufeffcondition,x\na,1\n".encode("utf-16-le")[:-1])),
    }
)  # fmt: skip
"""What it is -> command, and what makes its folder."""
