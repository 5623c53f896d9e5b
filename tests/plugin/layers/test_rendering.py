"""Layers rendered as images: colours, position, values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Image, Labels, Points

from napari_xrf_pigments.plugin.layers.metadata import LayerInfo
from napari_xrf_pigments.plugin.layers.rendering import (
    data_and_matrix,
    is_flat_image,
    render_layer,
    value_text,
)

MAP = np.arange(12.0).reshape(3, 4)


def test_values_have_the_colours_of_their_layer():
    layer = Image(MAP, colormap="red", contrast_limits=(0, 11), name="Fe K")
    picture = render_layer(layer)
    assert picture.name == "Fe K"
    assert picture.pixels.shape == (3, 4, 4)
    assert (picture.pixels[..., 0] == np.rint(MAP * 255 / 11)).all()
    assert not picture.pixels[..., 1].any()
    assert (picture.pixels[..., 3] == 255).all()


def test_nan_is_transparent_and_values_are_clipped_to_the_limits():
    values = MAP.copy()
    values[0, 0] = np.nan
    layer = Image(values, colormap="gray", contrast_limits=(3, 6))
    pixels = render_layer(layer).pixels
    assert not pixels[0, 0].any()
    assert (pixels[0, 1] == (0, 0, 0, 255)).all()
    assert (pixels[2, 3] == 255).all()


def test_gamma_is_applied():
    layer = Image(MAP, colormap="gray", contrast_limits=(0, 11), gamma=2.0)
    assert render_layer(layer).pixels[1, 2, 0] == pytest.approx(255 * (6 / 11) ** 2, abs=2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [3, 4])
def test_colours_become_bytes(dtype, channels):
    full = 1 if dtype == np.float32 else np.iinfo(dtype).max
    data = np.full((3, 4, channels), full, dtype)
    data[1, 1, 0] = 0
    pixels = render_layer(Image(data, rgb=True)).pixels
    assert pixels.dtype == np.uint8
    assert (pixels[0, 0] == 255).all()
    assert pixels[1, 1, 0] == 0


def test_labels_have_their_colours_and_are_transparent_elsewhere():
    layer = Labels(np.array([[0, 1], [2, 1]]))
    pixels = render_layer(layer).pixels
    assert pixels[0, 0, 3] == 0
    assert (pixels[0, 1] == pixels[1, 1]).all()
    assert (pixels[0, 1] == np.round(np.asarray(layer.get_color(1)) * 255)).all() or np.allclose(
        pixels[0, 1], np.asarray(layer.get_color(1)) * 255, atol=1
    )


@given(st.floats(-180, 180), st.floats(0.1, 5), st.floats(-50, 50))
def test_the_matrix_agrees_with_the_transform_of_napari(angle, scale, move):
    layer = Image(MAP, rotate=angle, scale=(scale, 2 * scale), translate=(move, -move))
    _, matrix = data_and_matrix(layer)
    assert np.allclose((matrix @ [2, 3, 1])[:2], layer.data_to_world((2, 3)))
    corners = render_layer(layer).corners
    assert np.allclose(corners[0], layer.data_to_world((-0.5, -0.5)))
    assert np.allclose(corners[3], layer.data_to_world((2.5, 3.5)))


def test_a_huge_image_is_subsampled_and_keeps_its_position():
    layer = Image(np.arange(40 * 40.0).reshape(40, 40), scale=(0.5, 0.5))
    picture = render_layer(layer, at_most=100)
    assert picture.pixels.shape[:2] == (10, 10)
    assert np.allclose((picture.matrix @ [3, 2, 1])[:2], layer.data_to_world((12, 8)))


def test_values_are_formatted():
    values = MAP.copy()
    values[0, 0] = np.nan
    layer = Image(values, scale=(2, 2), translate=(10, 0))
    assert value_text(layer, (14, 6)) == "11"
    assert value_text(layer, (10, 0)) == "no value"
    assert value_text(layer, (0, 0)) == ""
    colours = Image(np.full((3, 4, 3), 7, np.uint8), rgb=True)
    assert value_text(colours, (1, 1)) == "rgb 7 7 7"


def test_only_two_dimensional_layers_can_be_shown():
    assert is_flat_image(Image(MAP))
    assert is_flat_image(Image(np.zeros((5, 6, 3), np.uint8), rgb=True))
    assert is_flat_image(Labels(MAP.astype(int)))
    assert not is_flat_image(Image(np.zeros((4, 5, 6))))
    assert not is_flat_image(Points(np.zeros((1, 2))))


def test_probabilities_are_formatted_in_percent():
    probability = np.array([[0.00005, 0.5], [0.998, np.nan]])
    layer = Image(probability, metadata=LayerInfo("pigment", "Vermilion").as_metadata())
    texts = [value_text(layer, (y, x)) for y in (0, 1) for x in (0, 1)]
    assert texts == ["under 1 %", "50 %", "over 99 %", "no value"]
