"""Test names, colours and probabilities as they are displayed."""

import pytest

from napari_xrf_pigments.pigments import display
from napari_xrf_pigments.pigments.catalogue import ambiguity_groups, pigment_catalogue


def test_pigments_have_the_names_of_the_catalogue():
    assert all(display.pigment_title(entry.id) == entry.name for entry in pigment_catalogue())


def test_every_group_has_a_title_and_a_colour():
    for group in ambiguity_groups():
        assert display.group_title(group).endswith("pigments")
        assert len(display.group_colour(group)) == 7


def test_elements_have_different_colours():
    names = ["Hg L", "Pb L", "Cu K", "Fe K", "Mn K", "Ca K", "Zn K", "Ni K", "Cl K", "Rb K"]
    assert len({display.element_colour(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "100 %"), (0.999, "over 99 %"), (0.5, "50 %"), (0.001, "under 1 %"), (0, "0 %")],
)
def test_a_probability_below_one_is_never_shown_as_100_per_cent(value, text):
    assert display.format_probability(value) == text


def test_alternatives_are_words():
    assert display.one_of(("azurite", "malachite", "verdigris")) == (
        "azurite, malachite or verdigris and copper resinate"
    )
    assert display.one_of(("red_lead",)) == "red lead"
    assert display.one_of(("prussian_blue", "umber")) == "Prussian blue or umber"
    assert display.one_of(()) == ""


def test_whites_and_grounds_are_white():
    for name in ("lead_white", "zinc_white", "titanium_white", "chalk", "gypsum", "lithopone"):
        assert display.is_white(display.pigment_colour(name))
    for name in ("silver_leaf", "barium_yellow", "lead_tin_yellow", "vermilion"):
        assert not display.is_white(display.pigment_colour(name))
