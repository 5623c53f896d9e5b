"""Regions drawn on layers as masks of a scan, for layers at any position."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Shapes

from napari_xrf_pigments.plugin.layers.metadata import LayerInfo
from napari_xrf_pigments.plugin.layers.region_masks import (
    ellipse_vertices,
    line_mask,
    polygon_mask,
    regions_of,
)
from napari_xrf_pigments.plugin.state.scan import Scan

from ..synthetic import SHAPE, make_cube


@pytest.fixture
def opened():
    """A viewer model with a scan of 0.5 mm pixels, shifted by (3, 4) mm."""
    viewer = ViewerModel()
    scan = Scan(make_cube(), "scan")
    viewer.add_layer(
        Image(
            np.zeros(SHAPE),
            scale=(0.5, 0.5),
            translate=(3.0, 4.0),
            metadata=LayerInfo("counts", "total", scan=scan).as_metadata(),
        )
    )
    return viewer, scan


def test_a_polygon_contains_the_pixels_with_their_centres_inside():
    corners = np.array([[1.6, 2.6], [1.6, 5.4], [3.4, 5.4], [3.4, 2.6]])
    mask = polygon_mask(corners, (8, 9))
    assert set(zip(*np.nonzero(mask), strict=True)) == {(y, x) for y in (2, 3) for x in (3, 4, 5)}


def test_a_region_smaller_than_a_pixel_has_one_pixel():
    mask = polygon_mask(np.array([[2.1, 3.1], [2.1, 3.2], [2.2, 3.2]]), (8, 9))
    assert np.argwhere(mask).tolist() == [[2, 3]]


def test_parts_outside_the_scan_are_ignored():
    assert not polygon_mask(np.array([[-9.0, -9], [-9, -5], [-5, -5]]), (8, 9)).any()
    assert polygon_mask(np.array([[-9.0, -9], [-9, 90], [90, 90], [90, -9]]), (8, 9)).all()


def test_an_ellipse_has_its_area():
    box = np.array([[10.0, 10], [10, 50], [30, 50], [30, 10]])
    mask = polygon_mask(ellipse_vertices(box), (60, 60))
    assert mask.sum() == pytest.approx(np.pi * 10 * 20, rel=0.03)
    assert not mask[10, 10]


def test_a_line_contains_the_pixels_under_it():
    mask = line_mask(np.array([[0.0, 0.0], [0.0, 4.0], [3.0, 4.0]]), (5, 6))
    assert np.argwhere(mask).tolist() == [
        [0, 0],
        [0, 1],
        [0, 2],
        [0, 3],
        [0, 4],
        [1, 4],
        [2, 4],
        [3, 4],
    ]


def test_shapes_are_measured_at_their_position_in_the_viewer(opened):
    viewer, scan = opened
    corners = np.array([[4.8, 5.8], [4.8, 7.2], [6.2, 7.2], [6.2, 5.8]])  # mm in the world
    viewer.add_layer(Shapes([corners], shape_type="polygon", name="Sky", edge_color="red"))
    (region,) = regions_of(viewer, scan)
    assert (region.name, region.colour) == ("Sky 1", "#ff0000")
    ys, xs = np.nonzero(region.mask)
    assert (ys.min(), ys.max(), xs.min(), xs.max()) == (4, 6, 4, 6)


def test_labels_on_another_grid_are_sampled(opened):
    viewer, scan = opened
    labels = np.zeros((12, 18), dtype=int)
    labels[2:4, 5:7] = 3
    layer = Labels(labels, scale=(1.0, 1.0), translate=(3.25, 4.25), name="Known")
    viewer.add_layer(layer)
    (region,) = regions_of(viewer, scan)
    assert region.name == "Known 3"
    expected = np.zeros(SHAPE, dtype=bool)
    expected[4:8, 10:14] = True
    assert np.array_equal(region.mask, expected)


def test_hidden_layers_and_other_scans_have_no_regions(opened):
    viewer, scan = opened
    viewer.add_layer(Shapes([np.array([[4.0, 5], [4, 7], [6, 7]])], shape_type="polygon"))
    viewer.layers[-1].visible = False
    assert regions_of(viewer, scan) == []
    viewer.layers[-1].visible = True
    assert len(regions_of(viewer, scan)) == 1
    assert regions_of(viewer, Scan(make_cube(), "elsewhere")) == []


def test_the_map_of_agreement_is_no_region(opened):
    viewer, scan = opened
    labels = np.ones(SHAPE, np.uint8)
    info = LayerInfo("agreement", "vermilion", scan=scan)
    viewer.add_layer(Labels(labels, metadata=info.as_metadata()))
    assert regions_of(viewer, scan) == []
    viewer.add_layer(Labels(labels, name="drawn"))
    assert [region.name for region in regions_of(viewer, scan)] == ["drawn 1"]
