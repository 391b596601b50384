"""What data sets measure and give, against the models that are fitted to them."""

from __future__ import annotations

import pytest

from il6infer._errors import UserError
from il6infer.configuration.check import check_config
from il6infer.configuration.readouts import check_readouts

FILE = {"path": "f.csv", "assay": "western_blot", "observable": "pERK", "batch": "g", "signal": "x"}


def refused(models, protocol, folder, observable="pSTAT3"):
    config = check_config(
        {"datasets": {"d": {"description": "d.yaml", "folder": str(folder)}}, "models": models}, "c.yaml"
    )
    description = {"protocol": protocol, "files": [{**FILE, "observable": observable}]}
    with pytest.raises(UserError) as caught:
        check_readouts(config, {"d": description}, "c.yaml")
    return str(caught.value)


def test_a_read_out_that_a_model_lacks_is_answered_with_one_that_has_it(tmp_path):
    assert refused(["both_socs3", "both_none+mapk"], [], tmp_path, "pERK") == (
        "c.yaml: 1 fault\n  - d.yaml, files 1: read-out 'pERK' is measured, but model 'both_socs3' has none of that "
        "name. Model 'both_socs3+mapk' has it."
    )


INHIBITED = "c.yaml: 1 fault\n  - {}: 'ruxolitinib' is given, but is not in the medium of model 'both_socs3'. "


def test_so_is_a_substance_that_is_given(tmp_path):
    rows = [{"condition": "a", "species": name} for name in ("IL-6", "Ruxolitinib", "ruxolitinib")]
    assert refused(["both_socs3", "both_socs3+drugs"], rows, tmp_path) == (
        INHIBITED.format("d.yaml, protocol") + "Model 'both_socs3+drugs' has it."
    )


def test_a_protocol_in_a_file_is_read(tmp_path):
    (tmp_path / "p.csv").write_text("condition,time_min,action,species,dose,unit\na,0,add,Ruxolitinib,1,uM\n")
    assert refused(["both_socs3"], "p.csv", tmp_path) == (
        INHIBITED.format("p.csv") + "Model 'both_socs3+drugs' has it."
    )


@pytest.mark.parametrize("protocol", ["missing.csv", [{"species": "unheard of"}], [{"species": None}], [1], {}])
def test_what_is_malformed_is_left_to_ingest(tmp_path, protocol):
    config = check_config({"datasets": {"d": {"description": "d.yaml", "folder": str(tmp_path)}}}, "c.yaml")
    assert check_readouts(config, {"d": {"protocol": protocol, "files": []}}, "c.yaml") is None
