"""Test the legend of a composite."""

from dataclasses import replace

import numpy as np
import pytest

from napari_xrf_pigments.pigments.selection import Palette
from napari_xrf_pigments.reporting.composite import select_items
from napari_xrf_pigments.reporting.legend import draw_legend, format_share

PIGMENTS = {"vermilion": 0.2, "azurite": 0.1, "malachite": 0.1}
ITEMS = select_items(PIGMENTS, {"mercury": 0.2, "copper": 0.5}, Palette())


def colours(image):
    return {tuple(colour) for colour in image[image[..., 3] == 255][:, :3]}


def test_the_legend_has_the_colour_of_each_item_and_nothing_behind_the_text():
    image = draw_legend(ITEMS)
    for item in ITEMS:
        assert tuple(int(item.colour[i : i + 2], 16) for i in (1, 3, 5)) in colours(image)
    assert (image[..., 3] == 0).mean() > 0.5


def test_groups_have_a_line_for_their_members():
    one = draw_legend(ITEMS[1:]).shape[0]
    assert draw_legend(ITEMS[:1]).shape[0] > one
    assert draw_legend(ITEMS[1:], heading="share").shape[0] == 2 * one


def test_text_has_the_colour_of_the_ink():
    assert (255, 0, 0) in colours(draw_legend(ITEMS, ink="#ff0000"))


def test_a_hatched_item_looks_different():
    plain = draw_legend(ITEMS[1:])
    assert (draw_legend([replace(ITEMS[1], hatched=True)]) != plain).any()


def test_lines_scale():
    small, large = (np.array(draw_legend(ITEMS, line).shape[:2]) for line in (20, 40))
    assert large / small == pytest.approx([2, 2], rel=0.1)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "-"), (0.0004, "< 0.1 %"), (0.003, "0.3 %"), (0.0996, "10 %"), (1, "100 %")],
)
def test_shares_are_short(share, text):
    assert format_share(share) == text
