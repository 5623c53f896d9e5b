"""Results that fill tile by tile."""

from types import SimpleNamespace

import numpy as np
import pytest

from napari_xrf_pigments.plugin.state import results as module
from napari_xrf_pigments.plugin.state.results import ElementResults, PigmentResults

from ..synthetic import GROUPS, LINES, PIGMENTS, SHAPE, FakeTiles, make_cube


@pytest.fixture
def half_done():
    results = PigmentResults(SHAPE, PIGMENTS, GROUPS)
    for tile, _ in zip(FakeTiles().pigments(None, "cpu"), range(3), strict=False):
        results.add(tile)
    return results


def test_only_finished_pixels_have_an_answer(half_done):
    assert half_done.is_predicted(0, 0)
    assert half_done.is_predicted(11, 35)
    assert not half_done.is_predicted(12, 0)
    assert np.isnan(half_done.unexplained[12:]).all()


def test_shares_are_of_the_finished_pixels(half_done):
    shares = half_done.shares(0.5, "probability")
    assert shares["lead_white"] == 1.0
    assert shares["vermilion"] == pytest.approx(1 / 3)
    assert shares["azurite"] == 0.0
    assert half_done.group_shares(0.5)["copper"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(("depth", "share"), [("probability", 1 / 3), ("top", 0), ("below", 1 / 3)])
def test_depths_are_kept_apart(half_done, depth, share):
    assert half_done.shares(0.5, depth)["vermilion"] == pytest.approx(share)


def test_a_higher_threshold_never_finds_more(half_done):
    shares = [half_done.shares(level, "probability")["vermilion"] for level in (0.1, 0.5, 0.95)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == 0.0


def test_the_answer_of_a_pixel_is_that_of_the_maps(half_done):
    maps = half_done.maps_at(3, 2)
    assert maps.probability.shape == (len(PIGMENTS), 1)
    assert maps.below[:, 0] == pytest.approx([0, 0.9, 0, 0, 0])
    assert half_done.maps((0.5, 0.5)).pixel_mm == (0.5, 0.5)


def test_significant_families_strongest_first_and_none_where_nothing_was_mapped():
    names = tuple(LINES)
    results = ElementResults((4, 4), names)
    counts = np.array([30.0, 500.0, 90.0])[:, None, None] * np.ones((3, 2, 4))
    results.add(
        SimpleNamespace(
            rows=slice(0, 2),
            columns=slice(0, 4),
            counts=counts,
            sigma=np.full_like(counts, 10),
            total=counts[0],
            scatter=counts[0],
            scatter_sigma=counts[0],
        )
    )
    assert results.significant(0, 0) == ("Hg L", "Cu K")
    assert results.significant(3, 3) == ()
    assert results.maps().names == names


def test_large_results_live_in_a_file_and_hold_what_is_written(monkeypatch):
    monkeypatch.setattr(module, "IN_MEMORY_BYTES", 1000)
    array = module.empty_maps((3, 20, 20))
    assert isinstance(array, np.memmap)
    assert np.isnan(array).all()
    array[1, 2, 3] = 0.25
    assert array[1, 2, 3] == 0.25
    assert not isinstance(module.empty_maps((2, 2)), np.memmap)


def test_maps_come_back_as_results():
    results = PigmentResults(SHAPE, PIGMENTS, GROUPS)
    for tile in FakeTiles().pigments(make_cube(), "cpu"):
        results.add(tile)
    again = PigmentResults.from_maps(results.maps())
    assert again.shares(0.5, "below") == results.shares(0.5, "below")
    elements = ElementResults.from_maps(ElementResults((2, 3), ("Fe K",)).maps())
    assert elements.counts.shape == (1, 2, 3)
