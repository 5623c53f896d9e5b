"""What is said about one pixel."""

import numpy as np
import pytest

from napari_xrf_pigments import EnergyAxis
from napari_xrf_pigments.plugin.spectrum.line_marks import marked_lines
from napari_xrf_pigments.plugin.spectrum.pixel_tab import families_of
from napari_xrf_pigments.plugin.spectrum.probability_bars import bars_of
from napari_xrf_pigments.plugin.state.results import PigmentResults

from ..synthetic import GROUPS, PIGMENTS, SHAPE, FakeTiles

AXIS = EnergyAxis(1000, 0.02)


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


def test_families_are_those_that_speak_for_what_was_found(results):
    assert set(families_of(results.maps_at(2, 2))) == {"Pb L", "Hg L"}


def test_a_group_is_marked_by_what_all_members_share(results):
    # Egyptian blue has calcium too, but nobody said that it is Egyptian blue.
    assert set(families_of(results.maps_at(2, 30))) == {"Pb L", "Cu K"}


def test_lines_stand_at_their_energies_with_greek_names():
    labels = {line.label: line.kev for line in marked_lines(["Hg L", "Fe K"], AXIS, 40)}
    assert labels["Fe Kα"] == pytest.approx(6.40, abs=0.01)
    assert labels["Fe Kβ"] == pytest.approx(7.06, abs=0.01)
    assert labels["Hg Lα"] == pytest.approx(9.98, abs=0.02)


def test_a_series_of_lines_far_apart_is_marked_at_its_peak():
    # Of the L-gamma lines of lead the strongest stands 0.35 keV below three others.
    labels = {line.label: line.kev for line in marked_lines(["Pb L"], AXIS, 40)}
    assert labels["Pb Lγ"] == pytest.approx(14.76, abs=0.02)
    assert labels["Pb Lβ"] == pytest.approx(12.62, abs=0.03)


def test_each_family_has_one_line_with_a_label_at_least():
    for name in ("Fe K", "Pb L", "Ca K", "Ba L"):
        assert any(line.main for line in marked_lines([name], AXIS, 40))


def test_lines_beyond_the_axis_or_the_tube_are_left_out():
    assert marked_lines(["Sn K"], AXIS, 40) == []
    assert marked_lines(["Sn K"], EnergyAxis(3000, 0.02), 20) == []
    assert marked_lines([], AXIS) == []


def test_a_pixel_without_an_answer_has_no_bars(results):
    nothing = results.maps_at(2, 2)
    nothing.probability[:] = 0
    nothing.group_probability[:] = 0
    assert bars_of(nothing) == []
    assert np.all(nothing.probability == 0)
