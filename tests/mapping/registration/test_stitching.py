"""Test that sections of a painting are placed by their overlaps and joined unchanged."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, XRFCube
from napari_xrf_pigments.mapping.registration.stitching import (
    Layout,
    find_offset,
    join_cubes,
    join_maps,
    uncovered,
)

PAINTING = gaussian_filter(np.random.default_rng(0).normal(size=(70, 110)), 1.5)
PAINTING = 100 + 40 * PAINTING / PAINTING.std()


@given(
    top=st.integers(-20, 20),
    left=st.integers(20, 40),
    seed=st.integers(0, 99),
    gain=st.floats(0.3, 3),
)
def test_offsets_are_estimated_to_the_pixel(top, left, seed, gain):
    rng = np.random.default_rng(seed)
    fixed = PAINTING[20:50, 0:60]
    moving = gain * PAINTING[20 + top : 50 + top, left : left + 70] + 5
    noise = 4.0
    found = find_offset(
        fixed + rng.normal(0, noise, fixed.shape), moving + rng.normal(0, noise, moving.shape)
    )
    if found.trusted:
        assert (found.rows, found.columns) == (top, left)
    overlap = (30 - abs(top)) * (60 - left)
    if overlap >= 400:
        assert found.trusted
        assert found.pixels == overlap


def test_several_maps_improve_the_estimate():
    rng = np.random.default_rng(1)
    maps = np.stack([np.roll(PAINTING, k * 20, axis=1) for k in range(4)])
    noisy = [maps[:, :40, :60], maps[:, 10:60, 40:]]
    noisy = [m + rng.normal(0, 30, m.shape) for m in noisy]
    found = find_offset(*noisy)
    assert (found.rows, found.columns) == (10, 40)
    assert found.trusted


def test_pixels_that_were_not_measured_are_ignored():
    fixed, moving = PAINTING[:50, :60].copy(), PAINTING[5:, 30:].copy()
    fixed[10:30, 35:50] = np.nan
    moving[:, :3] = np.nan
    found = find_offset(fixed, moving)
    assert (found.rows, found.columns) == (5, 30)
    assert found.pixels < 45 * 30


def test_the_offset_of_sections_without_overlap_is_uncertain():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        one, other = (gaussian_filter(rng.normal(size=(40, 60)), 1.0) for _ in range(2))
        assert not find_offset(one, other).trusted


def test_a_blank_section_cannot_be_placed():
    with pytest.raises(ValueError, match=r"nothing that could be compared\."):
        find_offset(np.ones((20, 30)), PAINTING)
    with pytest.raises(ValueError, match="same maps"):
        find_offset(PAINTING, np.stack([PAINTING, PAINTING]))


@st.composite
def layouts(draw):
    count = draw(st.integers(1, 4))
    sizes = st.tuples(st.integers(1, 12), st.integers(1, 12))
    offsets = st.tuples(st.integers(-15, 15), st.integers(-15, 15))
    return Layout.of([draw(sizes) for _ in range(count)], [draw(offsets) for _ in range(count)])


@given(layouts())
def test_parts_of_a_map_are_joined_to_that_map(layout):
    whole = np.random.default_rng(0).uniform(size=layout.shape).astype(np.float32)
    for overlap in ("average", "first"):
        joined = join_maps([whole[window] for window in layout.windows], layout, overlap)
        bare = uncovered(layout)
        assert np.array_equal(np.isnan(joined), bare)
        assert np.allclose(joined[~bare], whole[~bare], atol=1e-6)


def test_overlaps_are_averaged_or_taken_from_the_first_section():
    layout = Layout.of([(1, 3), (1, 3)], [(0, 0), (0, 1)])
    maps = [[[1.0, 1.0, np.nan]], [[3.0, 5.0, 7.0]]]
    assert join_maps(maps, layout, "average").tolist() == [[1.0, 2.0, 5.0, 7.0]]
    assert join_maps(maps, layout, "first").tolist() == [[1.0, 1.0, 5.0, 7.0]]


def test_positions_are_whole_pixels_from_the_upper_left_corner():
    layout = Layout.of([(4, 5), (6, 7)], [(3.4, -2.2), (-1.6, 8.0)])
    assert layout.places == ((5, 0), (0, 10))
    assert layout.shape == (9, 17)
    with pytest.raises(ValueError, match="needs a place"):
        Layout.of([(4, 5)], [])


def section(window, seed=0, **changes):
    counts = np.random.default_rng(0).poisson(9, (20, 30, 16)).astype(np.uint16)[window]
    lazy = da.from_array(counts, chunks=(3, counts.shape[1], 16))
    settings = {"gain_kev": 0.02, "anode": "Rh", "tube_kv": 40.0, "pixel_mm": (0.5, 0.5), **changes}
    return XRFCube.from_array(lazy, **settings)


WINDOWS = (np.s_[2:14, 0:18], np.s_[0:16, 10:30], np.s_[8:20, 4:22])


def test_parts_of_a_scan_are_joined_to_that_scan():
    whole = section(np.s_[:, :]).counts.compute()
    layout = Layout.of([(12, 18), (16, 20), (12, 18)], [(2, 0), (0, 10), (8, 4)])
    joined = join_cubes([section(window) for window in WINDOWS], layout)
    counts = joined.counts.compute()
    assert counts.dtype == np.uint16
    assert np.array_equal(joined.valid, ~uncovered(layout))
    assert np.array_equal(counts[joined.valid], whole[joined.valid])
    assert not counts[~joined.valid].any()
    assert joined.acquisition == Acquisition(anode="Rh", tube_kv=40.0)
    assert joined.counts.numblocks[2] == 1


def test_joining_is_lazy_and_a_pixel_reads_few_blocks():
    read = []
    cubes = []
    for window in WINDOWS[:2]:
        cube = section(window)
        noted = cube.counts.map_blocks(
            lambda block: read.append(1) or block, meta=np.empty((0, 0, 0), np.uint16)
        )
        cubes.append(XRFCube(noted, cube.energies))
    joined = join_cubes(cubes, Layout.of([(12, 18), (16, 20)], [(2, 0), (0, 10)]))
    assert not read
    joined.spectrum(4, 2)
    assert len(read) <= 2


def test_a_missing_pixel_is_taken_from_the_next_section():
    one, two = section(WINDOWS[0]), section(WINDOWS[1])
    valid = np.ones((12, 18), bool)
    valid[5, 0] = valid[5, 15] = False
    one = section(WINDOWS[0], valid=valid)
    joined = join_cubes([one, two], Layout.of([(12, 18), (16, 20)], [(2, 0), (0, 10)]))
    assert not joined.valid[7, 0]
    assert joined.valid[7, 15]
    assert np.array_equal(joined.counts[7, 15].compute(), two.counts[7, 5].compute())


def test_live_times_are_joined_and_differing_settings_become_unknown():
    layout = Layout.of([(12, 18), (16, 20)], [(2, 0), (0, 10)])
    one = section(WINDOWS[0], live_time_s=np.full((12, 18), 2.0))
    two = section(WINDOWS[1], live_time_s=np.full((16, 20), 3.0), tube_kv=50.0)
    joined = join_cubes([one, two], layout)
    assert joined.live_time_s[5, 12] == 2.0
    assert joined.live_time_s[5, 25] == 3.0
    assert joined.acquisition == Acquisition(anode="Rh")
    assert join_cubes([one, section(WINDOWS[1])], layout).live_time_s is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"pixel_mm": (0.5, 0.6)}, "pixels of different size"),
        ({"gain_kev": 0.022}, "more than half a channel"),
        ({"offset_kev": 0.015}, "more than half a channel"),
    ],
)
def test_incompatible_scans_are_refused_with_the_reason(changes, sentence):
    layout = Layout.of([(12, 18), (16, 20)], [(2, 0), (0, 10)])
    with pytest.raises(ValueError, match=sentence):
        join_cubes([section(WINDOWS[0]), section(WINDOWS[1], **changes)], layout)


def test_other_channels_are_refused_but_a_small_shift_of_the_axis_is_accepted():
    layout = Layout.of([(12, 18), (12, 18)], [(0, 0), (0, 18)])
    one = section(WINDOWS[0])
    other = XRFCube(one.counts[..., :8], EnergyAxis(8, 0.02))
    with pytest.raises(ValueError, match="16 and 8 channels"):
        join_cubes([one, other], layout)
    nudged = one.with_energies(EnergyAxis(16, 0.02, 0.005))
    assert join_cubes([one, nudged], layout).energies == one.energies
