"""Names, paths and links made to harm, in descriptions that are good but for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tests.faults import hostile_folders as make
from tests.faults.hostile_folders import CHECK, INGEST, Maker

PATHS = {
    "a zero byte": "raw\0.csv", "a line break": "raw\n.csv", "5,000 letters": "a" * 5_000, "nothing": "", "a dot": ".",
    "two dots": "..", "a home": "~/../secret.txt", "a slash at its end": "raw.csv/", "a dash": "--output",
    "half a character": "\ud800.csv", "a shell": "$(touch ../outside).csv", "a quote": "'; touch ../outside; '.csv",
    "an address": "http://127.0.0.1:9/raw.csv", "a way around": "x/../../secret.txt",
}  # fmt: skip
ODD = {
    "a place outside": "../../outside", "code": "__class__", "a tag": "<script>alert(1)</script>",
    "a line break": "a\nb", "a formula of a spreadsheet": "=cmd|' /C calc'!A1",
    "a command of the terminal": "\x1b]0;title\x07\x1b[31m",
    "half a character": "\ud800", "letters that run backwards": "\u202egnp.exe", "a zero byte": "a\0b",
    "100,000 letters": "a" * 100_000,
}  # fmt: skip
NAMES: Mapping[str, tuple[list[str], Maker]] = MappingProxyType(
    {
        "description: a good one": (INGEST, make.told()),
        **{f"path: {what}": (INGEST, make.told(path=path)) for what, path in PATHS.items()},
        **{f"protocol: {what}": (INGEST, make.told(protocol=path)) for what, path in PATHS.items() if path},
        "protocol: outside": (INGEST, make.told(protocol="../secret.txt")),
        "protocol: a device": (INGEST, make.told(protocol="/dev/zero")),
        "layout: outside": (INGEST, make.told(more=", layout: ../secret.txt")),
        "layout: a device": (INGEST, make.told(more=", layout: /dev/zero")),
        "layout: 10^10 rows": (INGEST, make.told(more=", layout: {1-10000000000: a}")),
        "layout: a row of 10,000 digits": (INGEST, make.told(more=f", layout: {{'1-{'9' * 10_000}': a}}")),
        "layout: 10^10 replicates": (INGEST, make.told(more=", layout: {1-3: {replicate: 1-10000000000}}")),
        **{f"title: {what}": (INGEST, make.told(title=text)) for what, text in ODD.items()},
        **{f"condition: {what}": (INGEST, make.told(condition=text))
           for what, text in ODD.items() if "\ud800" not in text},
        **{f"unit: {what}": (INGEST, make.told(unit=text)) for what, text in ODD.items()},
        **{f"observable: {what}": (INGEST, make.told(observable=text)) for what, text in ODD.items()},
        **{f"batch: {what}": (INGEST, make.told(batch=text)) for what, text in ODD.items()},
        **{f"name: {what}": (["ingest", "about.yaml", "--name", text, *INGEST[4:]], make.told())
           for what, text in ODD.items() if "\0" not in text and "\ud800" not in text},
        "cell: a command of the terminal": (INGEST, make.told(cells="a,0,\x1b]0;x\x07\x1b[31m\n")),
        "link: to a file outside": (CHECK, make.linked("../secret.txt")),
        "link: to itself": (INGEST, make.linked("raw.csv")),
        "link: to a device": (INGEST, make.linked("/dev/zero")),
        "link: to a folder": (INGEST, make.linked("..")),
    }
)  # fmt: skip
"""What it is -> command, and what makes its folder."""
