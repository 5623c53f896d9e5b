"""Test the composite of pigment maps: which item leads, its colour and brightness."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_xrf_pigments.pigments import display
from napari_xrf_pigments.pigments.distinct_colours import difference
from napari_xrf_pigments.pigments.selection import Palette
from napari_xrf_pigments.reporting.composite import (
    Amount,
    composite,
    items_of,
    select_items,
    to_oklab,
)

from .made_maps import SHAPE, patch, pigments

PALETTE = Palette()


def make_maps(signal=None, sigma=None):
    """Make vermilion in the upper rows, an unresolved copper pigment in the lower half, white."""
    lower = patch(1.0, slice(10, 20))
    maps = pigments(
        {
            "vermilion": patch(0.95),
            "azurite": 0.4 * lower,
            "malachite": 0.35 * lower,
            "lead_white": 0.99,
        },
        {"mercury": patch(0.95), "copper": 0.9 * lower, "lead": 0.99},
    )
    if signal is None:
        return maps
    counts = np.stack([np.broadcast_to(signal.get(name, 0.0), SHAPE) for name in maps.groups])
    noise = np.full_like(counts, 1.0) if sigma is None else sigma
    return replace(maps, signal=counts.astype("f4"), signal_sigma=noise.astype("f4"))


def draw(maps, **options):
    items = items_of(maps, PALETTE)
    amounts = [Amount(maps, item, PALETTE) for item in items]
    return items, composite(amounts, items, SHAPE, **options)


def rgb(colour):
    return np.round(255 * np.array(display.hex_to_rgb(colour)))


def test_a_group_stands_for_members_that_cannot_be_told_apart():
    items = {item.name: item for item in items_of(make_maps(), PALETTE)}
    assert set(items) == {"lead_white", "copper", "vermilion"}
    assert items["copper"].members == ("azurite", "malachite")
    assert items["copper"].share == pytest.approx(0.5)


def test_a_member_that_explains_its_group_stands_for_itself():
    items = select_items({"azurite": 0.5, "malachite": 0.1}, {"copper": 0.5}, PALETTE)
    assert [item.name for item in items] == ["azurite", "malachite"]


def test_hidden_pigments_are_not_items_but_kept_ones_are():
    shares, groups = {"azurite": 0.5, "zinc_white": 0.0}, {"copper": 0.5, "zinc": 0.0}
    assert select_items(shares, groups, PALETTE.excluding("azurite")) == ()
    kept = select_items(shares, groups, PALETTE.adding("zinc_white"))
    assert [item.name for item in kept] == ["azurite", "zinc_white"]


def test_each_area_has_the_colour_of_its_pigment_in_the_legend():
    items, image = draw(make_maps())
    colours = {item.name: rgb(item.colour) for item in items}
    assert image[2, 5, :3] == pytest.approx(colours["vermilion"], abs=12)
    assert image[15, 5, :3] == pytest.approx(colours["copper"], abs=20)
    assert image[7, 5, :3] == pytest.approx(colours["lead_white"], abs=12)


def test_whites_compete_if_the_user_wants():
    maps = make_maps()
    half = np.array(maps.group_probability)
    half[1] *= 0.6
    maps = replace(maps, group_probability=half)
    items, image = draw(maps, ground_last=False)
    white = next(rgb(item.colour) for item in items if item.name == "lead_white")
    assert image[15, 5, :3] == pytest.approx(white, abs=12)


def test_pixels_that_were_not_measured_are_transparent():
    maps = make_maps()
    for field in ("probability", "group_probability"):
        images = np.array(getattr(maps, field))
        images[:, 0, 0] = np.nan
        maps = replace(maps, **{field: images})
    _, image = draw(maps)
    assert image[0, 0, 3] == 0
    assert (image[1:, :, 3] == 255).all()


def test_without_pigments_the_composite_is_transparent():
    assert not composite([], [], SHAPE).any()


def test_brightness_follows_the_signal():
    counts = np.linspace(100, 1000, SHAPE[1])[None] * np.ones(SHAPE)
    maps = make_maps({"mercury": counts, "lead": 0.0})
    (item,) = (item for item in items_of(maps, PALETTE) if item.name == "vermilion")
    amount = Amount(maps, item, PALETTE)
    assert amount.measures_signal
    assert amount.image[2] == pytest.approx(counts[2], rel=1e-5)
    assert amount.brightest == pytest.approx(1000, rel=0.05)
    assert not amount.image[8].any()
    _, image = draw(maps)
    lightness = to_oklab(image[2, :, :3] / 255)[:, 0]
    assert (np.diff(lightness) > -0.01).all()
    assert lightness[-1] > lightness[0] + 0.15


def test_insignificant_signal_fades():
    maps = make_maps({"mercury": 100.0})
    (item,) = (item for item in items_of(maps, PALETTE) if item.name == "vermilion")
    noise = np.ones((3, *SHAPE))
    noise[0, :, 10:] = 50.0
    faded = Amount(replace(maps, signal_sigma=noise.astype("f4")), item, PALETTE).image
    assert faded[2, 5] == pytest.approx(100)
    assert faded[2, 20] == pytest.approx(100 * 2 / 5)


def test_little_signal_fades_by_the_share_that_the_user_sets():
    counts = np.full(SHAPE, 1000.0)
    counts[:, :10] = 100.0
    maps = make_maps({"mercury": counts})
    (item,) = (item for item in items_of(maps, PALETTE) if item.name == "vermilion")
    assert Amount(maps, item, PALETTE, fade=0.05).image[2, 2] == pytest.approx(100)
    assert Amount(maps, item, PALETTE, fade=0.2).image[2, 2] == pytest.approx(50, rel=0.01)


def test_a_member_has_its_part_of_the_signal_of_its_group():
    maps = make_maps({"copper": 90.0})
    items = items_of(maps, Palette(added=frozenset({"azurite"}), thresholds={"azurite": 0.3}))
    (azurite,) = (item for item in items if item.name == "azurite")
    amount = Amount(maps, azurite, Palette(thresholds={"azurite": 0.3}))
    assert amount.image[15, 5] == pytest.approx(90 * 0.4 / 0.9)


def test_a_group_without_a_line_on_the_axis_shows_its_probability():
    maps = make_maps({"mercury": np.nan})
    (item,) = (item for item in items_of(maps, PALETTE) if item.name == "vermilion")
    amount = Amount(maps, item, PALETTE)
    assert not amount.measures_signal
    assert amount.image[2, 5] == pytest.approx(0.95)


def test_equal_amounts_are_mixed_and_others_are_not():
    maps = pigments(
        {"vermilion": 1.0, "azurite": patch(1.0) + patch(0.6, slice(10, 20))},
        {"mercury": 1.0, "copper": 1.0},
    )
    items, image = draw(maps)
    red, blue = (next(i.colour for i in items if i.name == n) for n in ("vermilion", "azurite"))
    assert image[15, 5, :3] == pytest.approx(rgb(red), abs=3)
    mixed = display.rgb_to_hex(tuple(image[2, 5, :3] / 255))
    assert difference(mixed, red) > 10
    assert difference(mixed, blue) > 10
    # Additive light would be brighter than either.
    lightness = [to_oklab(np.array(display.hex_to_rgb(c)))[0] for c in (red, blue, mixed)]
    assert lightness[2] <= max(lightness[:2]) + 0.01


def test_items_beyond_the_distinct_colours_are_hatched():
    names = [name for ids in map(display.group_members, GROUPS) for name in ids[:1]]
    items = select_items({name: 0.5 for name in names}, {}, PALETTE)
    assert [item.hatched for item in items] == [False] * 12 + [True] * (len(names) - 12)
    maps = pigments({name: 1.0 * (name == items[-1].name) for name in names})
    image = composite([Amount(maps, item, PALETTE) for item in items], items, SHAPE)
    assert len(np.unique(image.reshape(-1, 4), axis=0)) == 2


GROUPS = (
    "lead", "zinc", "titanium", "barium", "calcium", "mercury", "iron", "cadmium", "arsenic",
    "tin", "cobalt", "copper", "chromium", "gold", "silver",
)  # fmt: skip
