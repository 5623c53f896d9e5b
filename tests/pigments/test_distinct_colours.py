"""Test the colours of the maps of one scan."""

from itertools import combinations

import numpy as np
import pytest

from napari_xrf_pigments.pigments.catalogue import pigment_catalogue
from napari_xrf_pigments.pigments.distinct_colours import (
    AT_MOST,
    MIN_DIFFERENCE,
    VISIONS,
    difference,
    distinct_colours,
    perceived,
)

CATALOGUE = [entry.hex for entry in pigment_catalogue()]


def least_difference(colours):
    pairs = combinations(colours, 2)
    return min(difference(*pair, vision) for pair in pairs for vision in VISIONS)


@pytest.mark.parametrize("seed", range(4))
def test_twelve_colours_are_distinct_for_all_observers(seed):
    preferred = np.random.default_rng(seed).choice(CATALOGUE, AT_MOST, replace=False)
    colours = distinct_colours(tuple(preferred))
    assert least_difference(colours) >= MIN_DIFFERENCE


def test_twelve_equal_colours_become_distinct():
    assert least_difference(distinct_colours(("#1f3a93",) * AT_MOST)) >= MIN_DIFFERENCE


def test_further_colours_leave_the_first_twelve_distinct():
    colours = distinct_colours(tuple(CATALOGUE[:20]))
    assert len(colours) == 20
    assert least_difference(colours[:AT_MOST]) >= MIN_DIFFERENCE


def test_a_distinct_colour_hardly_changes():
    red, white = distinct_colours(("#c8321f", "#f4f1e6"))
    assert difference(red, "#c8321f") < 6
    assert difference(white, "#f4f1e6") < 6


def test_dark_colours_are_made_visible_on_black():
    (colour,) = distinct_colours(("#000000",))
    assert difference(colour, "#000000") > 30


def test_dichromats_confuse_red_and_green_but_not_red_and_blue():
    red, green, blue = "#b35400", "#6b7a00", "#0054b3"
    for vision in VISIONS[1:]:
        assert difference(red, green, vision) < 0.6 * difference(red, green)
        assert difference(red, blue, vision) > 20


def test_greys_look_the_same_to_all_observers():
    grey = np.full((1, 3), 0.5)
    for vision in VISIONS:
        assert perceived(grey, vision) == pytest.approx(perceived(grey), abs=0.1)


def test_no_colours():
    assert distinct_colours(()) == ()
