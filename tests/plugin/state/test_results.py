"""Results that are filled tile by tile."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_xrf_pigments.plugin.state import results as module
from napari_xrf_pigments.plugin.state.results import (
    ElementResults,
    PigmentResults,
    ProbabilityHistogram,
)

from ..synthetic import GROUPS, LINES, PIGMENTS, SHAPE, FakeTiles, make_cube


@pytest.fixture
def half_done():
    results = PigmentResults(SHAPE, PIGMENTS, GROUPS)
    for tile, _ in zip(FakeTiles().pigments(None, "cpu"), range(3), strict=False):
        results.add(tile)
    return results


def test_only_finished_pixels_are_predicted(half_done):
    assert half_done.is_predicted(0, 0)
    assert half_done.is_predicted(11, 35)
    assert not half_done.is_predicted(12, 0)
    assert np.isnan(half_done.unexplained[12:]).all()


def test_shares_refer_to_the_finished_pixels(half_done):
    shares = half_done.shares(0.5, "probability")
    assert shares["lead_white"] == 1.0
    assert shares["vermilion"] == pytest.approx(1 / 3)
    assert shares["azurite"] == 0.0
    assert half_done.group_shares(0.5)["copper"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(("depth", "share"), [("probability", 1 / 3), ("top", 0), ("below", 1 / 3)])
def test_each_depth_has_its_own_share(half_done, depth, share):
    assert half_done.shares(0.5, depth)["vermilion"] == pytest.approx(share)


def test_a_higher_threshold_never_gives_a_larger_share(half_done):
    shares = [half_done.shares(level, "probability")["vermilion"] for level in (0.1, 0.5, 0.95)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == 0.0


def test_the_prediction_of_a_pixel_equals_the_maps(half_done):
    maps = half_done.maps_at(3, 2)
    assert maps.probability.shape == (len(PIGMENTS), 1)
    assert maps.below[:, 0] == pytest.approx([0, 0.9, 0, 0, 0])
    assert half_done.maps((0.5, 0.5)).pixel_mm == (0.5, 0.5)


def test_optional_maps_are_stored_where_the_network_gives_them(half_done):
    assert half_done.maps().signal is None
    tile = next(FakeTiles().pigments(None, "cpu"))
    tile.signal = np.full((len(GROUPS), *tile.unexplained.shape), 5.0)
    results = PigmentResults(SHAPE, PIGMENTS, GROUPS)
    results.add(tile)
    assert results.maps().signal.shape == (len(GROUPS), *SHAPE)
    assert results.maps_at(0, 0).signal[:, 0] == pytest.approx([5] * len(GROUPS))
    assert np.isnan(results.signal[:, -1]).all()
    assert PigmentResults.from_maps(results.maps()).signal is results.signal


def test_significant_families_are_sorted_and_empty_without_maps():
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


def test_large_results_are_stored_in_a_temporary_file(monkeypatch):
    monkeypatch.setattr(module, "IN_MEMORY_BYTES", 1000)
    array = module.empty_maps((3, 20, 20))
    assert isinstance(array, np.memmap)
    assert np.isnan(array).all()
    array[1, 2, 3] = 0.25
    assert array[1, 2, 3] == 0.25
    assert not isinstance(module.empty_maps((2, 2)), np.memmap)


def test_results_can_be_made_of_loaded_maps():
    results = PigmentResults(SHAPE, PIGMENTS, GROUPS)
    for tile in FakeTiles().pigments(make_cube(), "cpu"):
        results.add(tile)
    again = PigmentResults.from_maps(results.maps())
    assert again.shares(0.5, "below") == results.shares(0.5, "below")
    elements = ElementResults.from_maps(ElementResults((2, 3), ("Fe K",)).maps())
    assert elements.counts.shape == (1, 2, 3)


MAPS = arrays(np.float32, (2, 5, 7), elements=st.integers(0, 1000).map(lambda n: n / 1000))


@settings(max_examples=60)
@given(maps=MAPS, threshold=st.integers(0, 99).map(lambda n: n / 100))
def test_shares_and_certainties_equal_those_of_the_pixels(maps, threshold):
    histogram = ProbabilityHistogram(2)
    histogram.add(maps[:, :3])
    histogram.add(maps[:, 3:])
    for index, image in enumerate(maps):
        over = image > np.float32(threshold)
        assert histogram.share(index, threshold) == pytest.approx(over.mean())
        if over.any():
            assert histogram.certainty(index, threshold) == pytest.approx(
                float(image[over].mean()), rel=1e-5
            )
        else:
            assert histogram.certainty(index, threshold) is None


def test_pixels_that_were_not_measured_do_not_count():
    histogram = ProbabilityHistogram(1)
    maps = np.full((1, 2, 2), np.nan, np.float32)
    maps[0, 0, 0] = 0.9
    histogram.add(maps)
    assert histogram.pixels == 1
    assert histogram.share(0, 0.5) == 1.0


def test_an_empty_histogram_has_no_share():
    histogram = ProbabilityHistogram(0)
    histogram.add(np.zeros((0, 2, 2), np.float32))
    assert ProbabilityHistogram(1).share(0, 0.5) == 0.0
    assert ProbabilityHistogram(1).certainty(0, 0.5) is None
