"""Test the pooling of a pixel with similar neighbours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_xrf_pigments.cube import EnergyAxis, XRFCube
from napari_xrf_pigments.mapping import iter_pigment_tiles, map_pigments
from napari_xrf_pigments.mapping.neighbour_pooling import (
    MARGIN_PX,
    pool_neighbours,
    pooled_spectrum,
)

AXIS = EnergyAxis(1000, 0.03, -0.02)
#: Pixels in the neighbourhood, including the pixel itself.
MOST = 25


def _paint(expected_spectrum: Any, lines: dict[str, float]) -> np.ndarray:
    kev = AXIS.offset_kev + AXIS.gain_kev * np.arange(1000)
    return np.asarray(expected_spectrum(kev, lines, scatter=100, continuum=200))


@pytest.fixture(scope="module")
def halves(expected_spectrum: Any) -> np.ndarray:
    """Make mean counts of lead white on the left, with copper on the right, (12, 16, channel)."""
    mean = np.tile(_paint(expected_spectrum, {"Pb L": 300}), (12, 16, 1))
    mean[:, 8:] += _paint(expected_spectrum, {"Cu K": 200})
    return mean


def _all_usable(counts: np.ndarray) -> np.ndarray:
    return np.ones(counts.shape[:2], bool)


def test_nearly_all_neighbours_of_the_same_paint_are_added(halves: np.ndarray) -> None:
    counts = np.random.default_rng(1).poisson(np.tile(halves[:1, :1], (16, 16, 1)))
    made = pool_neighbours(counts, _all_usable(counts), AXIS)
    assert made.pixels[3:-3, 3:-3].mean() > 0.8 * MOST
    assert made.counts.sum(-1) == pytest.approx(made.pixels * counts.sum(-1).mean(), rel=0.2)


def test_edges_are_preserved(halves: np.ndarray) -> None:
    counts = np.random.default_rng(2).poisson(halves)
    made = pool_neighbours(counts, _all_usable(counts), AXIS)
    copper = slice(*(int((kev + 0.02) / 0.03) for kev in (7.85, 8.25)))
    mean = halves[..., copper].sum(-1)
    # The expectation of as many spectra of the same side, without the other side.
    beside = made.counts[:, 6:8, copper].sum(-1) / made.pixels[:, 6:8]
    assert beside.mean() == pytest.approx(mean[0, 0], rel=0.25)
    assert mean[0, -1] > 5 * mean[0, 0]
    assert made.pixels[:, 6:10].mean() > 6


def test_unusable_pixels_are_not_pooled(halves: np.ndarray) -> None:
    counts = np.random.default_rng(3).poisson(np.tile(halves[:1, :1], (7, 7, 1)))
    usable = _all_usable(counts)
    usable[3, 3] = False
    first = pool_neighbours(counts, usable, AXIS)
    assert (first.counts[3, 3] == counts[3, 3]).all()
    assert first.pixels[3, 3] == 1
    counts[3, 3] = 0
    again = pool_neighbours(counts, usable, AXIS)
    others = np.arange(49).reshape(7, 7) != 24
    assert (first.counts[others] == again.counts[others]).all()


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 3.0))
@settings(max_examples=30, deadline=None)
def test_sums_are_between_the_spectrum_and_the_sum_of_all_neighbours(
    seed: int, rate: float
) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rate * rng.random((6, 5, 1)) * rng.random(64), (6, 5, 64))
    made = pool_neighbours(counts, rng.random((6, 5)) > 0.2, EnergyAxis(64, 0.5, 0.0))
    padded = np.pad(counts, ((2, 2), (2, 2), (0, 0)))
    near = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), (0, 1)).sum((-1, -2))
    assert (made.counts >= counts).all()
    assert (made.counts <= near * 1.0001).all()
    assert ((made.pixels >= 1) & (made.pixels <= MOST)).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (2, 3)])
def test_narrow_scans_are_pooled(shape: tuple[int, int], halves: np.ndarray) -> None:
    counts = np.random.default_rng(4).poisson(np.tile(halves[:1, :1], (*shape, 1)))
    made = pool_neighbours(counts, _all_usable(counts), AXIS)
    assert (made.pixels <= np.prod(shape)).all()
    assert (made.pixels > 1).all() == (np.prod(shape) > 1)


@pytest.mark.slow
def test_pooling_does_not_depend_on_the_orientation(halves: np.ndarray) -> None:
    counts = np.random.default_rng(5).poisson(halves)
    made = pool_neighbours(counts, _all_usable(counts), AXIS)
    for turned in (lambda a: a[::-1], lambda a: a[:, ::-1], lambda a: a.swapaxes(0, 1)):
        other = pool_neighbours(turned(counts), _all_usable(turned(counts)), AXIS)
        assert turned(made.counts) == pytest.approx(other.counts, rel=1e-4, abs=1e-3)


def _cube(counts: np.ndarray, like: XRFCube, **more: Any) -> XRFCube:
    chunks = da.from_array(counts, chunks=(5, 7, -1))
    return replace(like, counts=chunks, valid=more.get("valid"), live_time_s=None)


def test_maps_do_not_depend_on_the_tiles(
    painting: XRFCube, predictor: Any, halves: np.ndarray
) -> None:
    rng = np.random.default_rng(6)
    mean = np.pad(halves, ((0, 20), (0, 30), (0, 0)), mode="symmetric") / 30
    cube = _cube(rng.poisson(mean).astype(np.uint16), painting)
    whole = map_pigments(
        replace(cube, counts=cube.counts.rechunk(-1)), predictor=predictor, context=True
    )
    cut = map_pigments(cube, predictor=predictor, context=True)
    alone = map_pigments(cube, predictor=predictor)
    assert cut.probability == pytest.approx(whole.probability, abs=1e-5)
    assert cut.unexplained == pytest.approx(whole.unexplained, abs=1e-5)
    assert np.abs(alone.probability - cut.probability).max() > 0.01


def test_the_margin_suffices(painting: XRFCube, predictor: Any) -> None:
    tiles = list(iter_pigment_tiles(painting, predictor=predictor, context=True))
    assert len(tiles) > 1
    assert MARGIN_PX >= 3
    done = sum((t.rows.stop - t.rows.start) * (t.columns.stop - t.columns.start) for t in tiles)
    assert done == 12 * 20


def test_pixels_that_were_not_measured_remain_nan(painting: XRFCube, predictor: Any) -> None:
    maps = map_pigments(painting, predictor=predictor, context=True)
    assert np.isnan(maps.probability[:, 5, 7]).all()
    assert np.isfinite(maps.probability[:, painting.valid]).all()


@pytest.mark.parametrize("fault", ["negative", "ceiling"])
def test_an_invalid_spectrum_is_not_pooled(
    fault: str, painting: XRFCube, predictor: Any, halves: np.ndarray
) -> None:
    kind: Any = {"negative": np.int32, "ceiling": np.uint16}[fault]
    counts = np.random.default_rng(7).poisson(np.tile(halves[:1, :1], (9, 9, 1))).astype(kind)
    counts[4, 4, 100] = {"negative": -5, "ceiling": 2**16 - 1}[fault]
    cube = _cube(counts, painting)
    alone = map_pigments(cube, predictor=predictor)
    together = map_pigments(cube, predictor=predictor, context=True)
    assert np.array_equal(alone.probability[:, 4, 4], together.probability[:, 4, 4])
    # The other pixels are pooled as without it.
    valid = np.ones((9, 9), bool)
    valid[4, 4] = False
    without = map_pigments(_cube(counts, painting, valid=valid), predictor=predictor, context=True)
    assert together.probability[:, valid] == pytest.approx(without.probability[:, valid], abs=1e-5)


def test_provenance_contains_the_context(painting: XRFCube, predictor: Any) -> None:
    made = map_pigments(painting, predictor=predictor, context=True).provenance
    assert made["settings"]["context"] is True


def test_a_run_is_continued_only_with_the_same_setting(
    painting: XRFCube, predictor: Any, tmp_path: Path
) -> None:
    map_pigments(painting, predictor=predictor, context=True, unfinished=tmp_path / "u")
    with pytest.raises(ValueError, match="were made differently"):
        map_pigments(painting, predictor=predictor, unfinished=tmp_path / "u")


def test_a_single_pixel_is_pooled_as_in_the_map(painting: XRFCube) -> None:
    """Test that a click explains the spectrum that the map was made from."""
    counts = np.asarray(painting.counts)
    whole = pool_neighbours(
        np.where(painting.valid[..., None], counts, 0), painting.valid, painting.energies
    )
    for y, x in ((0, 0), (6, 9), (11, 19)):
        spectrum, pixels = pooled_spectrum(painting, y, x)
        assert spectrum == pytest.approx(whole.counts[y, x], rel=1e-4, abs=1e-3)
        assert pixels == pytest.approx(whole.pixels[y, x], rel=1e-4)
    spectrum, pixels = pooled_spectrum(painting, 5, 7)
    assert pixels == 1
    assert (spectrum == counts[5, 7]).all()
