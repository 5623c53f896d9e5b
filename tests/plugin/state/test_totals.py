"""Total counts: exact sums, unmeasured pixels, errors."""

import dask.array as da
import numpy as np

from napari_xrf_pigments import XRFCube
from napari_xrf_pigments.plugin.state.totals import TotalCounts

from ..synthetic import make_cube


def test_sums_are_those_of_the_cube():
    cube = make_cube()
    totals = TotalCounts(cube)
    assert totals.wait(20)
    assert np.array_equal(totals.image, cube.total_counts().compute())
    assert np.array_equal(totals.spectrum, cube.sum_spectrum())
    assert totals.fraction == 1.0


def test_sums_do_not_depend_on_the_blocks():
    counts = np.random.default_rng(0).poisson(3, (7, 9, 16)).astype(np.uint16)
    cube = XRFCube.from_array(da.from_array(counts, chunks=(3, 4, 16)), gain_kev=0.1)
    totals = TotalCounts(cube)
    assert totals.wait(20)
    assert np.array_equal(totals.image, counts.sum(axis=2))
    assert np.array_equal(totals.spectrum, counts.sum(axis=(0, 1)))


def test_a_pixel_that_was_not_measured_is_nan_and_not_summed():
    counts = np.ones((3, 4, 5), dtype=np.uint8)
    valid = np.ones((3, 4), dtype=bool)
    valid[1, 2] = False
    totals = TotalCounts(XRFCube.from_array(counts, gain_kev=0.1, valid=valid))
    assert totals.wait(20)
    assert np.isnan(totals.image[1, 2])
    assert np.isfinite(totals.image).sum() == 11
    assert totals.spectrum.tolist() == [11.0] * 5


def test_a_truncated_scan_ends_with_an_error_and_keeps_the_sums():
    def block(block_info=None):
        if block_info[None]["chunk-location"][0] == 1:
            raise OSError("scan.raw ends after 4 of 8 rows.")
        return np.ones((4, 3, 6), dtype=np.uint8)

    counts = da.map_blocks(block, chunks=((4, 4), (3,), (6,)), dtype=np.uint8)
    totals = TotalCounts(XRFCube.from_array(counts, gain_kev=0.1))
    assert totals.wait(20)
    assert totals.error == "scan.raw ends after 4 of 8 rows."
    assert np.all(totals.image[:4] == 6)
    assert np.all(np.isnan(totals.image[4:]))


def test_stop_ends_early():
    gate = []

    def block():
        totals.stop()
        gate.append(1)
        return np.ones((1, 3, 6), dtype=np.uint8)

    counts = da.map_blocks(block, chunks=((1,) * 50, (3,), (6,)), dtype=np.uint8)
    totals = TotalCounts(XRFCube.from_array(counts, gain_kev=0.1))
    assert totals.wait(20)
    assert totals.fraction < 1
    assert len(gate) < 50
