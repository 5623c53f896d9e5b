"""Test the findings in plain words."""

from napari_xrf_pigments.pigments.selection import Palette
from napari_xrf_pigments.reporting.composite import items_of
from napari_xrf_pigments.reporting.summary import summary

from .made_maps import patch, pigments


def text(probability, groups):
    maps = pigments(probability, groups)
    return summary(maps, items_of(maps), Palette())


def test_whites_colours_and_alternatives_are_named():
    lower = patch(1.0, slice(10, 20))
    words = text(
        {
            "lead_white": 0.99,
            "vermilion": patch(0.95),
            "azurite": 0.4 * lower,
            "malachite": 0.3 * lower,
        },
        {"lead": 0.99, "mercury": patch(0.95), "copper": 0.9 * lower},
    )
    assert words == (
        "Whites and grounds: lead white (100 % of the area). Colours: a copper pigment (50 % of "
        "the area; azurite or malachite) and vermilion (25 % of the area). Pigments joined by "
        "“or” have the same elements; XRF does not tell them apart."
    )


def test_pigments_that_are_found_together_are_named():
    words = text({"vermilion": patch(0.9), "umber": 0.8}, {"mercury": patch(0.9)})
    assert "Where vermilion is found, umber usually is, too." in words
    assert "Where umber is found" not in words


def test_nothing_is_said_about_nothing():
    assert text({"vermilion": 0.0}, {"mercury": 0.0}) == ""
