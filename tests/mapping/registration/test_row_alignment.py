"""Test the estimate of the sawtooth and its correction in maps and counts."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.mapping.registration.row_alignment import (
    align_rows,
    aligned_cube,
    estimate_sawtooth,
)


def pattern(shape, shift, seed=0):
    """Make a smooth image whose odd rows are shifted by `shift` columns."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    x[1::2] -= shift
    image = np.zeros(shape)
    for _ in range(25):
        wave = rng.uniform(-0.6, 0.6), rng.uniform(-0.9, 0.9)
        image += np.cos(wave[0] * y / 3 + wave[1] * x + rng.uniform(0, 7))
    return image - image.min()


@given(st.floats(-3, 3), st.integers(0, 1000))
def test_a_known_shift_is_found_within_a_twentieth_of_a_pixel(shift, seed):
    found = estimate_sawtooth(pattern((40, 80), shift, seed))
    assert found.shift == pytest.approx(shift, abs=0.05)


@pytest.mark.parametrize("shift", [-1.3, -0.75, 0.0, 0.5, 0.75])
def test_counting_noise_causes_no_bias(shift):
    rng = np.random.default_rng(1)
    maps = [rng.poisson(k * pattern((60, 120), shift, k) + 2) for k in (1, 2, 4)]
    found = estimate_sawtooth(maps)
    assert found.shift == pytest.approx(shift, abs=0.05)
    assert 0 < found.sigma < 0.05
    assert abs(found.shift - shift) < 5 * found.sigma
    assert found.found == (shift != 0)
    assert found.after >= found.before


def test_a_map_of_noise_alone_does_not_affect_the_estimate():
    rng = np.random.default_rng(2)
    maps = [pattern((60, 120), 0.75), *rng.normal(size=(3, 60, 120))]
    assert estimate_sawtooth(maps).shift == pytest.approx(0.75, abs=0.05)


def test_noise_alone_has_no_sawtooth():
    found = [estimate_sawtooth(np.random.default_rng(k).normal(size=(30, 40))) for k in range(20)]
    assert sum(one.found for one in found) <= 3


def test_pixels_that_were_not_measured_do_not_affect_the_estimate():
    image = pattern((40, 80), 0.6)
    image[5, 10:20] = np.nan
    image[30] = np.nan
    assert estimate_sawtooth(image).shift == pytest.approx(0.6, abs=0.05)


@pytest.mark.parametrize("image", [np.zeros((5, 50)), np.zeros((50, 8)), np.ones((20, 20))])
def test_too_small_maps_are_refused(image):
    with pytest.raises(ValueError, match=r"^[A-Z][^.]*\.$"):
        estimate_sawtooth(image)


@given(st.floats(-3, 3))
def test_even_rows_are_unchanged_and_ends_of_odd_rows_are_nan(shift):
    image = pattern((11, 30), shift).astype(np.float32)
    aligned = align_rows(image, shift)
    assert np.array_equal(aligned[::2], image[::2])
    assert np.isnan(aligned[1]).sum() == (0 if shift == 0 else np.ceil(abs(shift)))
    assert np.nanmin(aligned[1]) >= image[1].min() - 1e-4
    assert np.nanmax(aligned[1]) <= image[1].max() + 1e-4


@pytest.mark.parametrize("shift", [-2, -1, 0, 1, 3])
def test_a_shift_by_whole_pixels_needs_no_interpolation(shift):
    straight, bent = pattern((12, 30), 0), pattern((12, 30), shift)
    aligned = align_rows(np.stack([bent, 2 * bent]), shift)
    inside = np.isfinite(aligned[0])
    assert np.allclose(aligned[0][inside], straight[inside], atol=1e-4)
    assert np.allclose(aligned[1][inside], 2 * straight[inside], atol=1e-4)


def test_a_corrected_map_has_no_sawtooth():
    bent = pattern((40, 80), 0.75)
    aligned = align_rows(bent, estimate_sawtooth(bent).shift)
    assert abs(estimate_sawtooth(aligned).shift) < 0.1


@pytest.fixture
def cube():
    rng = np.random.default_rng(5)
    counts = rng.poisson(3.0, (12, 20, 8)).astype(np.uint16)
    valid = np.ones((12, 20), bool)
    valid[3, 4] = False
    lazy = da.from_array(counts, chunks=(5, 7, 8))
    return XRFCube.from_array(lazy, gain_kev=0.02, valid=valid, pixel_mm=(0.5, 0.5))


def test_correcting_counts_is_lazy_and_does_not_change_the_scan(cube):
    read = []
    blocks = cube.counts.map_blocks(lambda b: read.append(1) or b, meta=np.empty((0, 0, 0), "u2"))
    moved = aligned_cube(XRFCube(blocks, cube.energies, valid=cube.valid), 0.75)
    assert not read
    assert moved.counts.dtype == np.uint16
    assert moved.shape == cube.shape
    before = cube.counts.compute()
    moved.counts.compute()
    assert np.array_equal(cube.counts.compute(), before)


@pytest.mark.parametrize("shift", [0.75, -0.4, 1.0, -2.5])
def test_counts_are_lost_only_at_the_ends_of_rows(cube, shift):
    before, after = cube.counts.compute(), aligned_cube(cube, shift).counts.compute()
    assert np.array_equal(after[::2], before[::2])
    moved = before.copy()
    reach = int(np.ceil(abs(shift)))
    lost = moved[1::2].sum(1) - after[1::2].sum(1).astype(int)
    ends = moved[1::2, :reach] if shift > 0 else moved[1::2, -reach:]
    assert (lost >= 0).all()
    assert (lost <= ends.sum(1)).all()


def test_the_mean_of_corrected_counts_equals_the_corrected_map(cube):
    counts = np.zeros((2, 9, 1), np.uint32)
    counts[1, 4] = 100_000
    one = XRFCube.from_array(counts, gain_kev=0.02)
    after = aligned_cube(one, 0.75).counts.compute()[1, :, 0]
    expected = np.nan_to_num(align_rows(counts[..., 0], 0.75)[1])
    assert np.abs(after - expected).max() < 1000
    assert after.sum() == 100_000


def test_split_counts_keep_their_poisson_noise():
    counts = np.random.default_rng(0).poisson(5.0, (2, 400, 300)).astype(np.uint16)
    after = aligned_cube(XRFCube.from_array(counts, gain_kev=0.02), 0.5).counts.compute()
    row = after[1, 2:-2].astype(float)
    assert row.mean() == pytest.approx(5.0, abs=0.05)
    assert row.var() == pytest.approx(5.0, abs=0.15)
    neighbours = np.corrcoef(row[:-1].ravel(), row[1:].ravel())[0, 1]
    assert abs(neighbours) < 0.02


def test_corrected_counts_do_not_depend_on_the_chunks(cube):
    again = XRFCube(cube.counts.rechunk((2, 20, 8)), cube.energies, valid=cube.valid)
    one, other = (aligned_cube(c, 0.3, seed=4).counts.compute() for c in (cube, again))
    assert np.array_equal(one, other)


def test_pixels_without_corrected_counts_are_not_measured(cube):
    valid = aligned_cube(cube, 0.75).valid
    assert valid[::2].all()
    assert not valid[1::2, -1].any()
    assert not valid[3, 3:5].any()
    assert valid[3, 5]
    assert valid[1, :-1].all()
