"""Posteriors that were altered, or made to harm, are refused in words; nothing beside them is read."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer._files import read_posterior
from tests.faults.hostile_folders import TYPED, altered_posterior

NOT_OURS = "which `il6infer fit` does not write. Run it again."
CHANGES = {
    "del file['posterior']; file['posterior'] = h5py.ExternalLink('x.nc', '/')": f"'posterior' is a link, {NOT_OURS}",
    "del file['posterior/mu']; file['posterior/mu'] = h5py.ExternalLink('x', '/')":
        f"'posterior/mu' is a link, {NOT_OURS}",
    "file['posterior/nu'] = h5py.SoftLink('/posterior/mu')": f"'posterior/nu' is a link, {NOT_OURS}",
    "file['posterior'].create_dataset('nu', (1,), 'f8', external=[('x', 0, 8)])":
        f"the values of 'posterior/nu' lie in another file, {NOT_OURS}",
    TYPED.format("h5py.ref_dtype"): f"'posterior/mu' holds values of type object, {NOT_OURS}",
    TYPED.format("'c16'"): f"'posterior/mu' holds values of type complex128, {NOT_OURS}",
    TYPED.format("h5py.string_dtype()"): "not a readable netCDF file ('mu' holds texts where numbers, a draw each, "
        "were expected). Run `il6infer fit` again.",
    "del file['posterior/mu'], file['posterior/noise_level']": "holds no draws. Run `il6infer fit` again.",
    "del file['posterior']; file['posterior'] = 1.0": "group posterior is missing. Run `il6infer fit` again.",
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=CHANGES.values())
def test_what_a_fit_does_not_write_is_refused(tmp_path, change):
    altered_posterior(change)(tmp_path)

    with pytest.raises(UserError) as caught:
        read_posterior(tmp_path / "posterior.nc")
    assert str(caught.value) == f"{tmp_path}/posterior.nc: {CHANGES[change]}"


@pytest.mark.parametrize("kind", ["S1000000000", "O", "none", "c16", "M8[s]"])
def test_a_type_that_an_attribute_names_is_not_believed(tmp_path, kind):
    altered_posterior(f"file['posterior/mu'].attrs['dtype'] = '{kind}'")(tmp_path)
    with h5py.File(tmp_path / "posterior.nc") as file:
        written = file["posterior/mu"][...]

    assert np.array_equal(read_posterior(tmp_path / "posterior.nc", "posterior")["posterior"]["mu"], written)


def test_truth_values_are_read_as_such(tmp_path):
    altered_posterior("")(tmp_path)

    assert read_posterior(tmp_path / "posterior.nc", "sample_stats")["sample_stats"]["diverging"].dtype == bool
