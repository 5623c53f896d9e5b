"""Test the detection of elements, pigments and groups."""

from __future__ import annotations

import numpy as np

from napari_xrf_pigments.reporting.detection import (
    Detection,
    Finding,
    detected_elements,
    detected_groups,
    detected_pigments,
    find_pigments,
    unresolved_groups,
)

from .made_maps import SHAPE, elements, patch, pigments


def test_an_element_is_detected_if_it_is_above_its_noise():
    maps = elements(Fe=patch(51), Cu=patch(49), Hg=patch(500, slice(0, 10)))
    assert detected_elements(maps) == (Detection("Fe", 0.25), Detection("Hg", 0.5))


def test_shares_are_of_the_measured_pixels():
    image = patch(0.9)
    image[10:] = np.nan
    assert detected_pigments(pigments({"azurite": image})) == (Detection("azurite", 0.5),)


def test_pigments_are_sorted_by_area_and_single_pixels_are_ignored():
    speck = np.zeros(SHAPE)
    speck[0, 0] = 1
    maps = pigments({"a": patch(0.6), "b": patch(0.9, slice(0, 10)), "c": speck, "d": 0.5})
    assert [entry.name for entry in detected_pigments(maps)] == ["b", "a"]


def test_nothing_is_detected_without_a_measured_pixel():
    assert detected_pigments(pigments({"a": np.nan})) == ()
    assert detected_elements(elements(Fe=np.nan)) == ()


def test_groups_are_detected_by_their_own_probability():
    maps = pigments({"a": 0.4, "b": 0.4}, {"copper": 0.9, "iron": 0.1})
    assert detected_groups(maps) == (Detection("copper", 1.0),)


def test_a_group_is_unresolved_if_no_member_covers_most_of_it():
    members = {"copper": ("a", "b"), "alone": ("c",)}
    likely = {"a": patch(0.9, slice(0, 14)), "b": 0.4, "c": 0.1}
    groups = {"copper": 0.9, "alone": 0.9}
    assert [one.name for one in unresolved_groups(pigments(likely, groups), members)] == ["copper"]
    likely["a"] = patch(0.9, slice(0, 17))
    assert unresolved_groups(pigments(likely, groups), members) == ()


COPPER = {"copper": ("azurite", "malachite", "verdigris")}


def test_pigments_that_rival_each_other_share_one_percentage():
    likely = {"azurite": patch(0.45), "malachite": patch(0.55), "verdigris": 0.05, "smalt": 0.9}
    findings = find_pigments(pigments(likely, {"copper": patch(0.9)}), COPPER)
    assert findings == (
        Finding(("smalt",), None, 1.0),
        Finding(("azurite", "malachite"), "copper", 0.25),
    )


def test_a_pigment_whose_partners_are_unlikely_keeps_its_percentage():
    likely = {"azurite": patch(0.9), "malachite": 0.1, "verdigris": 0.05}
    maps = pigments(likely, {"copper": patch(0.95)})
    assert find_pigments(maps, COPPER) == (Finding(("azurite",), None, 0.25),)


def test_partners_in_different_places_are_apart():
    likely = {"azurite": patch(0.9, slice(0, 10)), "malachite": patch(0.9, slice(10, 20))}
    findings = find_pigments(pigments(likely, {"copper": 0.95}), COPPER)
    assert {finding.pigments for finding in findings} == {("azurite",), ("malachite",)}


def test_a_group_of_which_no_member_is_likely_is_one_entry():
    maps = pigments({"azurite": 0.4, "malachite": 0.4, "verdigris": 0.1}, {"copper": 0.9})
    assert find_pigments(maps, COPPER) == (Finding(COPPER["copper"], "copper", 1.0),)


def test_a_hidden_partner_is_no_rival():
    likely = {"azurite": 0.8}
    maps = pigments(likely, {"copper": 0.9})
    assert find_pigments(maps, COPPER) == (Finding(("azurite",), None, 1.0),)
