"""Packed and binary files made to harm: workbooks, RDML, archives, netCDF."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tests.faults import hostile_folders as make
from tests.faults.hostile_folders import DIAGNOSE, INGEST, WEIGH, Maker

PACKED: Mapping[str, tuple[list[str], Maker]] = MappingProxyType(
    {
        "workbook: a cell at the last place": (INGEST, make.raw(make.workbook(
            b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
            "raw.xlsx")),
        "workbook: 2 GB of zeros": (INGEST,
            make.later(lambda: make.raw(make.zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b" " * (1 << 31)}),
            "raw.xlsx"))),
        "workbook: 2 GB in its sheet": (INGEST,
            make.later(lambda: make.raw(make.workbook(b" " * (1 << 31)), "raw.xlsx"))),
        "workbook: a zip cut short": (INGEST, make.raw(make.workbook(b"")[:200], "raw.xlsx")),
        "netCDF: 8 TB": (DIAGNOSE, make.wide_posterior),
        "netCDF: noise": (DIAGNOSE, make.file("posterior.nc", bytes(range(256)) * 4000)),
        "netCDF: a pickle": (DIAGNOSE, make.file("posterior.nc", b"cos\nsystem\n(S'touch ../outside'\ntR.")),
        "workbook: 10^9 rows repeated": (INGEST, make.raw(make.spreadsheet(
            '<table:table table:name="a"><table:table-row '
            'table:number-rows-repeated="1000000000"><table:table-cell office:value-type="float" office:value="1" '
            'table:number-columns-repeated="1000000000"/></table:table-row></table:table>'), "raw.ods")),
        "workbook: 10^6 rows of 1,000 cells repeated": (INGEST, make.raw(make.spreadsheet('<table:table table:name="a">'
            '<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value-type="float" '
            'office:value="1" table:number-columns-repeated="1000"/></table:table-row></table:table>'), "raw.ods")),
        "workbook: entities that grow": (INGEST, make.raw(make.spreadsheet(
            '<table:table table:name="a"><table:table-row>'
            '<table:table-cell office:value-type="string"><text:p>&e9;</text:p></table:table-cell></table:table-row>'
            '</table:table>', make.entities(10)), "raw.ods")),
        "workbook: rows in the wrong order, out of range": (INGEST, make.raw(make.workbook(
            b'<row r="5"><c r="ZZZZZZ99999999999"><v>1</v></c></row><row r="-1"><c r=""><v>1</v></c></row>'),
            "raw.xlsx")),
        "workbook: cells that point nowhere": (INGEST, make.raw(make.workbook(
            b'<row r="1"><c r="A1" t="s"><v>99999999</v></c><c r="B1" s="999999"><v>x</v></c></row>'), "raw.xlsx")),
        "workbook: merged over all": (INGEST, make.raw(make.workbook(
            b'<row r="1"><c r="A1"><v>1</v></c></row></sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/>'
            b'</mergeCells><sheetData>'), "raw.xlsx")),
        "workbook: an old one, of noise": (INGEST,
            make.raw(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 40, "raw.xls")),
        "workbook: an old one, whose sectors go in a circle": (INGEST, make.raw(make.circular_workbook(), "raw.xls")),
        "RDML: 2 GB of blanks": (INGEST, make.later(lambda: make.raw(make.zipped(
            {"rdml_data.xml": b" " * (1 << 31)}), "raw.rdml"))),
        "RDML: entities that grow": (INGEST, make.raw(make.rdml("<sample id='&e9;'/>", make.entities(10)), "raw.rdml")),
        "RDML: an entity from a file": (INGEST, make.raw(make.rdml("<sample id='s'>&x;</sample>",
            '<!DOCTYPE rdml [<!ENTITY x SYSTEM "../secret.txt">]>'), "raw.rdml")),
        "RDML: nested 100,000 deep": (INGEST,
            make.raw(make.rdml("<react>" * 100_000 + "</react>" * 100_000), "raw.rdml")),
        "RDML: 1,000,000 reactions": (INGEST, make.later(lambda: make.raw(make.rdml("<experiment><run>" +
            "<react id='1'><data><cq>1</cq></data></react>" * 1_000_000 + "</run></experiment>"), "raw.rdml"))),
        "netCDF: a link to another file": (DIAGNOSE,
            make.altered_posterior(
            "del file['posterior']; file['posterior'] = h5py.ExternalLink('../secret.txt', '/')")),
        "netCDF: a link to a pipe": (DIAGNOSE, make.altered_posterior(
            "__import__('os').mkfifo(folder / 'pipe'); del file['posterior/mu']; "
            "file['posterior/mu'] = h5py.ExternalLink('pipe', '/')")),
        "netCDF: a link to itself": (DIAGNOSE,
            make.altered_posterior("del file['posterior']; file['posterior'] = h5py.SoftLink('/posterior')")),
        "netCDF: values of another file": (DIAGNOSE, make.altered_posterior(
            "del file['posterior/mu']; file['posterior'].create_dataset('mu', (4, 500), 'f8', "
            "external=[('/dev/zero', 0, 16000)])")),
        "netCDF: a type of 1 GB a value": (DIAGNOSE, make.altered_posterior(
            "file['posterior/mu'].attrs['dtype'] = 'S1000000000'")),
        "netCDF: a type that is none": (DIAGNOSE,
            make.altered_posterior("file['posterior/mu'].attrs['dtype'] = 'none'")),
        "netCDF: objects": (DIAGNOSE, make.altered_posterior("file['posterior/mu'].attrs['dtype'] = 'O'")),
        "netCDF: texts in place of draws": (DIAGNOSE, make.altered_posterior(make.TYPED.format("h5py.string_dtype()"))),
        "netCDF: references in place of draws": (DIAGNOSE, make.altered_posterior(make.TYPED.format("h5py.ref_dtype"))),
        "netCDF: pairs in place of draws": (DIAGNOSE,
            make.altered_posterior(make.TYPED.format("[('a', 'f8'), ('b', 'S5')]"))),
        "netCDF: complex draws": (DIAGNOSE, make.altered_posterior(make.TYPED.format("'c16'"))),
        "netCDF: no draws": (DIAGNOSE,
            make.altered_posterior("del file['posterior/mu'], file['posterior/noise_level']")),
        "netCDF: a group that is a number": (DIAGNOSE,
            make.altered_posterior("del file['posterior']; file['posterior'] = 1.0")),
        "netCDF: no statistics": (DIAGNOSE, make.altered_posterior("del file['sample_stats/diverging']")),
        "netCDF: draws that are no numbers": (DIAGNOSE, make.altered_posterior("file['posterior/mu'][...] = np.nan")),
        "netCDF: coordinates that name none": (DIAGNOSE,
            make.altered_posterior("file['posterior/mu'].attrs['coordinates'] = 'x ../y'")),
        "netCDF: a table of contents of 100,000 groups": (DIAGNOSE, make.altered_posterior(
            "[file.create_group(f'g{i}') for i in range(20_000)]")),
        "JSON: a number of 100,000 digits": (WEIGH, make.file("comparison.json", b'{"a": ' + b"9" * 100_000 + b"}")),
        "JSON: nested 100,000 deep": (WEIGH, make.file("comparison.json", b"[" * 100_000)),
        "JSON: half a character": (WEIGH, make.file("comparison.json", b'{"\\ud800": "\\udfff"}')),
        "JSON: not a number": (WEIGH, make.file("comparison.json", b'{"dataset": NaN}')),
        "provenance: of noise": (["verify", "."], make.file(".provenance/x.json", bytes(range(256)) * 100)),
        "provenance: nested 100,000 deep": (["verify", "."], make.file(".provenance/x.json", b"[" * 100_000)),
        "archive: noise": (["reproduce", "a.zip", "-o", "there"], make.file("a.zip", b"PK\x03\x04" + bytes(1000))),
        "archive: a file outside": (["reproduce", "a.zip", "-o", "there"],
            make.file("a.zip", make.zipped({"export.json": b"{}", "../outside": b"x"}))),
        "archive: 2 GB of zeros": (["reproduce", "a.zip", "-o", "there"], make.later(lambda: make.file(
            "a.zip", make.zipped({"export.json": b"{}", "zeros": bytes(1 << 31)})))),
    }
)  # fmt: skip
"""What it is -> command, and what makes its folder."""
