"""Thumbnails of hidden maps."""

import numpy as np
from napari.layers import Image
from napari.utils import Colormap

from napari_xrf_pigments.plugin.layers.thumbnails import draw_thumbnail


def test_the_thumbnail_of_a_hidden_map_shows_its_colours():
    data = np.zeros((100, 60), np.float32)
    data[:, 30:] = 1.0
    red = Colormap([[0, 0, 0, 1], [1, 0, 0, 1]], name="to red")
    layer = Image(data, visible=False, colormap=red, contrast_limits=(0, 1))
    assert not layer.thumbnail[..., :3].any()
    draw_thumbnail(layer)
    drawn = layer.thumbnail[..., :3].reshape(-1, 3)
    assert {tuple(colour) for colour in drawn.tolist()} == {(0, 0, 0), (255, 0, 0)}


def test_pixels_that_are_not_mapped_stay_black():
    layer = Image(np.full((5, 5), np.nan, np.float32), visible=False, contrast_limits=(0, 1))
    draw_thumbnail(layer)
    assert not layer.thumbnail[..., :3].any()


def test_a_hidden_colour_picture_has_a_thumbnail():
    layer = Image(np.full((40, 80, 3), 200, np.uint8), visible=False, rgb=True)
    draw_thumbnail(layer)
    assert (layer.thumbnail[..., :3] == 200).any()
