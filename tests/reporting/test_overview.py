"""What counts as found, and the picture of it."""

from __future__ import annotations

import matplotlib.image
import numpy as np
import pytest

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps
from napari_xrf_pigments.reporting._page import Panel, Section, round_length
from napari_xrf_pigments.reporting.overview import (
    Found,
    found_elements,
    found_groups,
    found_pigments,
    save_overview,
    undecided_groups,
)

SHAPE = (20, 30)


def elements(**maps):
    counts = np.stack([np.broadcast_to(value, SHAPE) for value in maps.values()]).astype("f4")
    return ElementMaps(tuple(maps), counts, np.full_like(counts, 10.0), (0.5, 0.5))


def pigments(probability, groups=None):
    images = np.stack([np.broadcast_to(value, SHAPE) for value in probability.values()]).astype(
        "f4"
    )
    groups = groups or {"g": 0.0}
    of_groups = np.stack([np.broadcast_to(value, SHAPE) for value in groups.values()]).astype("f4")
    return PigmentMaps(
        tuple(probability), images, images, images, tuple(groups), of_groups, images[0], (0.5, 0.5)
    )


def patch(value, rows=slice(0, 5)):
    image = np.zeros(SHAPE)
    image[rows] = value
    return image


def test_an_element_is_found_where_it_stands_over_its_noise():
    maps = elements(Fe=patch(51), Cu=patch(49), Hg=patch(500, slice(0, 10)))
    assert found_elements(maps) == (Found("Fe", 0.25), Found("Hg", 0.5))


def test_shares_are_of_the_measured_pixels():
    image = patch(0.9)
    image[10:] = np.nan
    assert found_pigments(pigments({"azurite": image})) == (Found("azurite", 0.5),)


def test_pigments_come_by_area_and_specks_do_not_count():
    speck = np.zeros(SHAPE)
    speck[0, 0] = 1
    maps = pigments({"a": patch(0.6), "b": patch(0.9, slice(0, 10)), "c": speck, "d": 0.5})
    assert [entry.name for entry in found_pigments(maps)] == ["b", "a"]


def test_a_scan_without_a_measured_pixel_finds_nothing():
    assert found_pigments(pigments({"a": np.nan})) == ()
    assert found_elements(elements(Fe=np.nan)) == ()


def test_groups_are_judged_by_their_own_probability():
    maps = pigments({"a": 0.4, "b": 0.4}, {"copper": 0.9, "iron": 0.1})
    assert found_groups(maps) == (Found("copper", 1.0),)


def test_a_group_is_undecided_where_no_member_stands_for_most_of_it():
    members = {"copper": ("a", "b"), "alone": ("c",)}
    likely = {"a": patch(0.9, slice(0, 14)), "b": 0.4, "c": 0.1}
    groups = {"copper": 0.9, "alone": 0.9}
    assert [one.name for one in undecided_groups(pigments(likely, groups), members)] == ["copper"]
    likely["a"] = patch(0.9, slice(0, 17))
    assert undecided_groups(pigments(likely, groups), members) == ()


def test_the_picture_is_a_png_and_nothing_else_is_left(tmp_path):
    path = save_overview(
        tmp_path / "new" / "overview.png",
        elements(Fe=patch(51)),
        pigments({"azurite": patch(0.9), "malachite": 0.1}),
        labels={"azurite": "Azurite"},
        colours={"azurite": "#2f6ca8"},
        title="Test",
    )
    assert [entry.name for entry in path.parent.iterdir()] == ["overview.png"]
    assert matplotlib.image.imread(path).shape[1] == 1800


def height(path):
    return matplotlib.image.imread(path).shape[0]


def test_a_group_that_stays_undecided_gets_a_map(tmp_path):
    members = {"copper": ("a", "b")}
    maps = pigments({"a": 0.4, "b": 0.4}, {"copper": 0.9})
    without = save_overview(tmp_path / "without.png", pigments=maps)
    with_group = save_overview(tmp_path / "with.png", pigments=maps, members=members)
    assert height(with_group) > height(without) + 150

    decided = pigments({"a": 0.9, "b": 0.4}, {"copper": 0.9})
    one = save_overview(tmp_path / "one.png", pigments=decided)
    same = save_overview(tmp_path / "same.png", pigments=decided, members=members)
    assert height(one) == height(same)


def test_nothing_found_is_still_a_picture(tmp_path):
    assert save_overview(tmp_path / "a.png", elements(Fe=0.0), pigments({"a": 0.0})).is_file()


def test_no_maps_is_an_error_and_no_file(tmp_path):
    with pytest.raises(ValueError, match="no maps"):
        save_overview(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("longest", "length"), [(1, 1), (1.9, 1), (2, 2), (7, 5), (16, 10), (0.34, 0.2), (999, 500)]
)
def test_scale_bars_have_round_lengths(longest, length):
    assert round_length(longest) == pytest.approx(length)


@pytest.mark.parametrize("shape", [(10, 400), (400, 10), (64, 64)])
def test_a_panel_keeps_the_shape_of_the_painting(shape):
    section = Section("", "", "gray", (Panel("Fe K", np.zeros(shape)),), (0.2, 0.4))
    width, height = section.panel_size
    assert height / width == pytest.approx(shape[0] * 0.2 / (shape[1] * 0.4))
    assert height <= 7.0 + 1e-9
