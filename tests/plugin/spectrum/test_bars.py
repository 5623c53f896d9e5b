"""Bars of the prediction for one pixel."""

import numpy as np
import pytest

from napari_xrf_pigments.plugin.spectrum.pixel_tab import bars_of
from napari_xrf_pigments.plugin.state.results import PigmentResults

from ..synthetic import GROUPS, PIGMENTS, SHAPE, FakeTiles


@pytest.fixture(scope="module")
def results():
    results = PigmentResults(SHAPE, PIGMENTS, GROUPS)
    for tile in FakeTiles().pigments(None, "cpu"):
        results.add(tile)
    return results


def test_bars_are_sorted_and_say_where_a_pigment_is(results):
    bars = bars_of(results.maps_at(2, 2))
    assert [bar.title for bar in bars] == ["Lead white", "Vermilion"]
    assert [bar.depth for bar in bars] == ["top", "below"]


def test_where_members_cannot_be_told_apart_the_group_comes_first(results):
    titles = [bar.title for bar in bars_of(results.maps_at(2, 30))]
    assert titles == ["Lead white", "Copper pigments", "Azurite", "Malachite"]


def test_a_pixel_without_an_answer_has_no_bars(results):
    nothing = results.maps_at(2, 2)
    nothing.probability[:] = 0
    nothing.group_probability[:] = 0
    assert bars_of(nothing) == []
    assert np.all(nothing.probability == 0)
