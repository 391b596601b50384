"""RNA-seq: fold changes with their errors, as two values of one factor; how many genes changed."""

from __future__ import annotations

import math

import pytest
from scipy.integrate import quad
from scipy.stats import norm

from il6infer._tables import read_sheet
from il6infer.ingestion.assays import ASSAYS

TABLE = """gene,log2_fold_change,log2_error,p_adjusted,condition,time_min
SOCS3,2.91,0.14,3e-92,il6_10,240
STAT3,0.81,0.06,9e-39,il6_10,240
CXCL8,-1.5,,0.001,il6_10,240
CCL2,NA,0.8,NA,il6_10,240
GAPDH,-2.5,0.1,0.2,il6_10,240
"""


def reading(folder, text=TABLE, **keys):
    (folder / "f.csv").write_text(text)
    sheet, _ = read_sheet(folder / "f.csv", "f.csv")
    entry = {"path": "f.csv", "assay": "rnaseq", "batch": "r1", "control": "vehicle"}
    entry |= {"genes": {"SOCS3_mRNA": "SOCS3", "CXCL8_mRNA": "CXCL8"}}
    return ASSAYS["rnaseq"].reading(sheet, ASSAYS["rnaseq"].file({**entry, **keys}))


def test_a_fold_change_is_two_values_of_one_factor(tmp_path):
    found = reading(tmp_path)
    assert found.faults == ()
    assert [(v.observable, v.condition, v.time_min) for v in found.values] == [
        ("SOCS3_mRNA", "il6_10", 240.0), ("SOCS3_mRNA", "vehicle", 240.0),
        ("CXCL8_mRNA", "il6_10", 240.0), ("CXCL8_mRNA", "vehicle", 240.0),
    ]  # fmt: skip
    assert [v.value for v in found.values] == pytest.approx([2**2.91, 1.0, 2**-1.5, 1.0])
    assert [v.error for v in found.values] == [pytest.approx(0.14 * math.log(2) / math.sqrt(2))] * 2 + [None] * 2
    assert set(found.conditions) == {"il6_10", "vehicle"}


def test_over_all_factors_their_likelihood_is_that_of_the_fold_change(tmp_path):
    treated, control, *_ = reading(tmp_path).values

    def likelihood(ratio):
        def at(factor):
            one = norm.pdf(math.log(treated.value), factor + math.log(ratio), treated.error)
            return one * norm.pdf(math.log(control.value), factor, control.error)

        return quad(at, -5, 5, points=[0.0], epsabs=1e-14)[0]

    for ratio in (6.0, 7.5, 8.0):
        expected = norm.pdf(2.91 * math.log(2), math.log(ratio), 0.14 * math.log(2))
        assert likelihood(ratio) == pytest.approx(expected, rel=1e-8)


def test_genes_that_changed_are_counted(tmp_path):
    assert reading(tmp_path).quality == {"genes": 5.0, "genes_up": 1.0, "genes_down": 1.0}
    assert reading(tmp_path, fold_min=1.5, p_max=0.3).quality == {"genes": 5.0, "genes_up": 2.0, "genes_down": 2.0}


def test_a_gene_without_a_fold_change_is_left_out(tmp_path):
    found = reading(tmp_path, genes={"CCL2_mRNA": "CCL2"})
    assert found.values == ()
    assert [(d.row, d.reason) for d in found.dropped] == [(5, "no fold change in column 'log2_fold_change'")]


@pytest.mark.parametrize(
    ("text", "keys", "what"),
    [
        (TABLE, {"genes": {"x": "Socs3"}},
         "f.csv, column 'gene': no row of the gene 'Socs3'. Did you mean 'SOCS3'?"),
        (TABLE.replace("STAT3", "SOCS3"), {}, "f.csv, row 3, column 'gene': gene 'SOCS3' is also in row 2."),
        (TABLE, {"control": "il6_10"},
         "f.csv, row 2, column 'condition': 'il6_10' is compared with itself (control). Name the other one."),
        (TABLE.replace("0.14", "-0.14"), {},
         "f.csv, row 2, column 'log2_error': an error of -0.14. Errors are 0 or above."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, text, keys, what):
    assert str(reading(tmp_path, text, **keys).faults[0]).startswith(what)


def test_errors_are_found_in_tables_of_deseq2_and_limma(tmp_path):
    from il6infer.ingestion.cells import Grid
    from il6infer.ingestion.formats import genes

    def errors(*rows):
        block, _ = genes.read(Grid("f.csv", rows), {"log2_error"})
        return [row["log2_error"] for row in block.rows]

    deseq = (("", "baseMean", "log2FoldChange", "lfcSE", "stat", "pvalue", "padj"),
             ("SOCS3", "1520.3", "2.91", "0.14", "20.8", "1e-96", "3e-92"))  # fmt: skip
    limma = (("", "logFC", "AveExpr", "t", "P.Value", "adj.P.Val", "B"),
             ("SOCS3", "-2.9", "7.1", "-20", "1e-9", "1e-6", "12"))  # fmt: skip
    edger = (("", "logFC", "logCPM", "F", "PValue", "FDR"), ("SOCS3", "2.9", "7.1", "20", "1e-9", "1e-6"))
    assert errors(*deseq) == ["0.14"]
    assert errors(*limma) == ["0.145"]
    assert errors(*edger) == [""]
