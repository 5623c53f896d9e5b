"""Test the spectra of several regions, which are computed in one pass."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_xrf_pigments import XRFCube
from napari_xrf_pigments.mapping.region_spectra import region_sums


def cube(valid=None):
    rng = np.random.default_rng(3)
    counts = rng.poisson(3.0, (9, 7, 40)).astype(np.uint16)
    lazy = da.from_array(counts, chunks=(2, 7, 40))
    return XRFCube.from_array(lazy, gain_kev=0.1, valid=valid)


def masks():
    rng = np.random.default_rng(4)
    return {"sky": rng.random((9, 7)) > 0.5, "cloak": rng.random((9, 7)) > 0.3}


@pytest.mark.parametrize("gaps", [False, True])
def test_spectra_of_several_regions_equal_those_of_single_regions(gaps):
    valid = np.random.default_rng(5).random((9, 7)) > 0.2 if gaps else None
    scan = cube(valid)
    found = region_sums(scan, masks())
    for name, mask in masks().items():
        np.testing.assert_array_equal(found[name].total, scan.region_spectrum(mask, "sum"))
        np.testing.assert_allclose(found[name].mean, scan.region_spectrum(mask, "mean"))
        np.testing.assert_array_equal(found[name].maximum, scan.region_spectrum(mask, "max"))
        assert found[name].pixels == (mask if valid is None else mask & valid).sum()


def test_an_empty_region_has_no_pixels():
    found = region_sums(cube(), {"none": np.zeros((9, 7), bool)})["none"]
    assert found.pixels == 0 and not found.mean.any()


def test_the_progress_ends_with_all_pixels():
    steps = []
    region_sums(cube(), masks(), lambda done, total: steps.append((done, total)))
    assert steps == sorted(steps) and steps[-1] == (63, 63)


def test_a_region_of_another_scan_is_refused():
    with pytest.raises(ValueError, match="sky"):
        region_sums(cube(), {"sky": np.zeros((3, 3), bool)})
