"""Test that parts of a scan contain the right counts."""

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.mapping import map_elements
from napari_xrf_pigments.mapping.subsets import binned, every_nth, region


@pytest.fixture
def cube() -> XRFCube:
    counts = np.random.default_rng(0).integers(0, 60_000, (11, 17, 6)).astype(np.uint16)
    valid = np.ones((11, 17), bool)
    valid[4, 5] = False
    return XRFCube.from_array(
        da.from_array(counts, chunks=(3, 5, 6)),
        gain_kev=0.1,
        pixel_mm=(0.5, 0.25),
        live_time_s=np.arange(187.0).reshape(11, 17),
        valid=valid,
    )


@pytest.mark.parametrize("n", [2, 3, 4])
def test_bins_are_sums_without_overflow(cube: XRFCube, n: int) -> None:
    part = binned(cube, n)
    rows, columns = 11 // n, 17 // n
    assert part.cube.shape == (rows, columns, 6)
    counts = cube.counts.compute()
    for y in range(rows):
        for x in range(columns):
            square = counts[y * n : (y + 1) * n, x * n : (x + 1) * n]
            expected = square.sum((0, 1), dtype=np.int64)
            assert np.array_equal(part.cube.counts[y, x].compute(), expected)
    assert part.cube.pixel_mm == (0.5 * n, 0.25 * n)
    assert part.origin == ((n - 1) / 2,) * 2
    assert part.title == f"{n} x {n} binned"
    assert part.cube.live_time_s[0, 0] == pytest.approx(cube.live_time_s[:n, :n].sum())


def test_a_bin_with_a_missing_pixel_is_missing(cube: XRFCube) -> None:
    valid = binned(cube, 2).cube.valid
    assert not valid[2, 2]
    assert valid.sum() == valid.size - 1


def test_every_nth_pixel_is_selected(cube: XRFCube) -> None:
    part = every_nth(cube, 3)
    assert np.array_equal(part.cube.counts.compute(), cube.counts.compute()[::3, ::3])
    assert part.cube.pixel_mm == (1.5, 0.75)
    assert part.step == 3
    assert part.title == "every 3rd pixel"
    assert part.cube.live_time_s[1, 2] == cube.live_time_s[3, 6]


def test_a_region_is_cropped_and_masked(cube: XRFCube) -> None:
    mask = np.zeros((11, 17), bool)
    mask[3:6, 4:8] = True
    mask[3, 4] = False
    part = region(cube, mask, "sky")
    assert part.cube.shape == (3, 4, 6)
    assert part.origin == (3.0, 4.0)
    assert part.cube.pixel_mm == (0.5, 0.25)
    # The corner outside the mask and the pixel that was not measured.
    assert part.cube.valid.sum() == 10
    assert np.array_equal(part.cube.counts.compute(), cube.counts[3:6, 4:8].compute())


def test_empty_regions_and_bins_larger_than_the_scan_are_refused(cube: XRFCube) -> None:
    with pytest.raises(ValueError, match="No measured pixel"):
        region(cube, np.zeros((11, 17), bool))
    only = np.zeros((11, 17), bool)
    only[4, 5] = True
    with pytest.raises(ValueError, match="No measured pixel"):
        region(cube, only)
    for make in (binned, every_nth):
        with pytest.raises(ValueError, match="too small"):
            make(cube, 12)


def test_the_scan_itself_is_not_changed(cube: XRFCube) -> None:
    before = cube.counts.compute()
    binned(cube, 2).cube.counts.compute()
    assert np.array_equal(cube.counts.compute(), before)
    assert cube.shape == (11, 17, 6)


def test_maps_of_bins_are_sums_of_the_maps(painting: XRFCube) -> None:
    whole = replace(painting, valid=None)
    lines = ["Pb L", "Ca K"]
    fine, coarse = map_elements(whole, lines), map_elements(binned(whole, 2).cube, lines)
    summed = np.asarray(fine.counts).reshape(2, 6, 2, 10, 2).sum((2, 4))
    # The fit of the same lines has other weights.
    assert np.asarray(coarse.counts) == pytest.approx(summed, rel=0.1, abs=200)
    assert float(np.mean(coarse.counts)) == pytest.approx(float(summed.mean()), rel=0.02)
