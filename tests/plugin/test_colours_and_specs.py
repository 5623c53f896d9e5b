"""Which maps get a layer, in which colours."""

import numpy as np
import pytest

from napari_xrf_pigments.plugin import colours
from napari_xrf_pigments.plugin.found import found_rows
from napari_xrf_pigments.plugin.results import ElementResults, PigmentResults
from napari_xrf_pigments.plugin.specs import element_specs, limits_of, pigment_specs
from napari_xrf_pigments.simulation.catalogue import ambiguity_groups, pigment_catalogue

from .synthetic import GROUPS, LINES, PIGMENTS, SHAPE, FakeTiles


@pytest.fixture
def results():
    results = PigmentResults(SHAPE, PIGMENTS, GROUPS)
    for tile in FakeTiles().pigments(None, "cpu"):
        results.add(tile)
    return results


@pytest.mark.parametrize("entry", pigment_catalogue(), ids=lambda entry: entry.id)
def test_every_pigment_shows_on_black_in_its_own_hue(entry):
    colormap = colours.over_threshold(entry.hex, 0.5)
    clear, seen = colormap.map(np.array([0.49, 1.0]))
    assert clear[3] == 0
    assert seen[3] == 1
    assert seen[:3].max() >= 0.4
    assert colours.pigment_title(entry.id) == entry.name


def test_every_group_has_a_title_and_a_colour():
    for group in ambiguity_groups():
        assert colours.group_title(group).endswith("pigments")
        assert len(colours.group_colour(group)) == 7


@pytest.mark.parametrize("name", ["lead_white", "chalk", "zinc_white", "silver_leaf"])
def test_whites_and_greys_are_pale(name):
    assert colours.is_pale(colours.pigment_colour(name))


@pytest.mark.parametrize("name", ["vermilion", "azurite", "prussian_blue", "naples_yellow"])
def test_colours_are_not_pale(name):
    assert not colours.is_pale(colours.pigment_colour(name))


def test_a_group_of_whites_is_pale():
    assert colours.is_pale(colours.group_colour("calcium"))


def test_elements_have_different_colours():
    names = ["Hg L", "Pb L", "Cu K", "Fe K", "Mn K", "Ca K", "Zn K", "Ni K", "Cl K", "Rb K"]
    assert len({colours.element_colour(name) for name in names}) == len(names)


def test_what_is_not_found_gets_no_layer(results):
    names = {spec.name for spec in pigment_specs(results, 0.5, "probability")}
    assert names == {"lead_white", "vermilion", "copper"}


def test_a_group_is_shown_where_its_members_are_not_told_apart(results):
    (group,) = [s for s in pigment_specs(results, 0.5, "probability") if s.kind == "group"]
    assert group.title == "Copper pigments"
    assert group.visible
    # With a threshold that azurite passes, the group says nothing more than azurite does.
    kinds = {(s.kind, s.name) for s in pigment_specs(results, 0.38, "probability")}
    assert ("pigment", "azurite") in kinds
    assert ("group", "copper") not in kinds


def test_a_group_that_is_shown_hides_its_members(results):
    results.probability[2, :3] = 0.9  # azurite, in a few rows
    visible = {s.name: s.visible for s in pigment_specs(results, 0.5, "probability")}
    assert visible["copper"]
    assert visible["azurite"] is False


def test_whites_start_hidden(results):
    visible = {spec.name: spec.visible for spec in pigment_specs(results, 0.5, "probability")}
    assert not visible["lead_white"]
    assert visible["vermilion"]


def test_below_shows_the_hidden_layer_only(results):
    assert [spec.name for spec in pigment_specs(results, 0.5, "below")] == ["vermilion"]


def test_rows_list_everything_once_most_widespread_first(results):
    rows = found_rows(results, 0.5, "probability")
    assert [row.name for row in rows] == ["lead_white", "vermilion", "copper", "bone_black"]
    copper = rows[2]
    assert {member.name for member in copper.members} == {"azurite", "malachite"}
    assert copper.found
    assert not any(member.found for member in copper.members)
    assert not rows[3].found


def test_only_the_most_varied_element_starts_visible():
    results = ElementResults(SHAPE, tuple(LINES))
    for tile in FakeTiles().elements(None, tuple(LINES)):
        results.add(tile)
    specs = element_specs(results)
    assert [spec.visible for spec in specs] == [False, True, False]
    assert specs[0].limits == pytest.approx((0, 1000))


def test_limits_never_collapse_or_fail():
    empty = np.full((4, 4), np.nan, dtype=np.float32)
    assert limits_of(empty) == (0.0, 1.0)
    low, high = limits_of(np.full((4, 4), 7.0, dtype=np.float32))
    assert high > low
